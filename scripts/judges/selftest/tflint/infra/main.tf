variable "unused" {
  type        = string
  description = "Nobody reads it"
}

terraform {
  required_version = ">= 1.11"
}
