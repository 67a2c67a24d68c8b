variable "account_id" {
  description = "AWS account that holds the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Use the account's id of 12 digits."
  }
}

variable "alert_topic_arn" {
  description = "SNS topic that alarms and the budget notify."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alert_topic_arn))
    error_message = "Use the ARN of an SNS topic."
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

variable "error_log_threshold" {
  description = "Error lines in five minutes, three times in a row, that raise the alarm."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.error_log_threshold >= 1 && floor(var.error_log_threshold) == var.error_log_threshold
    error_message = "Use a whole number of at least 1."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts logs and secrets."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", var.kms_key_arn))
    error_message = "Use the ARN of a KMS key, not of an alias."
  }
}

variable "log_retention_days" {
  description = "Days that log lines are kept. A year by default: storing one costs about a seventh of having written it."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827], var.log_retention_days)
    error_message = "Use a period that CloudWatch knows, from 30 days to 5 years: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096 or 1827."
  }
}

variable "monthly_budget_usd" {
  description = "What the service may cost in this account in a month, in US dollars."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "Use an amount above 0."
  }
}

variable "name" {
  description = "Flat name of service and environment, from the naming module. It is the Kubernetes namespace, too."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,52}$", var.name))
    error_message = "Use the naming module's output `name`."
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
  description = "Policy that bounds what the workload's role can ever be allowed. The CI may not create the role without it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.permissions_boundary_arn))
    error_message = "Use the ARN of an IAM policy of this account."
  }
}

variable "runbook_url" {
  description = "Runbook that the alarms link to."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.runbook_url, "https://")
    error_message = "Use an https:// address."
  }
}

variable "secrets" {
  description = "Secrets that the workload reads: name => what it is. Only the container is made here, never the value."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z][a-z0-9-]{1,62}$", name))])
    error_message = "Name secrets with 2 to 63 lower-case letters, digits and hyphens, starting with a letter."
  }

  validation {
    condition     = alltrue([for description in values(var.secrets) : length(trimspace(description)) > 0])
    error_message = "Say of each secret what it is: whoever rotates it has to know."
  }
}

variable "service" {
  description = "Name of the service, of its Kubernetes service account and of its cost tag."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.service))
    error_message = "Use lower-case letters, digits and hyphens, starting with a letter."
  }
}
