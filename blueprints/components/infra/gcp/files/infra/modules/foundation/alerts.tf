# Alarms and the budget come here. The environment finds the channel by its name.
resource "google_monitoring_notification_channel" "alerts" {
  display_name = "${var.name}-alerts"
  type         = "email"
  labels       = { email_address = sort(var.alert_emails)[0] }

  lifecycle {
    precondition {
      condition     = length(var.alert_emails) == 1
      error_message = "Name one address, the team's list: a channel of Google Cloud has no second."
    }
  }
}
