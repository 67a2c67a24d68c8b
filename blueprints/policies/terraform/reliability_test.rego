package terraform_test

import data.terraform

# A file with one resource, and the messages of a rule about a file.
resource(type, settings) := {"resource": {type: {"this": [settings]}}}

denied(it, rule) := {result.msg | some result in terraform.deny with input as it; result.rule == rule}

# What warns in repositories that goldpath did not make.
conventions(it, rule) := {result.msg |
	some result in terraform.deny with input as it
	result.rule == rule
	result.convention
}

# Each resource of a table, with what a rule says about it; the name of the resource is left out.
as_expected(rule, cases) if {
	every entry in cases {
		found := denied(resource(entry[0], entry[1]), rule)
		expected := {sprintf("%s.this %s", [entry[0], message]) | some message in entry[2]}
		found == expected
	}
}

test_an_empty_file_passes if count(terraform.deny) == 0 with input as {}

# What another place decides, and shapes that nobody expects, are no findings and break nothing.
test_odd_shapes_break_nothing if {
	every it in [{"resource": null}, {"resource": "text"}, {"resource": {"aws_iam_role": "text"}}, {"terraform": "text"}] {
		count(terraform.deny) == 0 with input as it
	}
}

odd_values := [null, "text", {"a": null}]

# Null, text and maps in the place of what a rule looks at.
test_odd_resources_break_nothing if {
	keys := ["settings", "policy", "tags", "permissions", "ingress", "members", "name", "attribute_condition", "scope", "access"]
	types := [
		"aws_dynamodb_table",
		"aws_iam_policy",
		"aws_security_group",
		"azurerm_cosmosdb_account",
		"azurerm_mssql_database",
		"azurerm_role_assignment",
		"azurerm_role_definition",
		"azurerm_storage_account",
		"google_iam_workload_identity_pool_provider",
		"google_project_iam_member",
		"google_sql_database_instance",
		"google_storage_bucket",
	]
	every odd in odd_values {
		resources := {type: {"this": [{key: odd | some key in keys}]} | some type in types}
		is_set(terraform.deny) with input as {"resource": resources}
	}
}

test_odd_resource_blocks_break_nothing if {
	every odd in odd_values {
		is_set(terraform.deny) with input as {"resource": {"aws_iam_policy": {"this": [odd]}, "azurerm_key_vault": {"this": odd}, "x": odd}}
	}
}

test_odd_blocks_break_nothing if {
	every block in ["resource", "data", "module", "provider", "terraform", "variable", "planned_values", "configuration"] {
		every odd in odd_values {
			is_set(terraform.deny) with input as {block: odd}
			is_set(terraform.deny) with input as {block: {"aws": odd}}
		}
	}
}

test_odd_settings_of_terraform_break_nothing if {
	every odd in odd_values {
		is_set(terraform.deny) with input as {"terraform": [{"backend": odd, "required_providers": odd}, odd]}
		is_set(terraform.deny) with input as {"terraform": [{"backend": {"s3": odd}, "required_providers": [odd]}]}
	}
}

test_odd_policies_break_nothing if {
	every odd in odd_values {
		statement := {"Action": odd, "Resource": odd, "Principal": odd, "Condition": odd}
		is_set(terraform.deny) with input as resource("aws_iam_policy", {"policy": json.marshal({"Statement": [statement, odd]})})
		is_set(terraform.deny) with input as resource("aws_iam_policy", {"policy": json.marshal(odd)})
		document := {"statement": [{"actions": odd, "resources": odd, "principals": odd, "condition": odd}, odd]}
		is_set(terraform.deny) with input as {"data": {"aws_iam_policy_document": {"this": [document]}}}
		change := {"address": odd, "change": {"after_unknown": odd}}
		value := {"mode": "managed", "type": "aws_db_instance", "address": "x", "values": odd}
		is_set(terraform.deny) with input as {"planned_values": {"resources": [value, odd]}, "resource_changes": [change, odd]}
	}
}

