# What an environment needs before Terraform can run in its pipeline, and what must outlive it: the key, the channel for
# alerts, what the pods may do and the two accounts of the CI. A human applies it, from infra/bootstrap. All rights are granted
# here: in Google Cloud a right to grant can hardly be bounded, so no account of the pipeline has one.

locals {
  # A name of this environment that every account's id has room for: 12 characters of 30.
  short = substr(sha1(var.name), 0, 12)
}
