package terraform_test

import data.terraform

# A file with one resource, and the messages of a rule about a file.
resource(type, settings) := {"resource": {type: {"this": [settings]}}}

denied(it, rule) := {result.msg | some result in terraform.deny with input as it; result.rule == rule}

test_an_empty_file_passes if count(terraform.deny) == 0 with input as {}

# What another place decides, and shapes that nobody expects, are no findings and break nothing.
test_odd_shapes_break_nothing if {
	every it in [{"resource": null}, {"resource": "text"}, {"resource": {"aws_iam_role": "text"}}, {"terraform": "text"}] {
		count(terraform.deny) == 0 with input as it
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
		"aws_rds_cluster.this keeps backups for 0 days",
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
