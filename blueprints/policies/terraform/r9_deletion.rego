package terraform

# METADATA
# title: Databases are protected from deletion and have backups
# description: >-
#   A renamed module or a wrong workspace destroys a database in one apply. Without backups that is the end of the data.
# custom:
#   id: R9
#   lens: reliability
#   severity: deny
#   fix: turn deletion protection on, and keep backups for seven days or more
#   controls:
#     - SOC 2 A1.2
deny contains result if {
	some type, key in protection
	some resource in resources(type)
	not on(object.get(resource.it, key, false))
	result := {
		"rule": "R9",
		"msg": sprintf("%s can be deleted by an apply (%s)", [resource.name, key]),
		"at": array.concat(resource.at, [key]),
	}
}

protection := {
	"aws_db_instance": "deletion_protection",
	"aws_rds_cluster": "deletion_protection",
	"aws_dynamodb_table": "deletion_protection_enabled",
	"google_sql_database_instance": "deletion_protection",
}

deny contains result if {
	some type in ["aws_db_instance", "aws_rds_cluster"]
	some resource in resources(type)
	days := object.get(resource.it, "backup_retention_period", 0)
	is_number(days)
	days < 7
	result := {
		"rule": "R9",
		"msg": sprintf("%s keeps backups for %v days", [resource.name, days]),
		"at": array.concat(resource.at, ["backup_retention_period"]),
	}
}

deny contains result if {
	some resource in resources("aws_dynamodb_table")
	count([1 |
		some recovery in each(resource.it.point_in_time_recovery)
		on(recovery.enabled)
	]) == 0
	result := {
		"rule": "R9",
		"msg": sprintf("%s has no point-in-time recovery", [resource.name]),
		"at": resource.at,
	}
}