database := {"deletion_protection": true, "backup_retention_period": 14, "storage_encrypted": true}

test_r9_a_protected_database_passes if {
	denied(resource("aws_db_instance", database), "R9") == set()
	variable := object.union(database, {"deletion_protection": "${var.protect}", "backup_retention_period": "${var.days}"})
	denied(resource("aws_db_instance", variable), "R9") == set()
}

test_r9_a_database_without_protection_is_denied if {
	expected := {"aws_db_instance.this can be deleted by an apply (deletion_protection)"}
	denied(resource("aws_db_instance", object.remove(database, ["deletion_protection"])), "R9") == expected
	denied(resource("aws_db_instance", object.union(database, {"deletion_protection": false})), "R9") == expected
}

test_r9_short_backups_are_denied if {
	denied(resource("aws_rds_cluster", object.union(database, {"backup_retention_period": 1})), "R9") == {
		"aws_rds_cluster.this keeps backups for 1 days",
	}
	denied(resource("aws_rds_cluster", object.remove(database, ["backup_retention_period"])), "R9") == {
		"aws_rds_cluster.this keeps backups for 1 days",
	}
}

test_r9_a_table_needs_recovery if {
	table := {"deletion_protection_enabled": true, "point_in_time_recovery": [{"enabled": true}]}
	denied(resource("aws_dynamodb_table", table), "R9") == set()
	denied(resource("aws_dynamodb_table", object.remove(table, ["point_in_time_recovery"])), "R9") == {
		"aws_dynamodb_table.this has no point-in-time recovery",
	}
}

backend(type, settings) := {"terraform": [{"backend": {type: [settings]}}]}

bucket := {"bucket": "state", "key": "api/prod/terraform.tfstate", "encrypt": true, "use_lockfile": true}

test_r10_a_locked_remote_state_passes if {
	denied(backend("s3", bucket), "R10") == set()
	table := object.union(object.remove(bucket, ["use_lockfile"]), {"dynamodb_table": "locks"})
	denied(backend("s3", table), "R10") == set()
	denied(backend("gcs", {"bucket": "state", "prefix": "api/prod"}), "R10") == set()
}

test_r10_a_local_state_is_denied if denied(backend("local", {"path": "x"}), "R10") == {"the state is a local file"}

test_r10_a_state_without_lock_or_encryption_is_denied if {
	denied(backend("s3", object.remove(bucket, ["use_lockfile", "encrypt"])), "R10") == {
		"the S3 backend does not set use_lockfile = true",
		"the S3 backend does not set encrypt = true",
	}
}

test_r10_a_state_without_a_key_is_denied if {
	denied(backend("s3", object.remove(bucket, ["key"])), "R10") == {
		"the s3 backend names no key, so two environments could share one state",
	}
	denied(backend("gcs", {"bucket": "state"}), "R10") == {
		"the gcs backend names no prefix, so two environments could share one state",
	}
}

test_r9_every_database_is_protected if {
	as_expected("R9", [
		["aws_rds_global_cluster", {"deletion_protection": true}, []],
		["aws_rds_global_cluster", {}, ["can be deleted by an apply (deletion_protection)"]],
		["aws_docdb_cluster", {"deletion_protection": true, "backup_retention_period": 7}, []],
		["aws_neptune_cluster", {"deletion_protection": true}, ["keeps backups for 1 days"]],
		["azurerm_key_vault", {"purge_protection_enabled": true}, []],
		["azurerm_key_vault", {}, ["can be deleted by an apply (purge_protection_enabled)"]],
		["google_bigtable_instance", {}, []],
		["google_spanner_database", {"deletion_protection": false}, ["can be deleted by an apply (deletion_protection)"]],
		["aws_s3_bucket", {}, []],
		["aws_s3_bucket", {"force_destroy": true}, ["can be deleted with all that is in it (force_destroy)"]],
		["google_storage_bucket", {"force_destroy": true}, ["can be deleted with all that is in it (force_destroy)"]],
	])
}

