package dockerfile

# METADATA
# title: No credential is built into the image
# description: >-
#   ARG and ENV stay in the image's history, where everybody who may pull it can read them.
# custom:
#   id: S13
#   lens: security
#   severity: deny
#   fix: "hand it to the one instruction that needs it: RUN --mount=type=secret,id=…"
#   controls:
#     - CIS Docker Benchmark 4.10
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
deny contains result if {
	some index, command in input
	command.Cmd in {"env", "arg"}
	some word in each(command.Value)
	regex.match(`(?i)^[a-z0-9_]*(password|passwd|secret|token|api_?key|private_?key|access_?key)(=.*)?$`, word)
	result := {
		"rule": "S13",
		"msg": sprintf("%s holds a credential: %s", [upper(command.Cmd), split(word, "=")[0]]),
		"at": [index],
	}
}
