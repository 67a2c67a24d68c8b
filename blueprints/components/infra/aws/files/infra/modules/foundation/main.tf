# What an environment needs before Terraform can run in its pipeline, and what must outlive it: the key, the channel for
# alerts, the bound of the workload's role and the two roles of the CI. A human applies it, from infra/bootstrap.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  suffix    = data.aws_partition.current.dns_suffix
  regional  = "${local.region}:${var.account_id}"

  # Everything that infra/modules/service creates, by name: the CI's roles may touch this and nothing else.
  alarm_arns        = "arn:${local.partition}:cloudwatch:${local.regional}:alarm:${var.name}-*"
  association_arns  = "arn:${local.partition}:eks:${local.regional}:podidentityassociation/${var.cluster_name}/*"
  boundary_arn      = "arn:${local.partition}:iam::${var.account_id}:policy/${var.name}-boundary"
  budget_arn        = "arn:${local.partition}:budgets::${var.account_id}:budget/${var.name}"
  cluster_arn       = "arn:${local.partition}:eks:${local.regional}:cluster/${var.cluster_name}"
  log_group_arn     = "arn:${local.partition}:logs:${local.regional}:log-group:/${var.path}"
  secret_arns       = "arn:${local.partition}:secretsmanager:${local.regional}:secret:${var.path}/*"
  state_object_arn  = "${var.state.bucket_arn}/${var.path}/terraform.tfstate"
  workload_role_arn = "arn:${local.partition}:iam::${var.account_id}:role/${var.name}-workload"
}
