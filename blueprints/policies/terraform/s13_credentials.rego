package terraform

# METADATA
# title: No credential stands in the code
# description: >-
#   What is committed stays in the history and in every clone. A static key has no end, and nobody notices its copy. Of a plan
#   only the configuration is searched: its values may come from a secret store, which is as it should be.
# custom:
#   id: S13
#   lens: security
#   severity: deny
#   fix: take it from a secret store at run time, and let pipelines log in by OIDC; then replace the credential
#   controls:
#     - CIS Google Cloud Platform Foundation Benchmark 3.0 1.4
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
#     - SOC 2 CC6.1
deny contains result if {
	some text in texts
	regex.match(known_credentials, text.value)
	result := {
		"rule": "S13",
		"msg": sprintf("%s holds a credential", [concat(".", [sprintf("%v", [step]) | some step in text.at])]),
		"at": text.at,
	}
}

deny contains result if {
	some text in texts
	regex.match(sprintf(`(?i)^(?:%s)$`, [keys_of_credentials]), text.key)
	count(text.value) > 0
	not computed(text.value)
	result := {
		"rule": "S13",
		"msg": sprintf("%s is written out", [concat(".", [sprintf("%v", [step]) | some step in text.at])]),
		"at": text.at,
	}
}

keys_of_credentials := concat("|", [
	`(?:[^"]*_)?(?:password|passwd|secret_key|access_key|private_key|api_key|auth_token|client_secret)`,
	`secret_string|secret_data`,
])

# AWS, a private key, GitHub, GitLab, Google, Slack, Azure Storage.
known_credentials := concat("|", [
	`(AKIA|ASIA)[0-9A-Z]{16}`,
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,
	`gh[pousr]_[A-Za-z0-9]{36}`,
	`glpat-[A-Za-z0-9_-]{20}`,
	`AIza[0-9A-Za-z_-]{35}`,
	`xox[baprs]-[0-9A-Za-z-]{10}`,
	`AccountKey=[A-Za-z0-9+/]{40}`,
])

# Whether any text could be one: to go through them one by one is the slow part. The pattern of credentials minds the case; where
# it does not, it takes longer to put together than to look for.
suspicious if regex.match(known_credentials, whole)

suspicious if regex.match(sprintf(`(?i)"(?:%s)":"`, [keys_of_credentials]), whole)

whole := json.marshal(input)

# Every text of a file, with the key that it is the value of.
texts contains {"at": path, "key": key, "value": value} if {
	suspicious
	not is_plan
	walk(input, [path, value])
	is_string(value)
	key := path[count(path) - 1]
	is_string(key)
}

texts contains {"at": path, "key": "", "value": value} if {
	suspicious
	not is_plan
	walk(input, [path, value])
	is_string(value)
	is_number(path[count(path) - 1])
}

texts contains {"at": array.concat(["configuration"], path), "key": key, "value": value} if {
	is_plan
	walk(input.configuration, [path, value])
	is_string(value)
	path[count(path) - 1] == "constant_value"
	key := path[count(path) - 2]
	is_string(key)
}

deny contains result if {
	some name, found in each(input.variable)
	regex.match(`(?i)(password|passwd|secret_key|access_key|private_key|api_key|token)$`, name)
	some index, block in bodies(found)
	is_string(block.default)
	count(block.default) > 0
	result := {
		"rule": "S13",
		"msg": sprintf("the variable %s has a credential as its default", [name]),
		"at": ["variable", name, index, "default"],
	}
}

deny contains result if {
	some type in [
		"aws_iam_access_key",
		"azuread_application_password",
		"azuread_service_principal_password",
		"google_service_account_key",
		"google_storage_hmac_key",
	]
	some resource in resources[type]
	result := {
		"rule": "S13",
		"msg": sprintf("%s is a static key", [resource.name]),
		"at": resource.at,
	}
}
