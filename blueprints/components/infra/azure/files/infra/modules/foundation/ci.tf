# Two identities for the pipeline: one reads and plans, one applies. Each trusts exactly the subjects that it is given, and
# never a pattern. Neither can grant anything, neither has a secret.
locals {
  # All that the plan identity may do, and it changes nothing: a plan takes no lock. No action on data: neither identity can read
  # a secret.
  read = [
    "Microsoft.Consumption/budgets/read",
    "Microsoft.Insights/actionGroups/read",
    "Microsoft.Insights/scheduledQueryRules/read",
    "Microsoft.KeyVault/vaults/read",
    "Microsoft.OperationalInsights/workspaces/read",
    "Microsoft.OperationalInsights/workspaces/tables/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
  ]

  # Neither logs nor the vault can be deleted with it: taking an environment down for good is a human's work.
  write = [
    "Microsoft.Consumption/budgets/delete",
    "Microsoft.Consumption/budgets/write",
    "Microsoft.Insights/scheduledQueryRules/delete",
    "Microsoft.Insights/scheduledQueryRules/write",
    "Microsoft.OperationalInsights/workspaces/write",
  ]

  # Names of credentials have 120 characters of their own choosing, subjects have not.
  apply_credentials = { for subject in var.apply_subjects : "ci-${substr(sha1(subject), 0, 12)}" => subject }
  plan_credentials  = { for subject in var.plan_subjects : "ci-${substr(sha1(subject), 0, 12)}" => subject }
}

resource "azurerm_user_assigned_identity" "plan" {
  name                = "${var.name}-plan"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "apply" {
  name                = "${var.name}-apply"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "plan" {
  for_each = local.plan_credentials

  name                = each.key
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.plan.id
  audience            = [var.oidc.audience]
  issuer              = "https://${var.oidc.issuer}"
  subject             = each.value
}

resource "azurerm_federated_identity_credential" "apply" {
  for_each = local.apply_credentials

  name                = each.key
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.apply.id
  audience            = [var.oidc.audience]
  issuer              = "https://${var.oidc.issuer}"
  subject             = each.value
}

resource "azurerm_role_definition" "plan" {
  name              = "${var.name}-plan"
  description       = "Reads what ${var.name} owns."
  scope             = azurerm_resource_group.this.id
  assignable_scopes = [azurerm_resource_group.this.id]

  permissions {
    actions = local.read
  }
}

resource "azurerm_role_definition" "apply" {
  name              = "${var.name}-apply"
  description       = "Changes what ${var.name} owns."
  scope             = azurerm_resource_group.this.id
  assignable_scopes = [azurerm_resource_group.this.id]

  permissions {
    actions = concat(local.read, local.write)
  }
}

resource "azurerm_role_assignment" "plan" {
  scope              = azurerm_resource_group.this.id
  role_definition_id = azurerm_role_definition.plan.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.plan.principal_id
  principal_type     = "ServicePrincipal"
}

resource "azurerm_role_assignment" "apply" {
  scope              = azurerm_resource_group.this.id
  role_definition_id = azurerm_role_definition.apply.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.apply.principal_id
  principal_type     = "ServicePrincipal"
}

# The environment's own state, and that of no other.
resource "azurerm_role_assignment" "plan_state" {
  scope                = var.state.container_id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azurerm_user_assigned_identity.plan.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "apply_state" {
  scope                = var.state.container_id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.apply.principal_id
  principal_type       = "ServicePrincipal"
}
