data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadInvoices"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::acme-invoices/*"]
  }
}
