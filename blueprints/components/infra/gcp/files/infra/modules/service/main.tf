# Identity: the pods' is a name that infra/modules/foundation grants to, so there is nothing to make here. What the service
# owns beside it is in the files that are called after it.

locals {
  # Names of metrics in queries know no hyphens.
  error_metric = "${replace(var.name, "-", "_")}_errors"
}
