# The identity of the pods of one service account in one namespace of one cluster, and all that it may do, whoever asks. When
# the service gets a data store, its role is added here by a human first: that is the review of what the service may reach.
resource "azurerm_user_assigned_identity" "workload" {
  name                = "${var.name}-workload"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "workload" {
  name                = "pods"
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.workload.id
  audience            = ["api://AzureADTokenExchange"]
  issuer              = var.cluster_oidc_issuer
  subject             = "system:serviceaccount:${var.name}:${var.service}"
}

resource "azurerm_role_assignment" "read_secrets" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.workload.principal_id
  principal_type       = "ServicePrincipal"
}
