output "budget_name" {
  description = "Name of the monthly budget."
  value       = aws_budgets_budget.this.name
}

output "log_group_name" {
  description = "Log group that the platform's log shipper writes to."
  value       = aws_cloudwatch_log_group.this.name
}

output "secret_arns" {
  description = "ARNs of the secrets' containers, by name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "workload_role_arn" {
  description = "Role that the workload's pods run with."
  value       = aws_iam_role.workload.arn
}
