output "alert_topic_arns" {
  description = "Topics that alarms and budgets publish to, by environment."
  value       = { for environment, foundation in module.foundation : environment => foundation.alert_topic_arn }
}

output "apply_role_arns" {
  description = "Roles with which the pipeline applies approved plans, by environment."
  value       = { for environment, foundation in module.foundation : environment => foundation.apply_role_arn }
}

output "plan_role_arns" {
  description = "Roles with which the pipeline reads and plans, by environment."
  value       = { for environment, foundation in module.foundation : environment => foundation.plan_role_arn }
}

output "state_bucket" {
  description = "Bucket that keeps the state of the account's environments."
  value       = aws_s3_bucket.state.id
}
