# The platform's log shipper writes here, one JSON object a line, as the service prints it.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.path}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-errors"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ ($.level = \"ERROR\") || ($.level = \"error\") }"

  metric_transformation {
    name          = "ErrorLines"
    namespace     = var.path
    value         = "1"
    default_value = "0"
  }
}

# The service level is watched by Prometheus; this alarm takes another path and still rings when that one is down.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "${var.name} logs more than ${var.error_log_threshold} errors in five minutes. Runbook: ${var.runbook_url}"
  namespace           = var.path
  metric_name         = "ErrorLines"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.error_log_threshold
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alert_topic_arn]
  ok_actions          = [var.alert_topic_arn]
}
