package terraform

# METADATA
# title: A federated identity trusts exact subjects
# description: >-
#   A trust in `repo:acme/*` lets every repository of the organisation, and every branch and pull request in it, take the
#   role. Without a condition on the subject, everybody on that issuer may.
# custom:
#   id: S11
#   lens: security
#   severity: deny
#   fix: "compare :sub with StringEquals to whole subjects, such as repo:acme/payments-api:environment:prod"
#   controls:
#     - OWASP CICD-SEC-2 Inadequate Identity and Access Management
deny contains result if {
	some statement in statements
	federated(statement.it)
	not subject_bound(statement.it)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts every subject of the issuer", [statement.name]),
		"at": statement.at,
	}
}

deny contains result if {
	some statement in statements
	some index, condition in each(statement.it.condition)
	endswith(condition.variable, ":sub")
	test := condition.test
	not endswith(test, "StringEquals")
	result := {
		"rule": "S11",
		"msg": sprintf("%s compares the subject with %s", [statement.name, test]),
		"at": array.concat(statement.at, ["condition", index, "test"]),
	}
}

deny contains result if {
	some statement in statements
	some index, condition in each(statement.it.condition)
	endswith(condition.variable, ":sub")
	some value in each(condition.values)
	contains(value, "*")
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [statement.name, value]),
		"at": array.concat(statement.at, ["condition", index, "values"]),
	}
}

deny contains result if {
	some resource in resources("aws_iam_role")
	text := resource.it.assume_role_policy
	regex.match(`:sub"?\s*[=:]\s*\[?\s*"[^"]*\*`, text)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts a pattern of subjects", [resource.name]),
		"at": array.concat(resource.at, ["assume_role_policy"]),
	}
}

deny contains result if {
	some resource in resources("google_iam_workload_identity_pool_provider")
	not resource.it.attribute_condition
	result := {
		"rule": "S11",
		"msg": sprintf("%s has no attribute_condition", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources("azurerm_federated_identity_credential")
	contains(resource.it.subject, "*")
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [resource.name, resource.it.subject]),
		"at": array.concat(resource.at, ["subject"]),
	}
}

federated(statement) if "sts:AssumeRoleWithWebIdentity" in statement.actions

subject_bound(statement) if {
	some condition in each(statement.condition)
	endswith(condition.variable, ":sub")
}
