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

dynamic(statement) := {"data": {"aws_iam_policy_document": {"this": [{"dynamic": {"statement": [{
	"for_each": "${var.on ? [1] : []}",
	"content": [statement],
}]}}]}}}

test_s10_dynamic_statements_count if {
	denied(dynamic(read), "S10") == set()
	denied(dynamic({"actions": ["s3:GetObject"], "resources": ["*"]}), "S10") == {
		"data.aws_iam_policy_document.this, statement 1 of the dynamic ones allows it on every resource",
	}
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

test_s10_roles_of_azure if {
	subscription := "${data.azurerm_subscription.current.id}"
	owner := "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-a8ff-443c-a75c-2fe8c4bcb635"
	as_expected("S10", [
		["azurerm_role_assignment", {"role_definition_name": "Key Vault Secrets User", "scope": subscription}, []],
		["azurerm_role_assignment", {"role_definition_name": "Contributor", "scope": "${azurerm_resource_group.this.id}"}, []],
		["azurerm_role_assignment", {"role_definition_name": "Contributor", "scope": subscription}, ["grants Contributor on a whole subscription"]],
		["azurerm_role_assignment", {"role_definition_name": "Contributor", "scope": "/subscriptions/1-2"}, ["grants Contributor on a whole subscription"]],
		["azurerm_role_assignment", {"role_definition_id": owner}, ["grants Owner"]],
		["azurerm_role_definition", {"permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"]}]}, []],
		["azurerm_role_definition", {"permissions": [{"actions": ["*"]}]}, ["allows *"]],
		["azurerm_role_definition", {"permissions": [{"data_actions": ["*/write"]}]}, ["allows */write"]],
		["azurerm_role_definition", {"permissions": [{"actions": ["Microsoft.Authorization/*"]}]}, ["allows Microsoft.Authorization/*"]],
	])
}

test_s10_roles_of_google if {
	creator := "roles/iam.serviceAccountTokenCreator"
	as_expected("S10", [
		["google_storage_bucket_iam_member", {"role": "roles/storage.objectViewer", "member": "${local.member}"}, []],
		["google_folder_iam_binding", {"role": "roles/owner", "members": ["user:a@example.com"]}, ["grants roles/owner"]],
		["google_project_iam_member", {"role": creator}, [sprintf("grants %s on all service accounts", [creator])]],
		["google_service_account_iam_member", {"role": creator}, []],
		["google_storage_bucket_iam_member", {"role": "roles/storage.objectViewer", "member": "allUsers"}, ["grants it to allUsers"]],
		["google_pubsub_topic_iam_binding", {"members": ["allAuthenticatedUsers"]}, ["grants it to allAuthenticatedUsers"]],
	])
}

