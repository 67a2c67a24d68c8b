# Identity: that of the pods is made and bounded by infra/modules/foundation, so there is nothing to make here. What the service
# owns beside it is in the files that are called after it.

locals {
  resource_group_id = "/subscriptions/${var.subscription_id}/resourceGroups/${var.resource_group_name}"
}
