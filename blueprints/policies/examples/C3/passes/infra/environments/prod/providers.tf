provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      service     = "payments-api"
      team        = "payments"
      environment = "prod"
      cost-center = "cc-4711"
    }
  }
}
