package kubernetes

# METADATA
# title: Secrets are neither in the repository nor in the environment
# description: >-
#   What is committed stays in the history, and base64 hides nothing. A variable shows up in crash reports, in child
#   processes and in `kubectl describe`.
# custom:
#   id: S7
#   lens: security
#   severity: deny
#   fix: keep it in a secret store, bring it in with an ExternalSecret, and mount it as a file
#   controls:
#     - CIS Kubernetes Benchmark 5.4.1
#     - CIS Kubernetes Benchmark 5.4.2
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
#     - OWASP Kubernetes Top Ten 2022 K08 Secrets Management Failures
deny contains result if {
	some place, it in objects
	it.kind == "Secret"
	some key in ["data", "stringData"]
	count(field(it, key, {})) > 0
	result := {
		"rule": "S7",
		"msg": sprintf("%s holds its values in the repository", [subject(it)]),
		"at": array.concat(place, [key]),
	}
}

deny contains result if {
	some at, entry in containers
	some index, variable in each(entry.it.env)
	variable.valueFrom.secretKeyRef
	result := {
		"rule": "S7",
		"msg": sprintf("%s has a secret in the variable %s", [called(entry), field(variable, "name", index)]),
		"at": array.concat(at, ["env", index]),
	}
}

deny contains result if {
	some at, entry in containers
	some index, source in each(entry.it.envFrom)
	source.secretRef
	result := {
		"rule": "S7",
		"msg": sprintf("%s has all of a secret in its environment", [called(entry)]),
		"at": array.concat(at, ["envFrom", index]),
	}
}

deny contains result if {
	some at, entry in containers
	some index, variable in each(entry.it.env)
	regex.match(`(?i)(password|passwd|secret|token|api_?key|private_?key|credential)s?$`, variable.name)
	sprintf("%v", [field(variable, "value", "")]) != ""
	result := {
		"rule": "S7",
		"msg": sprintf("%s has the variable %s with its value in the repository", [called(entry), field(variable, "name", index)]),
		"at": array.concat(at, ["env", index]),
	}
}
