# What an environment needs before Terraform can run in its pipeline, and what must outlive it: the resource group, the vault,
# the channel for alerts, the identity of the pods and the two of the CI. A human applies it, from infra/bootstrap. All rights
# are granted here: in Azure a right to grant can hardly be bounded, so no identity of the pipeline has one.

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
  tags     = var.tags

  lifecycle {
    prevent_destroy = true
  }
}
