package terraform_test

policy(statement) := {"data": {"aws_iam_policy_document": {"this": [{"statement": [statement]}]}}}

read := {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::acme/*"]}

test_s10_named_actions_on_named_resources_pass if {
	denied(policy(read), "S10") == set()
	denied(policy(object.union(read, {"resources": "${var.arns}"})), "S10") == set()
}

test_s10_a_wildcard_action_is_denied if {
	every action in ["*", "s3:*"] {
		denied(policy(object.union(read, {"actions": [action]})), "S10") == {
			sprintf("data.aws_iam_policy_document.this, statement Read allows %s", [action]),
		}
	}
}

test_s10_every_resource_is_denied if {
	denied(policy(object.union(read, {"resources": ["*"]})), "S10") == {
		"data.aws_iam_policy_document.this, statement Read allows it on every resource",
	}
	unnamed := object.remove(object.union(read, {"resources": ["*"]}), ["sid"])
	denied(policy(unnamed), "S10") == {"data.aws_iam_policy_document.this, statement 1 allows it on every resource"}
}

test_s10_everything_but_is_denied if {
	denied(policy(object.union(object.remove(read, ["actions"]), {"not_actions": ["iam:*"]})), "S10") == {
		"data.aws_iam_policy_document.this, statement Read allows everything but what it lists in not_actions",
	}
}

test_s10_what_is_refused_may_be_everything if {
	denied(policy(object.union(read, {"effect": "Deny", "actions": ["*"], "resources": ["*"]})), "S10") == set()
}

test_s10_in_the_policy_of_a_resource_a_star_is_that_resource if {
	key := object.union(read, {"resources": ["*"], "principals": [{"type": "Service"}]})
	denied(policy(key), "S10") == set()
}

test_s10_a_policy_as_json_counts if {
	open := "${jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"*\", Resource = \"*\" }] })}"
	denied(resource("aws_iam_role_policy", {"policy": open}), "S10") == {
		"aws_iam_role_policy.this has a wildcard in its policy",
	}
	closed := "${jsonencode({ Statement = [{ Effect = \"Deny\", Action = \"*\", Resource = \"*\" }] })}"
	denied(resource("aws_iam_role_policy", {"policy": closed}), "S10") == set()
}

test_s10_the_roles_that_may_do_everything_are_denied if {
	denied(resource("google_project_iam_member", {"role": "roles/editor"}), "S10") == {
		"google_project_iam_member.this grants roles/editor",
	}
	denied(resource("google_project_iam_member", {"role": "roles/storage.objectViewer"}), "S10") == set()
	denied(resource("azurerm_role_assignment", {"role_definition_name": "Owner"}), "S10") == {
		"azurerm_role_assignment.this grants Owner",
	}
}

trust := {
	"sid": "Trust",
	"actions": ["sts:AssumeRoleWithWebIdentity"],
	"principals": [{"type": "Federated"}],
	"condition": [{"test": "StringEquals", "variable": "issuer:sub", "values": ["repo:acme/api:environment:prod"]}],
}

condition(changes) := object.union(trust, {"condition": [object.union(trust.condition[0], changes)]})

test_s11_an_exact_subject_passes if {
	denied(policy(trust), "S11") == set()
	denied(policy(condition({"values": "${var.subjects}"})), "S11") == set()
	denied(policy(condition({"test": "ForAnyValue:StringEquals"})), "S11") == set()
}

test_s11_a_pattern_is_denied if {
	denied(policy(condition({"values": ["repo:acme/*"]})), "S11") == {
		"data.aws_iam_policy_document.this, statement Trust trusts the pattern \"repo:acme/*\"",
	}
	denied(policy(condition({"test": "StringLike"})), "S11") == {
		"data.aws_iam_policy_document.this, statement Trust compares the subject with StringLike",
	}
}

test_s11_every_subject_is_denied if {
	expected := {"data.aws_iam_policy_document.this, statement Trust trusts every subject of the issuer"}
	denied(policy(object.remove(trust, ["condition"])), "S11") == expected
	denied(policy(condition({"variable": "issuer:aud"})), "S11") == expected
}

test_s11_a_trust_as_json_counts if {
	text := "${jsonencode({ Condition = { StringLike = { \"issuer:sub\" = \"repo:acme/*\" } } })}"
	denied(resource("aws_iam_role", {"assume_role_policy": text}), "S11") == {
		"aws_iam_role.this trusts a pattern of subjects",
	}
}

test_s11_other_clouds_count if {
	denied(resource("google_iam_workload_identity_pool_provider", {}), "S11") == {
		"google_iam_workload_identity_pool_provider.this has no attribute_condition",
	}
	provider := {"attribute_condition": "assertion.repository == 'acme/api'"}
	denied(resource("google_iam_workload_identity_pool_provider", provider), "S11") == set()
	denied(resource("azurerm_federated_identity_credential", {"subject": "repo:acme/*"}), "S11") == {
		"azurerm_federated_identity_credential.this trusts the pattern \"repo:acme/*\"",
	}
}

test_s12_data_in_the_clear_is_denied if {
	every type, key in {
		"aws_db_instance": "storage_encrypted",
		"aws_rds_cluster": "storage_encrypted",
		"aws_ebs_volume": "encrypted",
		"aws_efs_file_system": "encrypted",
		"aws_kms_key": "enable_key_rotation",
	} {
		denied(resource(type, {}), "S12") == {sprintf("%s.this is not encrypted (%s)", [type, key])}
		denied(resource(type, {key: true}), "S12") == set()
		denied(resource(type, {key: "${var.on}"}), "S12") == set()
	}
}

test_s12_data_without_a_key_is_denied if {
	denied(resource("aws_sqs_queue", {}), "S12") == {"aws_sqs_queue.this has no encryption key (kms_master_key_id)"}
	denied(resource("aws_sqs_queue", {"sqs_managed_sse_enabled": true}), "S12") == set()
	denied(resource("aws_sns_topic", {"kms_master_key_id": "${aws_kms_key.this.arn}"}), "S12") == set()
}

test_s12_public_buckets_are_denied if {
	block := {
		"block_public_acls": true,
		"block_public_policy": true,
		"ignore_public_acls": true,
		"restrict_public_buckets": true,
	}
	denied(resource("aws_s3_bucket_public_access_block", block), "S12") == set()
	denied(resource("aws_s3_bucket_public_access_block", object.union(block, {"block_public_acls": false})), "S12") == {
		"aws_s3_bucket_public_access_block.this does not set block_public_acls",
	}
	denied(resource("aws_s3_bucket_acl", {"acl": "public-read"}), "S12") == {
		"aws_s3_bucket_acl.this makes the bucket public",
	}
	denied(resource("aws_s3_bucket_acl", {"acl": "private"}), "S12") == set()
}

test_s12_public_addresses_are_denied if {
	public := object.union(database, {"publicly_accessible": true})
	denied(resource("aws_db_instance", public), "S12") == {"aws_db_instance.this has a public address"}
	denied(resource("aws_security_group", {"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]}), "S12") == {
		"aws_security_group.this lets everybody in",
	}
	denied(resource("aws_security_group", {"ingress": [{"cidr_blocks": ["10.0.0.0/8"]}]}), "S12") == set()
	denied(resource("aws_vpc_security_group_ingress_rule", {"cidr_ipv6": "::/0"}), "S12") == {
		"aws_vpc_security_group_ingress_rule.this lets everybody in",
	}
}

# Put together here, so that no search for credentials finds one in this file.
key_id := concat("", ["AKIA", "IOSFODNN7", "EXAMPLE"])

test_s13_a_credential_is_denied if {
	denied({"locals": [{"id": key_id}]}, "S13") == {"locals.0.id holds a credential"}
}

test_s13_a_password_that_is_written_out_is_denied if {
	denied(resource("aws_db_instance", object.union(database, {"password": "hunter2"})), "S13") == {
		"resource.aws_db_instance.this.0.password is written out",
	}
	denied(resource("aws_db_instance", object.union(database, {"password": "${var.password}"})), "S13") == set()
}

test_s13_a_default_that_is_a_credential_is_denied if {
	denied({"variable": {"db_password": [{"default": "hunter2"}]}}, "S13") == {
		"the variable db_password has a credential as its default",
	}
	denied({"variable": {"db_password": [{"sensitive": true}]}}, "S13") == set()
}

test_s13_static_keys_are_denied if {
	denied(resource("aws_iam_access_key", {"user": "ci"}), "S13") == {"aws_iam_access_key.this is a static key"}
}

modules(source) := {"module": {"m": [{"source": source}]}}

test_s14_modules_by_path_or_commit_pass if {
	denied(modules("../../modules/naming"), "S14") == set()
	denied(modules("./naming"), "S14") == set()
	commit := "0123456789012345678901234567890123456789"
	denied(modules(sprintf("git::https://example.com/m.git?ref=%s", [commit])), "S14") == set()
}

test_s14_modules_that_can_move_are_denied if {
	every source in ["terraform-aws-modules/vpc/aws", "git::https://example.com/m.git?ref=v1.0.0"] {
		denied(modules(source), "S14") == {sprintf("the module m comes from %q, which is no commit", [source])}
	}
}

versions(provider, terraform_) := {"terraform": [{
	"required_version": terraform_,
	"required_providers": [{"aws": provider}],
}]}

test_s14_bounded_providers_pass if {
	every version in [">= 5.100, < 7.0", "~> 5.1", "5.1.0", "= 5.1.0"] {
		denied(versions({"source": "hashicorp/aws", "version": version}, ">= 1.11, < 2.0"), "S14") == set()
		denied(versions(version, "~> 1.11"), "S14") == set()
	}
}

test_s14_unbounded_providers_are_denied if {
	denied(versions({"version": ">= 5.0"}, "< 2.0"), "S14") == {"the provider aws has no upper bound"}
	denied(versions({"source": "hashicorp/aws"}, "< 2.0"), "S14") == {"the provider aws has no upper bound"}
	denied(versions("~> 5.0", ">= 1.11"), "S14") == {"required_version has no upper bound"}
}
