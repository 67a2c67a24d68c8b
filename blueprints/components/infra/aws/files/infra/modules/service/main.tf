# Identity: the pods of one service account in one namespace of one cluster, and nobody else.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  cluster_arn = "arn:${data.aws_partition.current.partition}:eks:${data.aws_region.current.id}:${var.account_id}:cluster/${var.cluster_name}"
}

data "aws_iam_policy_document" "workload_trust" {
  statement {
    sid     = "PodIdentity"
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks-cluster-arn"
      values   = [local.cluster_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = [var.name]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = [var.service]
    }
  }
}

resource "aws_iam_role" "workload" {
  name                 = "${var.name}-workload"
  description          = "What the pods of ${var.name} may do in AWS."
  assume_role_policy   = data.aws_iam_policy_document.workload_trust.json
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = 3600
}

resource "aws_eks_pod_identity_association" "workload" {
  cluster_name    = var.cluster_name
  namespace       = var.name
  service_account = var.service
  role_arn        = aws_iam_role.workload.arn
}
