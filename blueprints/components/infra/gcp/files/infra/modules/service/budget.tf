# Counts what carries the label `service` in this project.
resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = var.name

  amount {
    specified_amount {
      units = tostring(floor(var.monthly_budget))
    }
  }

  budget_filter {
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
    labels                 = { service = var.service }
    projects               = ["projects/${var.project_number}"]
  }

  # Early enough to act: the month is going to end at 80 % or more.
  threshold_rules {
    spend_basis       = "FORECASTED_SPEND"
    threshold_percent = 0.8
  }

  threshold_rules {
    spend_basis       = "CURRENT_SPEND"
    threshold_percent = 1
  }

  all_updates_rule {
    disable_default_iam_recipients   = true
    monitoring_notification_channels = [var.notification_channel]
  }
}
