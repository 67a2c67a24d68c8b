output "budget_name" {
  description = "Name of the monthly budget."
  value       = google_billing_budget.this.display_name
}

output "log_bucket_name" {
  description = "Log bucket that the platform's log sink writes to."
  value       = google_logging_project_bucket_config.this.bucket_id
}

output "secret_ids" {
  description = "Ids of the secrets' containers, by name."
  value       = { for name, secret in google_secret_manager_secret.this : name => secret.secret_id }
}