test_s10_managed_policies_that_allow_everything_are_denied if {
	as_expected("S10", [
		["aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, []],
		["aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}, ["attaches AdministratorAccess"]],
		["aws_iam_group_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/IAMFullAccess"}, ["attaches IAMFullAccess"]],
	])
}

written(statement) := {"policy": json.marshal({"Version": "2012-10-17", "Statement": statement})}

test_s10_a_policy_that_is_written_as_json_is_read if {
	as_expected("S10", [
		["aws_iam_policy", written([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]), []],
		["aws_iam_policy", written({"Effect": "Deny", "Action": "*", "Resource": "*"}), []],
		["aws_kms_key", written([{"Action": "kms:Decrypt", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::1:root"}}]), []],
	])
	open := written([{"Sid": "All", "Action": ["s3:*"], "Resource": "*"}, {"NotAction": "iam:*", "Resource": "arn:aws:s3:::a"}])
	denied(resource("aws_iam_role_policy", open), "S10") == {
		"aws_iam_role_policy.this, statement All allows s3:*",
		"aws_iam_role_policy.this, statement All allows it on every resource",
		"aws_iam_role_policy.this, statement 2 allows everything but what it lists in not_actions",
	}
}

test_s10_in_a_policy_as_json_of_a_resource_a_star_is_that_resource if {
	text := "${jsonencode({ Statement = [{ Principal = { AWS = local.root }, Action = \"kms:*\", Resource = \"*\" }] })}"
	as_expected("S10", [["aws_kms_key", {"policy": text}, []]])
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
	as_expected("S11", [
		["google_iam_workload_identity_pool_provider", {"attribute_condition": "assertion.repository == 'acme/api'"}, []],
		["google_iam_workload_identity_pool_provider", {"attribute_condition": "assertion.sub in ['a', 'b']"}, []],
		[
			"google_iam_workload_identity_pool_provider",
			{"attribute_condition": "assertion.repository_owner == 'acme'"},
			["trusts more than one subject: assertion.repository_owner == 'acme'"],
		],
		[
			"google_iam_workload_identity_pool_provider",
			{"attribute_condition": "assertion.sub.startsWith('repo:acme/')"},
			["trusts more than one subject: assertion.sub.startsWith('repo:acme/')"],
		],
		["google_service_account_iam_member", {"member": "principal://iam.googleapis.com/p/subject/repo:acme/api"}, []],
		["google_service_account_iam_member", {"member": "principalSet://pool/attribute.repository/acme/api"}, []],
		["google_service_account_iam_member", {"member": "principalSet://pool/*"}, ["trusts the pattern \"principalSet://pool/*\""]],
		["azuread_application_federated_identity_credential", {"subject": "repo:acme/api:environment:prod"}, []],
		[
			"azuread_application_flexible_federated_identity_credential",
			{"claims_matching_expression": "claims['sub'] eq 'repo:acme/api:environment:prod'"},
			[],
		],
		[
			"azuread_application_flexible_federated_identity_credential",
			{"claims_matching_expression": "claims['sub'] matches 'repo:acme/*'"},
			["trusts the pattern \"claims['sub'] matches 'repo:acme/*'\""],
		],
	])
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

document(condition) := {"assume_role_policy": json.marshal({"Statement": [object.union(
	{"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn"}},
	condition,
)]})}

test_s11_a_trust_that_is_written_as_json_is_read if {
	as_expected("S11", [
		["aws_iam_role", document({"Condition": {"StringEquals": {"issuer:sub": "repo:acme/api:environment:prod"}}}), []],
	])
	denied(resource("aws_iam_role", document({})), "S11") == {"aws_iam_role.this, statement 1 trusts every subject of the issuer"}
	denied(resource("aws_iam_role", document({"Condition": {"StringLike": {"issuer:sub": "repo:acme/*"}}})), "S11") == {
		"aws_iam_role.this, statement 1 compares the subject with StringLike",
		"aws_iam_role.this, statement 1 trusts the pattern \"repo:acme/*\"",
	}
}

safe_account := {"public_network_access_enabled": false, "allow_nested_items_to_be_public": false}

test_s12_azure if {
	open := "may be reached from the internet (public_network_access_enabled)"
	as_expected("S12", [
		["azurerm_storage_account", safe_account, []],
		["azurerm_storage_account", object.union(safe_account, {"public_network_access_enabled": "${var.public}"}), []],
		[
			"azurerm_storage_account",
			{"allow_nested_items_to_be_public": "${var.public}", "network_rules": [{"default_action": "Deny"}]},
			[],
		],
		[
			"azurerm_storage_account",
			{"allow_nested_items_to_be_public": false, "network_rules": [{"default_action": "${var.default_action}"}]},
			[],
		],
		[
			"azurerm_storage_account",
			{"allow_nested_items_to_be_public": false, "network_rules": [{"default_action": "Allow"}]},
			[open],
		],
		["azurerm_storage_account", {}, [open, "allows public containers (allow_nested_items_to_be_public)"]],
		["azurerm_storage_account", object.union(safe_account, {"https_traffic_only_enabled": false}), ["may be reached in the clear (https_traffic_only_enabled)"]],
		["azurerm_storage_account", object.union(safe_account, {"min_tls_version": "TLS1_0"}), ["takes connections with TLS TLS1_0"]],
		["azurerm_mssql_server", {"public_network_access_enabled": false, "minimum_tls_version": "1.2"}, []],
		["azurerm_postgresql_flexible_server", {"delegated_subnet_id": "${var.subnet}"}, []],
		["azurerm_postgresql_flexible_server", {}, [open]],
		["azurerm_redis_cache", {"public_network_access_enabled": false, "non_ssl_port_enabled": true}, ["may be reached in the clear (non_ssl_port_enabled)"]],
		["azurerm_mssql_database", {}, []],
		["azurerm_mssql_database", {"transparent_data_encryption_enabled": false}, ["is not encrypted (transparent_data_encryption_enabled)"]],
		["azurerm_storage_container", {"container_access_type": "private"}, []],
		["azurerm_storage_container", {"container_access_type": "blob"}, ["is public"]],
		["azurerm_mssql_firewall_rule", {"start_ip_address": "10.0.0.1"}, []],
		["azurerm_mssql_firewall_rule", {"start_ip_address": "0.0.0.0"}, ["lets everybody in"]],
		["azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "source_address_prefix": "*"}, ["lets everybody in"]],
		["azurerm_network_security_rule", {"access": "Deny", "direction": "Inbound", "source_address_prefix": "*"}, []],
	])
}

safe_bucket := {"uniform_bucket_level_access": true, "public_access_prevention": "enforced"}

safe_sql(changes) := {"settings": [{"ip_configuration": [object.union({"ipv4_enabled": false}, changes)]}]}

test_s12_google if {
	as_expected("S12", [
		["google_storage_bucket", safe_bucket, []],
		["google_storage_bucket", {}, ["may be made public (public_access_prevention)", "may have public objects (uniform_bucket_level_access)"]],
		["google_storage_bucket", {"uniform_bucket_level_access": "${var.u}", "public_access_prevention": "${var.p}"}, []],
		["google_sql_database_instance", safe_sql({}), []],
		["google_sql_database_instance", {"settings": [{"tier": "db-f1-micro"}]}, ["has a public address (ipv4_enabled)"]],
		["google_sql_database_instance", safe_sql({"authorized_networks": [{"value": "0.0.0.0/0"}]}), ["lets everybody in"]],
		["google_sql_database_instance", safe_sql({"ssl_mode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}), ["may be reached in the clear (ssl_mode)"]],
		["google_bigquery_dataset", {"access": [{"special_group": "projectReaders"}]}, []],
		["google_bigquery_dataset", {"access": [{"special_group": "allAuthenticatedUsers"}]}, ["is public"]],
		["google_compute_firewall", {"allow": [{"protocol": "tcp"}], "source_ranges": ["10.0.0.0/8"]}, []],
		["google_compute_firewall", {"allow": [{"protocol": "tcp"}], "source_ranges": ["0.0.0.0/0"]}, ["lets everybody in"]],
		["google_compute_firewall", {"deny": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}, []],
		["google_kms_crypto_key", {"rotation_period": "7776000s"}, []],
		["google_kms_crypto_key", {"purpose": "ASYMMETRIC_SIGN"}, []],
		["google_kms_crypto_key", {}, ["is never rotated (rotation_period)"]],
		["google_redis_instance", {"transit_encryption_mode": "SERVER_AUTHENTICATION"}, []],
		["google_redis_instance", {}, ["may be reached in the clear (transit_encryption_mode)"]],
	])
}

search := {
	"encrypt_at_rest": [{"enabled": true}],
	"node_to_node_encryption": [{"enabled": true}],
	"domain_endpoint_options": [{"enforce_https": true}],
}

test_s12_more_of_aws if {
	cache := {"at_rest_encryption_enabled": true, "transit_encryption_enabled": true}
	as_expected("S12", [
		["aws_elasticache_replication_group", cache, []],
		["aws_elasticache_replication_group", object.remove(cache, ["at_rest_encryption_enabled"]), ["is not encrypted (at_rest_encryption_enabled)"]],
		["aws_elasticache_replication_group", object.remove(cache, ["transit_encryption_enabled"]), ["may be reached in the clear (transit_encryption_enabled)"]],
		["aws_opensearch_domain", search, []],
		["aws_opensearch_domain", object.remove(search, ["encrypt_at_rest"]), ["is not encrypted (encrypt_at_rest)"]],
		["aws_security_group_rule", {"type": "ingress", "cidr_blocks": ["0.0.0.0/0"]}, ["lets everybody in"]],
		["aws_security_group_rule", {"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}, []],
	])
}

test_s12_a_policy_for_everybody_is_denied if {
	public := object.union(read, {"principals": [{"type": "*", "identifiers": ["*"]}]})
	expected := {"data.aws_iam_policy_document.this, statement Read allows it to everybody"}
	denied(policy(public), "S12") == expected
	within := {"condition": [{"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-1"]}]}
	denied(policy(object.union(public, within)), "S12") == set()
	text := written([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}])
	denied(resource("aws_s3_bucket_policy", text), "S12") == {"aws_s3_bucket_policy.this, statement 1 allows it to everybody"}
}

# Put together here, so that no search for credentials finds one in this file.
key_id := concat("", ["AKIA", "IOSFODNN7", "EXAMPLE"])

test_s13_a_credential_is_denied if {
	denied({"locals": [{"id": key_id}]}, "S13") == {"locals.0.id holds a credential"}
	denied({"locals": [{"ids": [key_id]}]}, "S13") == {"locals.0.ids.0 holds a credential"}
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
	denied(versions({"version": 5}, "< 2.0"), "S14") == set()
	denied(versions(null, "< 2.0"), "S14") == {"the provider aws has no upper bound"}
	denied(versions("~> 5.0", ">= 1.11"), "S14") == {"required_version has no upper bound"}
}

test_s14_bounds_are_a_convention_in_a_module_that_others_call if {
	module := versions("5.0", ">= 1.11")
	conventions(module, "S14") == {"required_version has no upper bound"}
	conventions(object.union(module, {"provider": {"aws": [{}]}}), "S14") == set()
	applied := {"terraform": array.concat(module.terraform, [{"backend": {"s3": [{}]}}])}
	denied(applied, "S14") == {"required_version has no upper bound"}
	conventions(applied, "S14") == set()
	conventions(modules("terraform-aws-modules/vpc/aws"), "S14") == set()
}
