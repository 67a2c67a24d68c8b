# The cluster's agent writes here, one JSON object a line, as the service prints it.
resource "azurerm_log_analytics_workspace" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  sku                 = "PerGB2018"
  retention_in_days   = var.log_retention_days

  # Entra alone says who writes and who reads.
  local_authentication_enabled = false

  lifecycle {
    prevent_destroy = true
  }
}

# The service level is watched by Prometheus; this alarm takes another path and still rings when that one is down.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "errors" {
  name                    = "${var.name}-errors"
  display_name            = "${var.name}-errors"
  description             = "${var.name} logs more than ${var.error_log_threshold} errors in five minutes. Runbook: ${var.runbook_url}"
  resource_group_name     = var.resource_group_name
  location                = var.location
  tags                    = var.tags
  scopes                  = [azurerm_log_analytics_workspace.this.id]
  severity                = 2
  evaluation_frequency    = "PT5M"
  window_duration         = "PT5M"
  auto_mitigation_enabled = true

  # The first line that arrives makes the table.
  skip_query_validation = true

  criteria {
    query                   = "ContainerLogV2 | where PodNamespace == \"${var.name}\" and \"error\" in~ (tostring(LogMessage.level), tostring(LogMessage[\"log.level\"]))"
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = var.error_log_threshold

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 3
      number_of_evaluation_periods             = 3
    }
  }

  action {
    action_groups     = [var.action_group_id]
    custom_properties = { service = var.service }
  }
}
