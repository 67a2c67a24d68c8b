package terraform_test

test_c3_a_provider_without_tags_is_denied if {
	denied({"provider": {"aws": [{"region": "eu-west-1"}]}}, "C3") == {"the provider aws sets no default_tags"}
	denied({"provider": {"aws": [{"default_tags": [{"tags": "${module.naming.tags}"}]}]}}, "C3") == set()
	denied({"provider": {"google": [{}]}}, "C3") == {"the provider google sets no default_labels"}
}

test_c4_logs_for_ever_are_denied if {
	denied(resource("aws_cloudwatch_log_group", {"kms_key_id": "k"}), "C4") == {
		"aws_cloudwatch_log_group.this keeps its logs for ever",
	}
	denied(resource("aws_cloudwatch_log_group", {"kms_key_id": "k", "retention_in_days": 30}), "C4") == set()
}
