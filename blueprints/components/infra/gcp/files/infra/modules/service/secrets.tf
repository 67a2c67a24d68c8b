# Containers only. A value is put in by whoever issues it, so it never passes through Terraform, its state or the CI. The pods
# may read those that begin with the environment's name: infra/modules/foundation says so.
resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  secret_id           = "${var.name}-${each.key}"
  annotations         = { description = each.value }
  deletion_protection = true
  version_destroy_ttl = "2592000s" # a destroyed version comes back for 30 days

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = var.kms_key_id
        }
      }
    }
  }
}
