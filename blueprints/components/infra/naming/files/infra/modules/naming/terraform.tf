# No providers: this module computes names, so that it can be tested without a network.
terraform {
  required_version = ">= 1.11, < 2.0"
}
