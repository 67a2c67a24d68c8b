locals {
  # Flat name, for whatever has one name space: roles, alarms, budgets, the Kubernetes namespace.
  name = "${var.service}-${var.environment}"

  # The same as a path, for whatever is a hierarchy: secrets, log groups, state keys.
  path = "${var.service}/${var.environment}"

  # The same values as in the labels on the Kubernetes objects, where `service` is app.kubernetes.io/name and `system` is
  # app.kubernetes.io/part-of: one query finds both.
  tags = {
    cost-center = var.cost_center
    environment = var.environment
    service     = var.service
    system      = var.system
    team        = var.team
  }

  # What Google Cloud takes for the value of a label: lower case, and nothing but letters, digits, hyphens and underscores.
  labels = { for key, value in local.tags : key => replace(lower(value), "/[^a-z0-9_-]/", "-") }
}
