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
#   fix: >-
#     compare the subject with whole values, such as repo:acme/payments-api:environment:prod: StringEquals on :sub in AWS,
#     subject in Azure, assertion.sub == '…' in the attribute_condition in Google Cloud
#   controls:
#     - OWASP CICD-SEC-2 Inadequate Identity and Access Management
#     - SOC 2 CC6.1
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
	some index, condition in bodies(statement.it.condition)
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
	some index, condition in bodies(statement.it.condition)
	endswith(condition.variable, ":sub")
	some value in each(condition.values)
	contains(value, "*")
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [statement.name, value]),
		"at": array.concat(statement.at, ["condition", index, "values"]),
	}
}

# JSON that Terraform makes of an expression can only be searched.
deny contains result if {
	some resource in resources.aws_iam_role
	text := resource.it.assume_role_policy
	computed(text)
	regex.match(`:sub"?\s*[=:]\s*\[?\s*"[^"]*\*`, text)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts a pattern of subjects", [resource.name]),
		"at": array.concat(resource.at, ["assume_role_policy"]),
	}
}

deny contains result if {
	some resource in resources.google_iam_workload_identity_pool_provider
	not resource.it.attribute_condition
	result := {
		"rule": "S11",
		"msg": sprintf("%s has no attribute_condition", [resource.name]),
		"at": resource.at,
	}
}

deny contains result if {
	some resource in resources.google_iam_workload_identity_pool_provider
	condition := resource.it.attribute_condition
	loose(condition)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts more than one subject: %s", [resource.name, condition]),
		"at": array.concat(resource.at, ["attribute_condition"]),
	}
}

# Whoever the pool lets in, or everybody of an organisation.
deny contains result if {
	some grant in google_grants
	some key in ["member", "members"]
	some member in list(grant.it[key])
	regex.match(`^principalSet://.*/(\*|attribute\.repository_owner/.*)$`, member)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [grant.name, member]),
		"at": array.concat(grant.at, [key]),
	}
}

deny contains result if {
	some type in ["azurerm_federated_identity_credential", "azuread_application_federated_identity_credential"]
	some resource in resources[type]
	contains(resource.it.subject, "*")
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [resource.name, resource.it.subject]),
		"at": array.concat(resource.at, ["subject"]),
	}
}

deny contains result if {
	some resource in resources.azuread_application_flexible_federated_identity_credential
	expression := resource.it.claims_matching_expression
	regex.match(`\bmatches\b.*[*?]`, expression)
	result := {
		"rule": "S11",
		"msg": sprintf("%s trusts the pattern %q", [resource.name, expression]),
		"at": array.concat(resource.at, ["claims_matching_expression"]),
	}
}

federated(statement) if "sts:AssumeRoleWithWebIdentity" in statement.actions

subject_bound(statement) if {
	some condition in bodies(statement.condition)
	endswith(condition.variable, ":sub")
}

# A part of the subject, or nothing of it but the organisation.
loose(condition) if regex.match(`\.(startsWith|endsWith|contains|matches)\(`, condition)

loose(condition) if {
	regex.match(`\brepository_owner(_id)?\b`, condition)
	not regex.match(`(\bsub|\brepository(_id)?|\bjob_workflow_ref|google\.subject)\b\s*(==|in\b)`, condition)
}
