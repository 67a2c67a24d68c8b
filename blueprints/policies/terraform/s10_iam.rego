package terraform

# METADATA
# title: IAM allows named actions on named resources
# description: >-
#   A wildcard allows what the provider adds tomorrow, and turns any hole in the service into one in the account. The basic
#   roles of Google Cloud and Azure's Owner and Contributor are the same under another name.
# custom:
#   id: S10
#   lens: security
#   severity: deny
#   fix: list the actions that are called and the ARNs that they are called on; grant a narrow role on the one resource
#   controls:
#     - CIS AWS Foundations Benchmark 5.0 1.15
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 1.5
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 1.6
#     - CIS Microsoft Azure Foundations Benchmark 3.0 2.23
#     - OWASP CICD-SEC-5 Insufficient PBAC
#     - SOC 2 CC6.3
deny contains result if {
	some statement in statements
	allows(statement.it)
	some action in each(statement.it.actions)
	regex.match(`^([a-zA-Z0-9-]+:)?\*$`, action)
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

# JSON that Terraform makes of an expression can only be searched.
deny contains result if {
	some policy in json_policies
	not json.is_valid(policy.text)
	regex.match(`"?(Action|Resource)"?\s*[=:]\s*\[?\s*"([a-z0-9-]+:)?\*"`, policy.text)
	not regex.match(`"?Effect"?\s*[=:]\s*"Deny"`, policy.text)
	not regex.match(`"?Principal"?\s*[=:]`, policy.text)
	result := {
		"rule": "S10",
		"msg": sprintf("%s has a wildcard in its policy", [policy.name]),
		"at": policy.at,
	}
}

deny contains result if {
	some type in [
		"aws_iam_group_policy_attachment",
		"aws_iam_policy_attachment",
		"aws_iam_role_policy_attachment",
		"aws_iam_user_policy_attachment",
	]
	some resource in resources[type]
	found := regex.find_n(`policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$`, resource.it.policy_arn, 1)[0]
	result := {
		"rule": "S10",
		"msg": sprintf("%s attaches %s", [resource.name, trim_prefix(found, "policy/")]),
		"at": array.concat(resource.at, ["policy_arn"]),
	}
}

deny contains result if {
	some grant in google_grants
	grant.it.role in {"roles/owner", "roles/editor", "roles/viewer"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants %s", [grant.name, grant.it.role]),
		"at": array.concat(grant.at, ["role"]),
	}
}

# On a project these two mean every service account in it.
deny contains result if {
	some grant in google_grants
	regex.match(`^google_(project|folder|organization)_`, grant.type)
	grant.it.role in {"roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants %s on all service accounts", [grant.name, grant.it.role]),
		"at": array.concat(grant.at, ["role"]),
	}
}

deny contains result if {
	some grant in google_grants
	some key in ["member", "members"]
	some member in list(grant.it[key])
	member in {"allUsers", "allAuthenticatedUsers"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants it to %s", [grant.name, member]),
		"at": array.concat(grant.at, [key]),
	}
}

google_grants contains object.union(grant, {"type": type}) if {
	some type, grants in resources
	regex.match(`^google_.*_iam_(member|binding)$`, type)
	some grant in grants
}

# The roles that can grant any other, wherever they hold.
deny contains result if {
	some resource in resources.azurerm_role_assignment
	role := azure_role(resource.it)
	role in {"Owner", "User Access Administrator", "Role Based Access Control Administrator"}
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants %s", [resource.name, role]),
		"at": array.concat(resource.at, ["role_definition_name"]),
	}
}

deny contains result if {
	some resource in resources.azurerm_role_assignment
	azure_role(resource.it) == "Contributor"
	regex.match(wide_scope, resource.it.scope)
	result := {
		"rule": "S10",
		"msg": sprintf("%s grants Contributor on a whole subscription", [resource.name]),
		"at": array.concat(resource.at, ["scope"]),
	}
}

deny contains result if {
	some resource in resources.azurerm_role_definition
	some index, permissions in bodies(resource.it.permissions)
	some key in ["actions", "data_actions"]
	some action in each(permissions[key])
	regex.match(`^\*(/(write|delete|action|\*))?$|^Microsoft\.Authorization/\*`, action)
	result := {
		"rule": "S10",
		"msg": sprintf("%s allows %s", [resource.name, action]),
		"at": array.concat(resource.at, ["permissions", index, key]),
	}
}

wide_scope := concat("|", [
	`^/subscriptions/[^/]+/?$`,
	`^/providers/Microsoft\.Management/managementGroups/`,
	`azurerm_(subscription|management_group)\.[\w.\[\]]+\.id`,
])

azure_role(assignment) := assignment.role_definition_name if is_string(assignment.role_definition_name)

# The ids are the same in every tenant.
azure_role(assignment) := role if {
	some [id, role] in [
		["18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator"],
		["8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"],
		["b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"],
		["f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator"],
	]
	endswith(lower(assignment.role_definition_id), id)
}
