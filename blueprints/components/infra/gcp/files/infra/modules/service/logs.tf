# The platform's log sink writes here, one JSON object a line, as the service prints it.
resource "google_logging_project_bucket_config" "this" {
  project        = var.project_id
  location       = var.region
  bucket_id      = var.name
  description    = "Logs of ${var.name}"
  retention_days = var.log_retention_days

  cmek_settings {
    kms_key_name = var.kms_key_id
  }
}

resource "google_logging_metric" "errors" {
  name        = local.error_metric
  description = "Error lines of ${var.name}"
  bucket_name = google_logging_project_bucket_config.this.id
  filter      = "jsonPayload.level=(\"ERROR\" OR \"error\") OR jsonPayload.\"log.level\"=\"error\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

# The service level is watched by Prometheus; this alarm takes another path and still rings when that one is down.
resource "google_monitoring_alert_policy" "errors" {
  display_name          = "${var.name}-errors"
  combiner              = "OR"
  notification_channels = [var.notification_channel]
  severity              = "ERROR"

  conditions {
    display_name = "More than ${var.error_log_threshold} errors in five minutes, for 15 minutes"

    condition_prometheus_query_language {
      query               = "sum(increase(logging_googleapis_com:user_${local.error_metric}{monitored_resource=\"logging_bucket\"}[5m])) > ${var.error_log_threshold}"
      duration            = "900s"
      evaluation_interval = "300s"

      # The first error line makes the metric's name known.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = "${var.name} logs more than ${var.error_log_threshold} errors in five minutes. Runbook: ${var.runbook_url}"
    mime_type = "text/markdown"
  }

  depends_on = [google_logging_metric.errors]
}
