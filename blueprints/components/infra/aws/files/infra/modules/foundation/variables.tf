variable "account_id" {
  description = "AWS account that holds the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Use the account's id of 12 digits."
  }
}

variable "alert_emails" {
  description = "Addresses that alarms and the budget notify."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.alert_emails) > 0
    error_message = "Name at least one address: an alarm that nobody hears is none."
  }

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", email))])
    error_message = "Use e-mail addresses."
  }
}

variable "apply_subjects" {
  description = "Subjects of the CI's tokens that may apply: complete and exact, no patterns."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.apply_subjects) > 0 && alltrue([for subject in var.apply_subjects : can(regex("^[A-Za-z0-9_./:@-]+$", subject))])
    error_message = "Name at least one subject, without wildcards: a pattern would let other repositories or branches in."
  }
}

variable "cluster_name" {
  description = "EKS cluster that runs the environment's workload."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "Use the cluster's name: at most 100 letters, digits, hyphens and underscores."
  }
}

variable "name" {
  description = "Flat name of service and environment, from the naming module."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,52}$", var.name))
    error_message = "Use the naming module's output `name`."
  }
}

variable "oidc" {
  description = "The CI's identity provider in this account: its ARN, its issuer without https://, and the audience of its tokens."
  nullable    = false

  type = object({
    audience     = string
    issuer       = string
    provider_arn = string
  })

  validation {
    condition     = can(regex("^[a-z0-9.-]+(/[A-Za-z0-9._/-]+)?$", var.oidc.issuer))
    error_message = "Use the issuer's host and path, without https://."
  }
}

variable "path" {
  description = "Service and environment as a path, from the naming module."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*/[a-z][a-z0-9]*$", var.path))
    error_message = "Use the naming module's output `path`."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy with which your organisation bounds the CI's own roles, if it has one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.permissions_boundary_arn))
    error_message = "Use the ARN of an IAM policy of this account."
  }
}

variable "plan_subjects" {
  description = "Subjects of the CI's tokens that may read and plan: complete and exact, no patterns."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.plan_subjects) > 0 && alltrue([for subject in var.plan_subjects : can(regex("^[A-Za-z0-9_./:@-]+$", subject))])
    error_message = "Name at least one subject, without wildcards: a pattern would let other repositories or branches in."
  }
}

variable "state" {
  description = "Where the environment's state is: ARN of the bucket, ARN of the key that encrypts it."
  nullable    = false

  type = object({
    bucket_arn  = string
    kms_key_arn = string
  })
}
