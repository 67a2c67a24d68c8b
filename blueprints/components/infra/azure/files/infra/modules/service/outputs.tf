output "budget_name" {
  description = "Name of the monthly budget."
  value       = azurerm_consumption_budget_resource_group.this.name
}

output "log_workspace_name" {
  description = "Workspace that the cluster's agent writes to."
  value       = azurerm_log_analytics_workspace.this.name
}

# Azure has no container for a single secret. It is made with its first value, by whoever issues that; the vault and the pods'
# right to read it are there already, see infra/modules/foundation.
output "secret_ids" {
  description = "Addresses of the secrets, by name."
  value       = { for name in keys(var.secrets) : name => "${var.key_vault_uri}secrets/${name}" }
}
