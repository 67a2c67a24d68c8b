# Two accounts for the pipeline: one reads and plans, one applies. Each may be taken by exactly the subjects that it is given,
# and never by a pattern. Neither can grant anything, neither has a key.
locals {
  # All that the plan account may do, and it changes nothing: a plan takes no lock. Never `secretmanager.versions.access`:
  # neither account can read a secret.
  read = [
    "billing.resourcebudgets.read",
    "cloudkms.cryptoKeys.get",
    "logging.buckets.get",
    "logging.logMetrics.get",
    "monitoring.alertPolicies.get",
    "monitoring.notificationChannels.get",
    "monitoring.notificationChannels.list",
    "resourcemanager.projects.get",
    "secretmanager.secrets.get",
    "serviceusage.services.use",
  ]

  # Neither logs nor secrets can be deleted with it: taking an environment down for good is a human's work.
  write = [
    "billing.resourcebudgets.write",
    "logging.buckets.create",
    "logging.buckets.update",
    "logging.logMetrics.create",
    "logging.logMetrics.delete",
    "logging.logMetrics.update",
    "monitoring.alertPolicies.create",
    "monitoring.alertPolicies.delete",
    "monitoring.alertPolicies.update",
    "secretmanager.secrets.create",
    "secretmanager.secrets.update",
  ]

  # Objects of the environment's own state, and the bucket itself for those who list it.
  state_condition = join(" || ", [
    "resource.type == \"storage.googleapis.com/Bucket\"",
    "resource.name.startsWith(\"projects/_/buckets/${var.state.bucket}/objects/${var.path}/\")",
  ])
}

resource "google_service_account" "plan" {
  account_id   = "plan-${local.short}"
  display_name = "${var.name}-plan"
  description  = "Reads ${var.name} and plans changes to it."
}

resource "google_service_account" "apply" {
  account_id   = "apply-${local.short}"
  display_name = "${var.name}-apply"
  description  = "Applies approved plans to ${var.name}."
}

resource "google_service_account_iam_member" "plan" {
  for_each = var.plan_subjects

  service_account_id = google_service_account.plan.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${var.oidc.pool}/subject/${each.value}"
}

resource "google_service_account_iam_member" "apply" {
  for_each = var.apply_subjects

  service_account_id = google_service_account.apply.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${var.oidc.pool}/subject/${each.value}"
}

resource "google_project_iam_custom_role" "plan" {
  role_id     = "${replace(var.name, "-", "_")}_plan"
  title       = "${var.name}-plan"
  description = "Reads what ${var.name} owns."
  permissions = local.read
}

resource "google_project_iam_custom_role" "apply" {
  role_id     = "${replace(var.name, "-", "_")}_apply"
  title       = "${var.name}-apply"
  description = "Changes what ${var.name} owns."
  permissions = concat(local.read, local.write)
}

resource "google_project_iam_member" "plan" {
  project = var.project_id
  role    = google_project_iam_custom_role.plan.id
  member  = google_service_account.plan.member
}

resource "google_project_iam_member" "apply" {
  project = var.project_id
  role    = google_project_iam_custom_role.apply.id
  member  = google_service_account.apply.member
}

resource "google_storage_bucket_iam_member" "plan" {
  bucket = var.state.bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.plan.member

  condition {
    title      = "${var.name}-state"
    expression = local.state_condition
  }
}

resource "google_storage_bucket_iam_member" "apply" {
  bucket = var.state.bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.apply.member

  condition {
    title      = "${var.name}-state"
    expression = local.state_condition
  }
}
