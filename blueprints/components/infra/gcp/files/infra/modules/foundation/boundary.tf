# All that the pods may do, whoever asks. Their identity is that of one service account in one namespace, of any cluster in the
# cluster's project; they have no account of their own in Google Cloud that a key could be made for. When the service gets a
# data store, its role is added here by a human first: that is the review of what the service may reach.
locals {
  workload = "principal://iam.googleapis.com/projects/${var.cluster_project.number}/locations/global/workloadIdentityPools/${var.cluster_project.id}.svc.id.goog/subject/ns/${var.name}/sa/${var.service}"
}

resource "google_project_iam_member" "read_secrets" {
  project = var.project_id
  role    = "roles/secretmanager.secretAccessor"
  member  = local.workload

  condition {
    title      = "${var.name}-secrets"
    expression = "resource.name.startsWith(\"projects/${var.project_number}/secrets/${var.name}-\")"
  }
}

# The platform's log sink, which stands in the cluster's project and writes to the environment's log bucket.
resource "google_project_iam_member" "write_logs" {
  count = var.log_writer == null ? 0 : 1

  project = var.project_id
  role    = "roles/logging.bucketWriter"
  member  = var.log_writer

  condition {
    title      = "${var.name}-logs"
    expression = "resource.name.endsWith(\"locations/${var.region}/buckets/${var.name}\")"
  }
}
