terraform {
  backend "s3" {
    bucket       = "acme-tfstate"
    key          = "payments-api/prod/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
  }
}
