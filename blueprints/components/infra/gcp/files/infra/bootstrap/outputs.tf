output "ci" {
  description = "Who the pipeline is, by environment: lines of infra/environments/<environment>/ci.hcl."

  value = {
    for environment, foundation in module.foundation : environment => {
      apply_service_account      = foundation.apply_service_account
      plan_service_account       = foundation.plan_service_account
      workload_identity_provider = google_iam_workload_identity_pool_provider.ci.name
    }
  }
}

output "state_bucket" {
  description = "Bucket that keeps the state of the project's environments."
  value       = google_storage_bucket.state.name
}
