data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadInvoices"
    actions   = ["s3:*"]
    resources = ["*"]
  }
}
