package terraform

# METADATA
# title: Data is encrypted and not public
# description: >-
#   An unencrypted disk or snapshot can be read by whoever gets a copy. A public bucket or database is found within hours.
# custom:
#   id: S12
#   lens: security
#   severity: deny
#   fix: turn the encryption on, with a key of the service's own; block public access
#   controls:
#     - CIS AWS Foundations Benchmark 5.0 2.1.4
#     - CIS AWS Foundations Benchmark 5.0 2.2.1
#     - CIS AWS Foundations Benchmark 5.0 2.2.3
#     - CIS AWS Foundations Benchmark 5.0 2.3.1
#     - CIS AWS Foundations Benchmark 5.0 3.6
#     - CIS AWS Foundations Benchmark 5.0 5.3
#     - CIS AWS Foundations Benchmark 5.0 5.4
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 1.10
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 5.2
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 6.4
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 6.5
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 6.6
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 7.1
#     - CIS Microsoft Azure Foundations Benchmark 3.0 4.15
#     - CIS Microsoft Azure Foundations Benchmark 3.0 5.1.2
#     - CIS Microsoft Azure Foundations Benchmark 3.0 5.1.5
#     - CIS Microsoft Azure Foundations Benchmark 3.0 5.1.7
#     - SOC 2 CC6.1
#     - SOC 2 CC6.6
#     - SOC 2 CC6.7
deny contains result if {
	some type, rule in encryption
	some resource in resources[type]
	not on(field(resource.it, rule.key, rule.otherwise))
	result := {
		"rule": "S12",
		"msg": sprintf("%s is not encrypted (%s)", [resource.name, rule.key]),
		"at": array.concat(resource.at, [rule.key]),
	}
}

# The setting, and what the provider takes where it is absent.
encryption := {
	"aws_db_instance": {"key": "storage_encrypted", "otherwise": false},
	"aws_docdb_cluster": {"key": "storage_encrypted", "otherwise": false},
	"aws_ebs_volume": {"key": "encrypted", "otherwise": false},
	"aws_efs_file_system": {"key": "encrypted", "otherwise": false},
	"aws_elasticache_replication_group": {"key": "at_rest_encryption_enabled", "otherwise": false},
	"aws_kms_key": {"key": "enable_key_rotation", "otherwise": false},
	"aws_neptune_cluster": {"key": "storage_encrypted", "otherwise": false},
	"aws_rds_cluster": {"key": "storage_encrypted", "otherwise": false},
	"azurerm_mssql_database": {"key": "transparent_data_encryption_enabled", "otherwise": true},
}

# Data on its way.
deny contains result if {
	some type, rule in {
		"aws_elasticache_replication_group": {"key": "transit_encryption_enabled", "otherwise": false},
		"azurerm_storage_account": {"key": "https_traffic_only_enabled", "otherwise": true},
	}
	some resource in resources[type]
	not on(field(resource.it, rule.key, rule.otherwise))
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be reached in the clear (%s)", [resource.name, rule.key]),
		"at": array.concat(resource.at, [rule.key]),
	}
}

deny contains result if {
	some resource in resources.azurerm_redis_cache
	resource.it.non_ssl_port_enabled == true
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be reached in the clear (non_ssl_port_enabled)", [resource.name]),
		"at": array.concat(resource.at, ["non_ssl_port_enabled"]),
	}
}

deny contains result if {
	some type in ["azurerm_storage_account", "azurerm_mssql_server"]
	some resource in resources[type]
	some key in ["min_tls_version", "minimum_tls_version"]
	version := resource.it[key]
	version in {"TLS1_0", "TLS1_1", "1.0", "1.1", "Disabled"}
	result := {
		"rule": "S12",
		"msg": sprintf("%s takes connections with TLS %s", [resource.name, version]),
		"at": array.concat(resource.at, [key]),
	}
}

deny contains result if {
	some type, keys in with_key
	some resource in resources[type]
	count([key | some key in keys; resource.it[key]]) == 0
	result := {
		"rule": "S12",
		"msg": sprintf("%s has no encryption key (%s)", [resource.name, keys[0]]),
		"at": resource.at,
	}
}

with_key := {
	"aws_cloudwatch_log_group": ["kms_key_id"],
	"aws_secretsmanager_secret": ["kms_key_id"],
	"aws_sns_topic": ["kms_master_key_id"],
	"aws_sqs_queue": ["kms_master_key_id", "sqs_managed_sse_enabled"],
}

deny contains result if {
	some resource in resources.google_kms_crypto_key
	field(resource.it, "purpose", "ENCRYPT_DECRYPT") == "ENCRYPT_DECRYPT"
	not resource.it.rotation_period
	result := {
		"rule": "S12",
		"msg": sprintf("%s is never rotated (rotation_period)", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources.aws_opensearch_domain
	some kind, key in {"encrypt_at_rest": "enabled", "node_to_node_encryption": "enabled", "domain_endpoint_options": "enforce_https"}
	not enabled(resource.it, kind, key)
	result := {
		"rule": "S12",
		"msg": sprintf("%s is not encrypted (%s)", [resource.name, kind]),
		"at": array.concat(resource.at, [kind]),
	}
}

deny contains result if {
	some resource in resources.google_redis_instance
	field(resource.it, "transit_encryption_mode", "DISABLED") == "DISABLED"
	result := {
		"rule": "S12",
		"msg": sprintf("%s may be reached in the clear (transit_encryption_mode)", [resource.name]),
		"at": array.concat(resource.at, ["transit_encryption_mode"]),
	}
}
