# What `terraform show -json` prints of a plan is judged by the same rules, also in modules.
package terraform_test

import data.terraform

database_values := {
	"deletion_protection": true,
	"backup_retention_period": 14,
	"storage_encrypted": true,
	"publicly_accessible": false,
	"replicate_source_db": null,
	"tags_all": {"environment": "prod"},
}

planned(address, type, values) := {"address": address, "mode": "managed", "type": type, "name": "this", "values": values}

plan(resources) := {
	"format_version": "1.2",
	"terraform_version": "1.13.0",
	"planned_values": {"root_module": {"child_modules": [{"address": "module.service", "resources": resources}]}},
}

address := "module.service.aws_db_instance.this[0]"

test_a_plan_that_meets_every_rule if {
	good := plan([planned(address, "aws_db_instance", database_values)])
	count(terraform.deny) == 0 with input as good
}

test_a_finding_leads_into_the_plan if {
	open := object.union(database_values, {"deletion_protection": false, "storage_encrypted": null})
	found := {[result.rule, result.msg, result.at] |
		some result in terraform.deny with input as plan([planned(address, "aws_db_instance", open)])
	}
	values := ["planned_values", "root_module", "child_modules", 0, "resources", 0, "values"]
	found == {
		["R9", sprintf("%s can be deleted by an apply (deletion_protection)", [address]), array.concat(values, ["deletion_protection"])],
		["S12", sprintf("%s is not encrypted (storage_encrypted)", [address]), array.concat(values, ["storage_encrypted"])],
	}
}

test_the_root_module_counts if {
	root := {"format_version": "1.2", "planned_values": {"root_module": {"resources": [planned("aws_iam_access_key.ci", "aws_iam_access_key", {})]}}}
	denied(root, "S13") == {"aws_iam_access_key.ci is a static key"}
}

# The key of a log group is often made in the same apply.
test_what_is_known_after_the_apply_is_not_missing if {
	group := planned("aws_cloudwatch_log_group.this", "aws_cloudwatch_log_group", {"retention_in_days": 30})
	unknown := {"resource_changes": [
		{"address": "aws_cloudwatch_log_group.this", "change": {"after_unknown": {"kms_key_id": true, "tags": {}}}},
		{"address": "aws_iam_role.other", "change": {"after_unknown": {"arn": true}}},
	]}
	denied(object.union(plan([group]), unknown), "S12") == set()
	denied(plan([group]), "S12") == {"aws_cloudwatch_log_group.this has no encryption key (kms_key_id)"}
}

test_data_sources_of_a_plan_are_left_alone if {
	data_source := object.union(planned("data.aws_db_instance.this", "aws_db_instance", {}), {"mode": "data"})
	count(terraform.deny) == 0 with input as plan([data_source])
}

test_policies_of_a_plan_are_read if {
	open := {"policy": json.marshal({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a"}]})}
	denied(plan([planned("aws_iam_policy.this", "aws_iam_policy", open)]), "S10") == {"aws_iam_policy.this, statement 1 allows s3:*"}
	member := planned("google_project_iam_member.ci", "google_project_iam_member", {"role": "roles/editor", "member": "user:a"})
	denied(plan([member]), "S10") == {"google_project_iam_member.ci grants roles/editor"}
}

policy_for(name) := planned("aws_ecr_lifecycle_policy.api", "aws_ecr_lifecycle_policy", {"repository": name})

test_c4_a_plan_has_a_lifecycle_policy_for_each_repository if {
	repository := planned("aws_ecr_repository.api", "aws_ecr_repository", {"name": "api"})
	denied(plan([repository]), "C4") == {"aws_ecr_repository.api keeps every image for ever: it has no aws_ecr_lifecycle_policy"}
	denied(plan([repository, policy_for("api")]), "C4") == set()
	denied(plan([repository, policy_for("${known after apply}")]), "C4") == set()
	count(denied(plan([repository, policy_for("other")]), "C4")) == 1
}

# The plan of an Azure database shows nothing of `lifecycle`.
test_r9_what_a_plan_cannot_show_is_not_judged if {
	server := planned("azurerm_postgresql_flexible_server.this", "azurerm_postgresql_flexible_server", {"delegated_subnet_id": "x"})
	denied(plan([server]), "R9") == set()
}

configured(configuration) := object.union(plan([]), {"configuration": configuration})

aws(expressions) := configured({"provider_config": {"aws": {"name": "aws", "expressions": expressions}}})

test_c3_providers_of_a_plan if {
	denied(aws({"default_tags": [{"tags": {"references": ["local.tags"]}}]}), "C3") == set()
	denied(aws({}), "C3") == {"the provider aws sets no default_tags"}
	google := configured({"provider_config": {"google": {"name": "google", "expressions": {"default_labels": {"references": []}}}}})
	denied(google, "C3") == set()
}

# A plan holds the values of variables that come from a secret store; what is written out stands in its configuration.
test_s13_of_a_plan_the_configuration_is_searched if {
	secret := planned("aws_db_instance.this", "aws_db_instance", object.union(database_values, {"password": "hunter2"}))
	denied(plan([secret]), "S13") == set()
	expressions := {"password": {"constant_value": "hunter2"}, "id": {"constant_value": key_id}}
	denied(configured({"root_module": {"resources": [{"expressions": expressions}]}}), "S13") == {
		"configuration.root_module.resources.0.expressions.password.constant_value is written out",
		"configuration.root_module.resources.0.expressions.id.constant_value holds a credential",
	}
}

called(source) := configured({"root_module": {"module_calls": {"vpc": {"source": source}}}})

test_s14_modules_of_a_plan if {
	denied(called("../../modules/vpc"), "S14") == set()
	denied(called("terraform-aws-modules/vpc/aws"), "S14") == {
		"the module vpc comes from \"terraform-aws-modules/vpc/aws\", which is no commit",
	}
}
