package terraform

# METADATA
# title: No credential stands in the code
# description: >-
#   What is committed stays in the history and in every clone. A static key has no end, and nobody notices its copy.
# custom:
#   id: S13
#   lens: security
#   severity: deny
#   fix: take it from a secret store at run time, and let pipelines log in by OIDC; then replace the credential
#   controls:
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
#     - SOC 2 CC6.1
deny contains result if {
	walk(input, [path, value])
	is_string(value)
	regex.match(`(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}`, value)
	result := {
		"rule": "S13",
		"msg": sprintf("%s holds a credential", [concat(".", [sprintf("%v", [step]) | some step in path])]),
		"at": path,
	}
}

deny contains result if {
	walk(input, [path, value])
	is_string(value)
	count(path) > 0
	key := path[count(path) - 1]
	is_string(key)
	regex.match(`(?i)^((.*_)?(password|passwd|secret_key|access_key|private_key|api_key|auth_token)|secret_string)$`, key)
	count(value) > 0
	not computed(value)
	result := {
		"rule": "S13",
		"msg": sprintf("%s is written out", [concat(".", [sprintf("%v", [step]) | some step in path])]),
		"at": path,
	}
}

deny contains result if {
	some name, blocks in each(input.variable)
	regex.match(`(?i)(password|passwd|secret_key|access_key|private_key|api_key|token)$`, name)
	some index, block in each(blocks)
	is_string(block.default)
	count(block.default) > 0
	result := {
		"rule": "S13",
		"msg": sprintf("the variable %s has a credential as its default", [name]),
		"at": ["variable", name, index, "default"],
	}
}

deny contains result if {
	some type in ["aws_iam_access_key", "google_service_account_key", "azuread_application_password"]
	some resource in resources(type)
	result := {
		"rule": "S13",
		"msg": sprintf("%s is a static key", [resource.name]),
		"at": resource.at,
	}
}
