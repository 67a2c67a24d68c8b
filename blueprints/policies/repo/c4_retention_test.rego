package repo_test

terraform(path, type, name, block) := {"path": path, "contents": {"resource": {type: {name: [block]}}}}

repository := terraform("infra/modules/x/main.tf", "aws_ecr_repository", "api", {"name": "api"})

test_c4_a_repository_that_deletes_passes if {
	policy_ := terraform("infra/modules/x/lifecycle.tf", "aws_ecr_lifecycle_policy", "api", {"repository": "${aws_ecr_repository.api.name}"})
	denied_files([repository, policy_], "C4") == set()
}

test_c4_a_repository_that_keeps_everything_is_denied if {
	expected := {"aws_ecr_repository.api keeps everything for ever: it has no aws_ecr_lifecycle_policy"}
	denied_files([repository], "C4") == expected
	other := terraform("infra/modules/x/lifecycle.tf", "aws_ecr_lifecycle_policy", "api", {"repository": "${aws_ecr_repository.api2.name}"})
	denied_files([repository, other], "C4") == expected
	elsewhere := terraform("infra/modules/y/lifecycle.tf", "aws_ecr_lifecycle_policy", "api", {"repository": "${aws_ecr_repository.api.name}"})
	denied_files([repository, elsewhere], "C4") == expected
}

bucket_of(name) := terraform("main.tf", "aws_s3_bucket", name, {"bucket": "${var.name}"})

test_c4_buckets_of_logs_and_artifacts_delete if {
	denied_files([bucket_of("access_logs")], "C4") == {
		"aws_s3_bucket.access_logs keeps everything for ever: it has no aws_s3_bucket_lifecycle_configuration",
	}
	denied_files([bucket_of("catalogue")], "C4") == set()
	named := terraform("main.tf", "aws_s3_bucket", "this", {"bucket": "acme-build-artifacts"})
	count(denied_files([named], "C4")) == 1
	account := terraform("main.tf", "azurerm_storage_account", "this", {"name": "acme-logs"})
	denied_files([account], "C4") == {
		"azurerm_storage_account.this keeps everything for ever: it has no azurerm_storage_management_policy",
	}
}

test_c4_odd_shapes_break_nothing if {
	every odd in [null, "text", [null], {"a": null}] {
		denied_files([{"path": "x.tf", "contents": {"resource": odd}}], "C4") == set()
		denied_files([terraform("x.tf", "aws_s3_bucket", "x", odd)], "C4") == set()
	}
}
