# One key for the environment's logs and secrets. It is here and not in the service's own state so that no pipeline can
# schedule its destruction: without the key all that it encrypted is lost.
resource "google_kms_key_ring" "this" {
  name     = var.name
  location = var.region
}

resource "google_kms_crypto_key" "this" {
  name                       = "data"
  key_ring                   = google_kms_key_ring.this.id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days

  lifecycle {
    prevent_destroy = true
  }
}

# Cloud Logging and Secret Manager encrypt with it in the name of whoever writes.
data "google_logging_project_cmek_settings" "this" {
  project = var.project_id
}

resource "google_kms_crypto_key_iam_member" "logs" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${data.google_logging_project_cmek_settings.this.service_account_id}"
}

resource "google_kms_crypto_key_iam_member" "secrets" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
}
