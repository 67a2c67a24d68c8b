package terraform

# METADATA
# title: Logs end
# description: >-
#   A log group without retention keeps every line for ever, and the bill grows each month without any change.
# custom:
#   id: C4
#   lens: cost
#   severity: deny
#   fix: set retention_in_days
#   controls: []
deny contains result if {
	some resource in resources("aws_cloudwatch_log_group")
	object.get(resource.it, "retention_in_days", 0) == 0
	result := {
		"rule": "C4",
		"msg": sprintf("%s keeps its logs for ever", [resource.name]),
		"at": resource.at,
	}
}
