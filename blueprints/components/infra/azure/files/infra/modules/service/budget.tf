# Counts what stands in the environment's resource group.
resource "azurerm_consumption_budget_resource_group" "this" {
  name              = var.name
  resource_group_id = local.resource_group_id
  amount            = var.monthly_budget
  time_grain        = "Monthly"

  # A budget begins with the month in which it is made.
  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  # Early enough to act: the month is going to end at 80 % or more.
  notification {
    threshold_type = "Forecasted"
    operator       = "GreaterThan"
    threshold      = 80
    contact_groups = [var.action_group_id]
  }

  notification {
    threshold_type = "Actual"
    operator       = "GreaterThan"
    threshold      = 100
    contact_groups = [var.action_group_id]
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
