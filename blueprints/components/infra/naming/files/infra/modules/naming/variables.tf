variable "cost_center" {
  description = "Cost centre that pays for the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$", var.cost_center)) && length(var.cost_center) <= 40
    error_message = "Use at most 40 letters, digits, dots, hyphens and underscores, starting and ending with a letter or digit."
  }
}

variable "environment" {
  description = "Environment that the names are for."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "Use 2 to 12 lower-case letters and digits, starting with a letter."
  }
}

variable "service" {
  description = "Name of the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.service))
    error_message = "Use lower-case letters, digits and single hyphens, starting with a letter."
  }

  validation {
    condition     = length(var.service) >= 3 && length(var.service) <= 40
    error_message = "Use 3 to 40 characters: with environment and suffix the name has to fit into 63."
  }
}

variable "system" {
  description = "Product or domain that the service is a part of."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.system)) && length(var.system) <= 40
    error_message = "Use at most 40 lower-case letters, digits and single hyphens, starting with a letter."
  }
}

variable "team" {
  description = "Team that owns the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.team)) && length(var.team) <= 40
    error_message = "Use at most 40 lower-case letters, digits and single hyphens, starting with a letter."
  }
}
