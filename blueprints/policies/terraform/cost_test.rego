package terraform_test

test_c3_a_provider_without_tags_is_denied if {
	denied({"provider": {"aws": [{"region": "eu-west-1"}]}}, "C3") == {"the provider aws sets no default_tags"}
	denied({"provider": {"aws": [{"default_tags": [{"tags": "${module.naming.tags}"}]}]}}, "C3") == set()
	denied({"provider": {"google": [{}]}}, "C3") == {"the provider google sets no default_labels"}
	denied({"provider": {"google-beta": [{}]}}, "C3") == {"the provider google-beta sets no default_labels"}
	denied({"provider": {"random": [{}]}}, "C3") == set()
}

all_tags := {"service": "api", "team": "shop", "environment": "prod", "cost-center": "cc-1"}

test_c3_tags_that_are_written_out_are_complete if {
	denied({"provider": {"aws": [{"default_tags": [{"tags": all_tags}]}]}}, "C3") == set()
	spelled := {"Application": "api", "Owner": "shop", "Env": "prod", "CostCenter": "cc-1"}
	denied({"provider": {"aws": [{"default_tags": [{"tags": spelled}]}]}}, "C3") == set()
	denied({"provider": {"aws": [{"default_tags": [{"tags": object.remove(all_tags, ["team"])}]}]}}, "C3") == {
		"the provider aws has no tag team",
	}
	denied({"provider": {"google": [{"default_labels": {"cost_center": "cc-1", "env": "prod", "team": "shop"}}]}}, "C3") == {
		"the provider google has no tag service",
	}
	denied({"provider": {"google": [{"default_labels": "${local.labels}"}]}}, "C3") == set()
}

test_c3_resources_in_azure_carry_their_own if {
	as_expected("C3", [
		["azurerm_resource_group", {"tags": "${module.naming.tags}"}, []],
		["azurerm_resource_group", {"tags": all_tags}, []],
		["azurerm_storage_account", {}, ["has no tags"]],
		["azurerm_storage_account", {"tags": object.remove(all_tags, ["environment"])}, ["has no tag environment"]],
		["azurerm_subnet", {}, []],
	])
}

test_c4_logs_for_ever_are_denied if {
	denied(resource("aws_cloudwatch_log_group", {"kms_key_id": "k"}), "C4") == {
		"aws_cloudwatch_log_group.this keeps its logs for ever",
	}
	denied(resource("aws_cloudwatch_log_group", {"kms_key_id": "k", "retention_in_days": 30}), "C4") == set()
}

test_c4_logs_in_other_clouds if {
	as_expected("C4", [
		["azurerm_log_analytics_workspace", {"retention_in_days": 90}, []],
		["azurerm_log_analytics_workspace", {}, ["does not say how long it keeps its logs (retention_in_days)"]],
		["google_logging_project_bucket_config", {"retention_days": 90}, []],
		["google_logging_folder_bucket_config", {}, ["does not say how long it keeps its logs (retention_days)"]],
		["google_logging_project_bucket_config", {"retention_days": 3650}, ["keeps its logs for 3650 days, which is more than seven years"]],
		["aws_cloudwatch_log_group", {"retention_in_days": 3653}, ["keeps its logs for 3653 days, which is more than seven years"]],
		["aws_cloudwatch_log_group", {"retention_in_days": "${var.days}"}, []],
	])
}

test_c4_artifacts_for_ever_are_denied if {
	policies := {"cleanup_policies": [{"id": "old", "action": "DELETE"}]}
	as_expected("C4", [
		["google_artifact_registry_repository", policies, []],
		["google_artifact_registry_repository", {"dynamic": {"cleanup_policies": [{}]}}, []],
		["google_artifact_registry_repository", {"mode": "VIRTUAL_REPOSITORY"}, []],
		["google_artifact_registry_repository", {}, ["keeps every artifact for ever: it has no cleanup_policies"]],
		[
			"google_artifact_registry_repository",
			object.union(policies, {"cleanup_policy_dry_run": true}),
			["only tries its cleanup policies out (cleanup_policy_dry_run)"],
		],
		["azurerm_container_registry", {"sku": "Basic"}, []],
		["azurerm_container_registry", {"sku": "Premium", "retention_policy_in_days": 30}, []],
		["azurerm_container_registry", {"sku": "Premium", "retention_policy": [{"enabled": true}]}, []],
		["azurerm_container_registry", {"sku": "Premium"}, ["keeps untagged images for ever (retention_policy_in_days)"]],
		["google_storage_bucket", {"name": "acme-build_logs"}, ["keeps everything for ever: it has no lifecycle_rule"]],
		["google_storage_bucket", {"name": "acme-build-logs", "lifecycle_rule": [{}]}, []],
		["google_storage_bucket", {"name": "acme-catalogue"}, []],
	])
}
