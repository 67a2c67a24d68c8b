package terraform

# METADATA
# title: IAM allows named actions on named resources
# description: >-
#   A wildcard allows what the provider adds tomorrow, and turns any hole in the service into one in the account.
# custom:
#   id: S10
#   lens: security
#   severity: deny
#   fix: list the actions that are called and the ARNs that they are called on
#   controls:
#     - SOC 2 CC6.3
#     - OWASP CICD-SEC-5 Insufficient PBAC
deny contains result if {
	some statement in statements
	allows(statement.it)
	some action in each(statement.it.actions)
	wild_action(action)
	result := {
		"rule": "S10",
		"msg": sprintf("%s allows %s", [statement.name, action]),
		"at": array.concat(statement.at, ["actions"]),
	}
}

# In the policy of a resource, which names principals, `*` means that resource.
deny contains result if {
	some statement in statements
	allows(statement.it)
	not statement.it.principals
	"*" in statement.it.resources
	result := {
		"rule": "S10",
		"msg": sprintf("%s allows it on every resource", [statement.name]),
		"at": array.concat(statement.at, ["resources"]),
	}
}

deny contains result if {
	some statement in statements
	allows(statement.it)
	some key in ["not_actions", "not_resources"]
	statement.it[key]
	result := {
		"rule": "S10",
		"msg": sprintf("%s allows everything but what it lists in %s", [statement.name, key]),
		"at": array.concat(statement.at, [key]),
	}
}

# Policies that are written as JSON in place.
deny contains result if {
	some type, field in {
		"aws_iam_policy": "policy",
		"aws_iam_role_policy": "policy",
		"aws_iam_user_policy": "policy",
		"aws_iam_group_policy": "policy",
	}
	some resource in resources(type)
	text := resource.it[field]
	regex.match(`"?(Action|Resource)"?\s*[=:]\s*\[?\s*"([a-z0-9-]+:)?\*"`, text)
	not regex.match(`"?Effect"?\s*[=:]\s*"Deny"`, text)
	result := {
		"rule": "S10",
		"msg": sprintf("%s has a wildcard in its policy", [resource.name]),
		"at": array.concat(resource.at, [field]),
	}
}

deny contains result if {
	some type in ["google_project_iam_member", "google_project_iam_binding", "google_organization_iam_member"]
	some resource in resources(type)
	resource.it.role in {"roles/owner", "roles/editor"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants %s", [resource.name, resource.it.role]),
		"at": array.concat(resource.at, ["role"]),
	}
}

deny contains result if {
	some resource in resources("azurerm_role_assignment")
	resource.it.role_definition_name in {"Owner", "Contributor", "User Access Administrator"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants %s", [resource.name, resource.it.role_definition_name]),
		"at": array.concat(resource.at, ["role_definition_name"]),
	}
}

wild_action(action) if regex.match(`^([a-zA-Z0-9-]+:)?\*$`, action)
