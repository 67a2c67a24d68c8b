package terraform

# METADATA
# title: Logs, images and artifacts end
# description: >-
#   What nothing deletes is kept for ever, and the bill grows each month without any change. What is kept without anybody
#   having said for how long is as often gone when an incident needs it: defaults differ from cloud to cloud.
# custom:
#   id: C4
#   lens: cost
#   severity: deny
#   fix: >-
#     set retention_in_days (retention_days in Google Cloud), a cleanup policy on registries, and a lifecycle rule on buckets
#     that hold logs or artifacts
#   controls: []
deny contains result if {
	some resource in resources.aws_cloudwatch_log_group
	field(resource.it, "retention_in_days", 0) == 0
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps its logs for ever", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some type, key in {
		"azurerm_log_analytics_workspace": "retention_in_days",
		"google_logging_billing_account_bucket_config": "retention_days",
		"google_logging_folder_bucket_config": "retention_days",
		"google_logging_organization_bucket_config": "retention_days",
		"google_logging_project_bucket_config": "retention_days",
	}
	some resource in resources[type]
	not resource.it[key]
	result := {
		"rule": "C4",
		"msg": sprintf("%s does not say how long it keeps its logs (%s)", [resource.name, key]),
		"at": resource.at,
	}
}

# Seven years is the longest that the usual duties of retention ask for.
deny contains result if {
	some type, key in {
		"aws_cloudwatch_log_group": "retention_in_days",
		"azurerm_log_analytics_workspace_table": "total_retention_in_days",
		"google_logging_project_bucket_config": "retention_days",
	}
	some resource in resources[type]
	days := resource.it[key]
	is_number(days)
	days > 2557
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps its logs for %v days, which is more than seven years", [resource.name, days]),
		"at": array.concat(resource.at, [key]),
	}
}

deny contains result if {
	some resource in resources.google_artifact_registry_repository
	field(resource.it, "mode", "STANDARD_REPOSITORY") != "VIRTUAL_REPOSITORY"
	not given(resource.it, "cleanup_policies")
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps every artifact for ever: it has no cleanup_policies", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources.google_artifact_registry_repository
	resource.it.cleanup_policy_dry_run == true
	result := {
		"rule": "C4",
		"msg": sprintf("%s only tries its cleanup policies out (cleanup_policy_dry_run)", [resource.name]),
		"at": array.concat(resource.at, ["cleanup_policy_dry_run"]),
	}
}

# The other tiers of Azure's registry have no such setting.
deny contains result if {
	some resource in resources.azurerm_container_registry
	resource.it.sku == "Premium"
	not resource.it.retention_policy_in_days
	not enabled(resource.it, "retention_policy", "enabled")
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps untagged images for ever (retention_policy_in_days)", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources.google_storage_bucket
	regex.match(`(?i)\b(logs?|artifacts?|builds?|caches?)\b`, replace(concat(" ", [resource.name, resource.it.name]), "_", " "))
	not given(resource.it, "lifecycle_rule")
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps everything for ever: it has no lifecycle_rule", [resource.name]),
		"at": resource.at,
	}
}

# What belongs to an AWS repository or bucket is a resource of its own. In a file it may be in another one, and package repo
# sees to that; a plan has everything.
deny contains result if {
	is_plan
	some repository in resources.aws_ecr_repository
	count([policy |
		some policy in resources.aws_ecr_lifecycle_policy
		belongs(policy.it.repository, repository.it.name)
	]) == 0
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps every image for ever: it has no aws_ecr_lifecycle_policy", [repository.name]),
		"at": repository.at,
	}
}

belongs(name, wanted) if name == wanted

belongs(name, _) if computed(name)
