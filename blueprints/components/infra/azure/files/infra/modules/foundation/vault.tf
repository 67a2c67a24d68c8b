# The environment's secrets. Azure has no container for a single one: the vault is the container of all of them, and no value
# passes through Terraform, its state or the CI. What is deleted comes back for 90 days, and nobody can shorten that.
resource "azurerm_key_vault" "this" {
  # Names of vaults are the world's, and have 24 characters.
  name                = "kv-${substr(sha1("${var.name}/${var.subscription_id}"), 0, 21)}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
  tenant_id           = var.tenant_id
  sku_name            = "standard"

  purge_protection_enabled   = true
  rbac_authorization_enabled = true
  soft_delete_retention_days = 90

  network_acls {
    default_action             = var.network.default_action
    bypass                     = "AzureServices"
    ip_rules                   = var.network.ip_ranges
    virtual_network_subnet_ids = var.network.subnet_ids
  }

  lifecycle {
    prevent_destroy = true
  }
}
