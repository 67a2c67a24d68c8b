output "alert_topic_arn" {
  description = "Topic that alarms and the budget publish to."
  value       = aws_sns_topic.alerts.arn
}

output "apply_role_arn" {
  description = "Role with which the pipeline applies an approved plan."
  value       = aws_iam_role.apply.arn
}

output "kms_key_arn" {
  description = "Key of the environment's logs, secrets and alerts."
  value       = aws_kms_key.this.arn
}

output "permissions_boundary_arn" {
  description = "Policy that bounds the workload's role."
  value       = aws_iam_policy.boundary.arn
}

output "plan_role_arn" {
  description = "Role with which the pipeline reads and plans."
  value       = aws_iam_role.plan.arn
}
