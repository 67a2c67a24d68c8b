package terraform

# METADATA
# title: Databases are protected from deletion and have backups
# description: >-
#   A renamed module or a wrong workspace destroys a database in one apply. Without backups that is the end of the data. What
#   tags say to be no production is left alone.
# custom:
#   id: R9
#   lens: reliability
#   severity: deny
#   fix: >-
#     turn deletion protection on (in Azure prevent_destroy, or a management lock beside it), and keep backups for seven days
#     or more
#   controls:
#     - SOC 2 A1.2
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 6.7
#     - CIS Microsoft Azure Foundations Benchmark 3.0 3.3.5
#     - CIS Microsoft Azure Foundations Benchmark 3.0 10.1
deny contains result if {
	some type, rule in protection
	some resource in resources[type]
	not rehearsal(resource)
	not on(field(resource.it, rule.key, rule.otherwise))
	result := {
		"rule": "R9",
		"msg": sprintf("%s can be deleted by an apply (%s)", [resource.name, rule.key]),
		"at": array.concat(resource.at, [rule.key]),
	}
}

# The setting, and what the provider takes where it is absent.
protection := {
	"aws_db_instance": {"key": "deletion_protection", "otherwise": false},
	"aws_docdb_cluster": {"key": "deletion_protection", "otherwise": false},
	"aws_dynamodb_table": {"key": "deletion_protection_enabled", "otherwise": false},
	"aws_neptune_cluster": {"key": "deletion_protection", "otherwise": false},
	"aws_rds_cluster": {"key": "deletion_protection", "otherwise": false},
	"aws_rds_global_cluster": {"key": "deletion_protection", "otherwise": false},
	"azurerm_key_vault": {"key": "purge_protection_enabled", "otherwise": false},
	"google_bigquery_table": {"key": "deletion_protection", "otherwise": true},
	"google_bigtable_instance": {"key": "deletion_protection", "otherwise": true},
	"google_spanner_database": {"key": "deletion_protection", "otherwise": true},
	"google_sql_database_instance": {"key": "deletion_protection", "otherwise": true},
}

# A bucket goes with everything in it.
deny contains result if {
	some type in ["aws_s3_bucket", "google_storage_bucket"]
	some resource in resources[type]
	not rehearsal(resource)
	resource.it.force_destroy == true
	result := {
		"rule": "R9",
		"msg": sprintf("%s can be deleted with all that is in it (force_destroy)", [resource.name]),
		"at": array.concat(resource.at, ["force_destroy"]),
	}
}

# Azure's databases have no such setting. A plan shows neither `lifecycle` nor what a lock is on.
deny contains result if {
	not is_plan
	some type in [
		"azurerm_cosmosdb_account",
		"azurerm_mssql_database",
		"azurerm_mysql_flexible_server",
		"azurerm_postgresql_flexible_server",
	]
	some resource in resources[type]
	not rehearsal(resource)
	not kept(resource)
	result := {
		"rule": "R9",
		"msg": sprintf("%s can be deleted by an apply (prevent_destroy)", [resource.name]),
		"at": resource.at,
	}
}

kept(resource) if enabled(resource.it, "lifecycle", "prevent_destroy")

kept(resource) if {
	some lock in resources.azurerm_management_lock
	contains(lock.it.scope, sprintf("%s.", [resource.name]))
}

deny contains result if {
	some type, rule in backups
	some resource in resources[type]
	not rehearsal(resource)
	not replica(resource.it)
	days := field(resource.it, rule.key, rule.otherwise)
	is_number(days)
	days < 7
	result := {
		"rule": "R9",
		"msg": sprintf("%s keeps backups for %v days", [resource.name, days]),
		"at": array.concat(resource.at, [rule.key]),
	}
}

backups := {
	"aws_db_instance": {"key": "backup_retention_period", "otherwise": 0},
	"aws_docdb_cluster": {"key": "backup_retention_period", "otherwise": 1},
	"aws_neptune_cluster": {"key": "backup_retention_period", "otherwise": 1},
	"aws_rds_cluster": {"key": "backup_retention_period", "otherwise": 1},
	"azurerm_mysql_flexible_server": {"key": "backup_retention_days", "otherwise": 7},
	"azurerm_postgresql_flexible_server": {"key": "backup_retention_days", "otherwise": 7},
}

deny contains result if {
	some resource in resources.azurerm_mssql_database
	not rehearsal(resource)
	some index, policy in bodies(resource.it.short_term_retention_policy)
	policy.retention_days < 7
	result := {
		"rule": "R9",
		"msg": sprintf("%s keeps backups for %v days", [resource.name, policy.retention_days]),
		"at": array.concat(resource.at, ["short_term_retention_policy", index, "retention_days"]),
	}
}

# The default keeps two copies of the last eight hours.
deny contains result if {
	some resource in resources.azurerm_cosmosdb_account
	not rehearsal(resource)
	not backed_up(resource.it)
	result := {
		"rule": "R9",
		"msg": sprintf("%s keeps backups for less than seven days", [resource.name]),
		"at": array.concat(resource.at, ["backup"]),
	}
}

backed_up(account) if {
	some backup in blocks(account, "backup")
	backup.type == "Continuous"
}

backed_up(account) if {
	some backup in blocks(account, "backup")
	backup.retention_in_hours >= 168
}

deny contains result if {
	some resource in resources.aws_dynamodb_table
	not rehearsal(resource)
	not enabled(resource.it, "point_in_time_recovery", "enabled")
	result := {
		"rule": "R9",
		"msg": sprintf("%s has no point-in-time recovery", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources.google_sql_database_instance
	not rehearsal(resource)
	not replica(resource.it)
	some index, setting in bodies(resource.it.settings)
	not enabled(setting, "backup_configuration", "enabled")
	result := {
		"rule": "R9",
		"msg": sprintf("%s has no backups", [resource.name]),
		"at": array.concat(resource.at, ["settings", index, "backup_configuration"]),
	}
}

# A replica has its data from another instance, which is backed up.
replica(it) if {
	some key in ["master_instance_name", "replicate_source_db"]
	it[key]
}
