# Two roles for the pipeline: one reads and plans, one applies. Each trusts exactly the subjects that it is given, and never a
# pattern. The apply role cannot change itself, the plan role, the boundary or the key: those are in bootstrap's state.

data "aws_iam_policy_document" "plan_trust" {
  statement {
    sid     = "Plan"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.oidc.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:aud"
      values   = [var.oidc.audience]
    }

    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:sub"
      values   = var.plan_subjects
    }
  }
}

data "aws_iam_policy_document" "apply_trust" {
  statement {
    sid     = "Apply"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.oidc.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:aud"
      values   = [var.oidc.audience]
    }

    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:sub"
      values   = var.apply_subjects
    }
  }
}

resource "aws_iam_role" "plan" {
  name                 = "${var.name}-plan"
  description          = "Reads ${var.name} and plans changes to it."
  assume_role_policy   = data.aws_iam_policy_document.plan_trust.json
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = 3600
}

resource "aws_iam_role" "apply" {
  name                 = "${var.name}-apply"
  description          = "Applies approved plans to ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.apply_trust.json
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "plan_read" {
  name   = "read"
  role   = aws_iam_role.plan.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "apply_read" {
  name   = "read"
  role   = aws_iam_role.apply.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "apply_write" {
  name   = "write"
  role   = aws_iam_role.apply.id
  policy = data.aws_iam_policy_document.write.json
}

# All that the plan role may do, and it changes nothing: a plan takes no lock. Never `secretsmanager:GetSecretValue`: neither
# role can read a secret.
data "aws_iam_policy_document" "read" {
  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [var.state.bucket_arn]

    # `env:/` is where Terraform looks for workspaces when it starts, also where there are none.
    condition {
      test     = "StringEquals"
      variable = "s3:prefix"
      values   = ["env:/", "${var.path}/terraform.tfstate"]
    }
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = [local.state_object_arn]
  }

  statement {
    sid       = "DecryptState"
    actions   = ["kms:Decrypt"]
    resources = [var.state.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.suffix}"]
    }
  }

  statement {
    sid       = "ReadKey"
    actions   = ["kms:DescribeKey"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "ReadWorkloadRole"
    resources = [local.workload_role_arn]

    actions = [
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
    ]
  }

  statement {
    sid       = "ReadPodIdentity"
    actions   = ["eks:DescribePodIdentityAssociation"]
    resources = [local.association_arns]
  }

  # The name of a log group is a filter of this call, not its resource: only all of them can be allowed.
  statement {
    sid       = "ListLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${local.partition}:logs:${local.regional}:log-group:*"]
  }

  statement {
    sid       = "ReadLogGroup"
    actions   = ["logs:DescribeMetricFilters", "logs:ListTagsForResource"]
    resources = [local.log_group_arn, "${local.log_group_arn}:*"]
  }

  statement {
    sid       = "ReadAlarms"
    actions   = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"]
    resources = [local.alarm_arns]
  }

  statement {
    sid       = "ReadSecretContainers"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
    resources = [local.secret_arns]
  }

  statement {
    sid       = "ReadBudget"
    actions   = ["budgets:ListTagsForResource", "budgets:ViewBudget"]
    resources = [local.budget_arn]
  }
}

# Neither logs nor the state can be deleted with it: taking an environment down for good is a human's work.
data "aws_iam_policy_document" "write" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = [local.state_object_arn]
  }

  statement {
    sid       = "LockState"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_object_arn}.tflock"]
  }

  statement {
    sid       = "EncryptState"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.state.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.suffix}"]
    }
  }

  # Only within the boundary: a pipeline cannot make a role that may do more than boundary.tf says.
  statement {
    sid       = "WriteBoundedWorkloadRole"
    actions   = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = [local.workload_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  statement {
    sid       = "WriteWorkloadRole"
    actions   = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"]
    resources = [local.workload_role_arn]
  }

  statement {
    sid       = "PassWorkloadRole"
    actions   = ["iam:PassRole"]
    resources = [local.workload_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["pods.eks.amazonaws.com"]
    }
  }

  statement {
    sid       = "CreatePodIdentity"
    actions   = ["eks:CreatePodIdentityAssociation"]
    resources = [local.cluster_arn]
  }

  # The id of an association is chosen by AWS: the tags say whose it is.
  statement {
    sid       = "TagPodIdentity"
    actions   = ["eks:TagResource"]
    resources = [local.association_arns]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/service"
      values   = [split("/", var.path)[0]]
    }
  }

  statement {
    sid       = "WritePodIdentity"
    actions   = ["eks:DeletePodIdentityAssociation", "eks:UntagResource", "eks:UpdatePodIdentityAssociation"]
    resources = [local.association_arns]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/service"
      values   = [split("/", var.path)[0]]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [split("/", var.path)[1]]
    }
  }

  statement {
    sid       = "WriteLogGroup"
    resources = [local.log_group_arn, "${local.log_group_arn}:*"]

    actions = [
      "logs:AssociateKmsKey",
      "logs:CreateLogGroup",
      "logs:DeleteMetricFilter",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ]
  }

  statement {
    sid       = "WriteAlarms"
    actions   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"]
    resources = [local.alarm_arns]
  }

  statement {
    sid       = "WriteSecretContainers"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:TagResource", "secretsmanager:UntagResource", "secretsmanager:UpdateSecret"]
    resources = [local.secret_arns]
  }

  # A deleted secret can be brought back for 30 days.
  statement {
    sid       = "DeleteSecretContainers"
    actions   = ["secretsmanager:DeleteSecret"]
    resources = [local.secret_arns]

    condition {
      test     = "NumericGreaterThanEquals"
      variable = "secretsmanager:RecoveryWindowInDays"
      values   = ["30"]
    }
  }

  statement {
    sid       = "EncryptSecrets"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.${local.suffix}"]
    }
  }

  statement {
    sid       = "WriteBudget"
    actions   = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
    resources = [local.budget_arn]
  }
}
