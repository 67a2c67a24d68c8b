resource "aws_cloudwatch_log_group" "this" {
  name              = "/acme/payments-api"
  kms_key_id        = var.kms_key_arn
}
