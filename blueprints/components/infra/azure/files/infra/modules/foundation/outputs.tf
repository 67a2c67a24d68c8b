output "action_group_id" {
  description = "Action group that alarms and the budget notify."
  value       = azurerm_monitor_action_group.alerts.id
}

output "apply_client_id" {
  description = "Identity with which the pipeline applies an approved plan."
  value       = azurerm_user_assigned_identity.apply.client_id
}

output "key_vault_uri" {
  description = "Vault of the environment's secrets."
  value       = azurerm_key_vault.this.vault_uri
}

output "plan_client_id" {
  description = "Identity with which the pipeline reads and plans."
  value       = azurerm_user_assigned_identity.plan.client_id
}

output "workload_client_id" {
  description = "Identity of the workload's pods."
  value       = azurerm_user_assigned_identity.workload.client_id
}
