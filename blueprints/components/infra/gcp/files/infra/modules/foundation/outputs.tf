output "apply_service_account" {
  description = "Account with which the pipeline applies an approved plan."
  value       = google_service_account.apply.email
}

output "kms_key_id" {
  description = "Key of the environment's logs and secrets."
  value       = google_kms_crypto_key.this.id
}

output "notification_channel" {
  description = "Channel that alarms and the budget notify."
  value       = google_monitoring_notification_channel.alerts.name
}

output "plan_service_account" {
  description = "Account with which the pipeline reads and plans."
  value       = google_service_account.plan.email
}

output "workload_principal" {
  description = "Identity of the workload's pods."
  value       = local.workload
}
