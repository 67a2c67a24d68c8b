output "ci" {
  description = "Who the pipeline is, by environment: lines of infra/environments/<environment>/ci.hcl."

  value = {
    for environment, foundation in module.foundation : environment => {
      apply_client_id = foundation.apply_client_id
      plan_client_id  = foundation.plan_client_id
    }
  }
}

output "state_storage_account" {
  description = "Storage account that keeps the state of the subscription's environments."
  value       = azurerm_storage_account.state.name
}

output "workload_client_ids" {
  description = "Identities of the pods, by environment, which the manifests name."
  value       = { for environment, foundation in module.foundation : environment => foundation.workload_client_id }
}
