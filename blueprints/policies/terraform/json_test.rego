# Terraform's JSON syntax (*.tf.json): a block that stands alone needs no list around it.
package terraform_test

file := {
	"//": "made by a program",
	"terraform": {
		"required_version": "~> 1.14",
		"required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 6.0"}},
		"backend": {"s3": {"bucket": "state", "encrypt": true}},
	},
	"provider": {"aws": {"default_tags": {"tags": {"service": "api", "team": "shop", "environment": "prod"}}}},
	"module": {"vpc": {"source": "terraform-aws-modules/vpc/aws"}},
	"variable": {"db_password": {"default": "hunter2"}},
	"data": {"aws_iam_policy_document": {"ci": {
		"statement": {
			"actions": ["sts:AssumeRoleWithWebIdentity"],
			"principals": {"identifiers": ["*"]},
			"condition": {"test": "StringLike", "variable": "issuer:sub", "values": ["repo:acme/*"]},
		},
		"dynamic": {"statement": {"content": {"actions": ["s3:*"]}}},
	}}},
	"resource": {
		"aws_db_instance": {"data": {"storage_encrypted": true, "deletion_protection": true, "backup_retention_period": 1}},
		"aws_dynamodb_table": {"data": {"deletion_protection_enabled": true, "point_in_time_recovery": {"enabled": true}}},
		"aws_security_group": {"open": {"ingress": {"cidr_blocks": ["0.0.0.0/0"]}}},
		"azurerm_mssql_database": {"data": {
			"lifecycle": {"prevent_destroy": true},
			"short_term_retention_policy": {"retention_days": 1},
		}},
		"azurerm_role_definition": {"all": {"permissions": {"actions": ["*"]}}},
		"google_bigquery_dataset": {"data": {"access": {"special_group": "allAuthenticatedUsers"}}},
		"google_sql_database_instance": {"data": {"settings": {
			"backup_configuration": {"enabled": false},
			"ip_configuration": {
				"ssl_mode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
				"authorized_networks": {"value": "0.0.0.0/0"},
			},
		}}},
	},
}

test_blocks_without_a_list_are_judged_like_those_in_one if {
	denied(file, "S14") == {
		"the module vpc comes from \"terraform-aws-modules/vpc/aws\", which is no commit",
		"the provider aws has no upper bound",
	}
	denied(file, "R10") == {
		"the S3 backend does not set use_lockfile = true",
		"the s3 backend names no key, so two environments could share one state",
	}
	denied(file, "C3") == {"the provider aws has no tag cost-center", "azurerm_mssql_database.data has no tags"}
	denied(file, "S13") == {"the variable db_password has a credential as its default"}
	denied(file, "S11") == {
		"data.aws_iam_policy_document.ci, statement 1 compares the subject with StringLike",
		"data.aws_iam_policy_document.ci, statement 1 trusts the pattern \"repo:acme/*\"",
	}
	denied(file, "S10") == {
		"azurerm_role_definition.all allows *",
		"data.aws_iam_policy_document.ci, statement 1 of the dynamic ones allows s3:*",
	}
	denied(file, "R9") == {
		"aws_db_instance.data keeps backups for 1 days",
		"azurerm_mssql_database.data keeps backups for 1 days",
		"google_sql_database_instance.data has no backups",
	}
	denied(file, "S12") == {
		"aws_security_group.open lets everybody in",
		"google_bigquery_dataset.data is public",
		"google_sql_database_instance.data has a public address (ipv4_enabled)",
		"google_sql_database_instance.data lets everybody in",
		"google_sql_database_instance.data may be reached in the clear (ssl_mode)",
	}
}
