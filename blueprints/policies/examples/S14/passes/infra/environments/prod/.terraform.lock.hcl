provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.20.0"
  constraints = ">= 6.0.0, < 7.0.0"
}
