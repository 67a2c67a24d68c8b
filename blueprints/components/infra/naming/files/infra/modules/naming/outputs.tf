output "labels" {
  description = "The tags as labels of Google Cloud, which take neither capitals nor dots."
  value       = local.labels
}

output "name" {
  description = "Flat name: <service>-<environment>. At most 53 characters, so ten are left for a suffix."
  value       = local.name
}

output "path" {
  description = "Hierarchical name: <service>/<environment>, without leading or trailing slash."
  value       = local.path
}

output "tags" {
  description = "Tags that everything carries: cost-center, environment, service, system, team."
  value       = local.tags
}
