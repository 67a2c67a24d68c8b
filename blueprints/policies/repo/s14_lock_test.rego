package repo_test

lock(path) := {"path": path, "contents": {"provider": {"registry.terraform.io/hashicorp/aws": [{"version": "6.0.0"}]}}}

files_of(folder) := [
	{"path": concat("/", [folder, "backend.tf"]), "contents": {"terraform": [{"backend": {"s3": [{"key": folder}]}}]}},
	{"path": concat("/", [folder, "providers.tf"]), "contents": {"provider": {"aws": [{}]}}},
]

test_s14_a_root_module_with_a_lock_file_passes if {
	denied_files(array.concat(files_of("infra/prod"), [lock("infra/prod/.terraform.lock.hcl")]), "S14") == set()
}

test_s14_a_module_that_is_called_needs_none if {
	module := {"path": "infra/modules/x/terraform.tf", "contents": {"terraform": [{"required_version": "~> 1.11"}]}}
	denied_files([module], "S14") == set()
}

test_s14_a_root_module_without_a_lock_file_is_denied_once if {
	denied_files(array.concat(files_of("infra/prod"), [lock("infra/dev/.terraform.lock.hcl")]), "S14") == {
		"infra/prod is applied, and no .terraform.lock.hcl says with which providers",
	}
}

test_s14_the_folder_at_the_top_counts if {
	cloud := {"path": "main.tf", "contents": {"terraform": [{"cloud": [{"organization": "acme"}]}]}}
	denied_files([cloud], "S14") == {"the folder at the top is applied, and no .terraform.lock.hcl says with which providers"}
	denied_files([cloud, lock(".terraform.lock.hcl")], "S14") == set()
}

test_s14_odd_shapes_break_nothing if {
	every odd in [null, "text", [null], {"a": null}] {
		denied_files([{"path": "x.tf", "contents": {"terraform": odd}}], "S14") == set()
	}
}

# In Terraform's JSON syntax a single block stands without a list.
test_s14_a_root_module_may_be_json if {
	file := {"path": "infra/prod/main.tf.json", "contents": {
		"terraform": {"backend": {"s3": {"key": "prod"}}},
		"provider": {"aws": {"region": "eu-central-1"}},
		"resource": {"aws_s3_bucket": {"logs": {"bucket": "acme-logs"}}},
	}}
	denied_files([file], "S14") == {"infra/prod is applied, and no .terraform.lock.hcl says with which providers"}
	denied_files([file], "R10") == set()
	denied_files([file], "C4") == {
		"aws_s3_bucket.logs keeps everything for ever: it has no aws_s3_bucket_lifecycle_configuration",
	}
	denied_files([file, object.union(file, {"path": "infra/dev/main.tf.json"})], "R10") == {
		"this state is also that of infra/dev/main.tf.json",
		"this state is also that of infra/prod/main.tf.json",
	}
}
