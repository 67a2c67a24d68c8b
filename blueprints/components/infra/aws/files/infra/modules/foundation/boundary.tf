# The most that the workload's role can ever be allowed, whatever policy a pipeline attaches to it. When the service gets a
# data store, its actions are added here by a human first: that is the review of what the service may reach.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "Bounds the workload's role of ${var.name}."
  policy      = data.aws_iam_policy_document.boundary.json
}

data "aws_iam_policy_document" "boundary" {
  statement {
    sid       = "ReadOwnSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = [local.secret_arns]
  }

  statement {
    sid       = "DecryptOwnData"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }
}
