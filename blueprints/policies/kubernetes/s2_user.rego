package kubernetes

# METADATA
# title: Processes run under a user and group above 10000
# description: >-
#   Low ids belong to users of the node. A process that leaves its container would act with their rights.
# custom:
#   id: S2
#   lens: security
#   severity: deny
#   fix: set securityContext.runAsUser and runAsGroup to 65532, or another id from 10000 on
#   controls:
#     - NSA/CISA Kubernetes Hardening Guide, non-root containers
deny contains result if {
	some entry in all_containers
	some key in ["runAsUser", "runAsGroup"]
	id := effective_or(entry.it, key, "unset")
	not high(id)
	result := {
		"rule": "S2",
		"msg": sprintf("%s has %s %v", [called(entry), key, id]),
		"at": array.concat(entry.at, ["securityContext", key]),
	}
}

high(id) if {
	is_number(id)
	id >= 10000
}
