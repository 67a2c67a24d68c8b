package dockerfile

# METADATA
# title: No credential is built into the image
# description: >-
#   ARG and ENV stay in the image's history, where everybody who may pull it can read them, and so does a file that one layer
#   copies in and a later one deletes.
# custom:
#   id: S13
#   lens: security
#   severity: deny
#   fix: "hand it to the one instruction that needs it: RUN --mount=type=secret,id=…"
#   controls:
#     - CIS Docker Benchmark 4.10
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
deny contains result if {
	some index, command in commands
	command.Cmd in {"env", "arg"}
	some name in variables(command)
	regex.match(`(?i)^[a-z0-9_]*(password|passwd|secret|token|api_?key|private_?key|access_?key)$`, name)
	result := {
		"rule": "S13",
		"msg": sprintf("%s holds a credential: %s", [upper(command.Cmd), name]),
		"at": [index],
	}
}

deny contains result if {
	some index, command in commands
	command.Cmd in {"copy", "add"}
	not from_elsewhere(command)
	some position, source in each(command.Value)

	# The last one is where to.
	position < count(command.Value) - 1
	regex.match(`(^|/)(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pypirc|\.git-credentials|\.aws/credentials|kubeconfig|.*\.(p12|pfx|jks))$`, source)
	result := {
		"rule": "S13",
		"msg": sprintf("%s brings a credential in: %s", [upper(command.Cmd), source]),
		"at": [index],
	}
}

deny contains result if {
	some index, command in commands
	some word in each(command.Value)
	regex.match(`(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}`, word)
	result := {
		"rule": "S13",
		"msg": sprintf("%s holds a credential", [upper(command.Cmd)]),
		"at": [index],
	}
}

# ENV has a name, a value and a separator for each variable, ARG a word.
variables(command) := {name |
	some position, name in each(command.Value)
	position % 3 == 0
} if {
	command.Cmd == "env"
}

variables(command) := {name |
	some word in each(command.Value)
	name := split(word, "=")[0]
} if {
	command.Cmd == "arg"
}