kept := {"lifecycle": [{"prevent_destroy": true}]}

test_r9_azure if {
	as_expected("R9", [
		["azurerm_postgresql_flexible_server", kept, []],
		["azurerm_postgresql_flexible_server", {}, ["can be deleted by an apply (prevent_destroy)"]],
		["azurerm_mysql_flexible_server", object.union(kept, {"backup_retention_days": 3}), ["keeps backups for 3 days"]],
		["azurerm_mssql_database", kept, []],
		[
			"azurerm_mssql_database",
			object.union(kept, {"short_term_retention_policy": [{"retention_days": 2}]}),
			["keeps backups for 2 days"],
		],
		["azurerm_cosmosdb_account", object.union(kept, {"backup": [{"type": "Continuous"}]}), []],
		["azurerm_cosmosdb_account", object.union(kept, {"backup": [{"type": "Periodic", "retention_in_hours": 168}]}), []],
		["azurerm_cosmosdb_account", kept, ["keeps backups for less than seven days"]],
	])
}

test_r9_a_management_lock_protects_too if {
	server := {"azurerm_postgresql_flexible_server": {"this": [{}]}}
	every scope, faults in {"this": 0, "other": 1} {
		lock := {"this": [{"scope": sprintf("${azurerm_postgresql_flexible_server.%s.id}", [scope])}]}
		count(denied({"resource": object.union(server, {"azurerm_management_lock": lock})}, "R9")) == faults
	}
}

cloud_sql(backup) := {"settings": [{"tier": "db-f1-micro", "backup_configuration": backup}]}

test_r9_google if {
	as_expected("R9", [
		["google_sql_database_instance", cloud_sql([{"enabled": true}]), []],
		["google_sql_database_instance", cloud_sql([]), ["has no backups"]],
		["google_sql_database_instance", object.union(cloud_sql([]), {"master_instance_name": "first"}), []],
	])
}

test_r9_a_replica_needs_no_backups if {
	as_expected("R9", [["aws_db_instance", {"deletion_protection": true, "replicate_source_db": "first"}, []]])
}

test_r9_what_is_no_production_may_go if {
	as_expected("R9", [
		["aws_db_instance", {"tags": {"environment": "dev"}}, []],
		["aws_db_instance", {"tags_all": {"Environment": "Prod"}, "backup_retention_period": 7}, ["can be deleted by an apply (deletion_protection)"]],
		["google_sql_database_instance", {"settings": [{"user_labels": {}}], "labels": {"env": "staging"}}, []],
		["aws_dynamodb_table", {"tags": {"env": "${var.env}"}, "deletion_protection_enabled": true}, ["has no point-in-time recovery"]],
	])
}

test_r9_a_dynamic_block_is_not_judged if {
	as_expected("R9", [["aws_dynamodb_table", {"deletion_protection_enabled": true, "dynamic": {"point_in_time_recovery": [{}]}}, []]])
}

test_r10_backends_that_lock_only_when_told if {
	denied(backend("http", {"address": "x", "lock_address": "x"}), "R10") == set()
	denied(backend("http", {"address": "x"}), "R10") == {"the http backend locks nothing without lock_address"}
	denied(backend("oss", {"key": "x"}), "R10") == {"the oss backend locks nothing without tablestore_table"}
	denied(backend("consul", {"path": "x"}), "R10") == set()
	denied(backend("consul", {"path": "x", "lock": false}), "R10") == {"the consul backend sets lock = false"}
}

test_r10_backends_that_lock_by_themselves_pass if {
	denied(backend("azurerm", {"key": "api/prod.tfstate"}), "R10") == set()
	denied(backend("azurerm", {"container_name": "state"}), "R10") == {
		"the azurerm backend names no key, so two environments could share one state",
	}
	denied(backend("remote", {"organization": "acme", "workspaces": [{"name": "api-prod"}]}), "R10") == set()
	denied({"terraform": [{"cloud": [{"organization": "acme"}]}]}, "R10") == set()
}
