package kubernetes

# METADATA
# title: Processes run under a user and group above 10000
# description: >-
#   Low ids belong to users of the node. A process that leaves its container would act with their rights.
# custom:
#   id: S2
#   lens: security
#   severity: deny
#   convention: an id from 1 to 9999
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: set securityContext.runAsUser and runAsGroup to 65532, or another id from 10000 on
#   controls:
#     - CIS Kubernetes Benchmark 5.2.7
#     - NSA/CISA Kubernetes Hardening Guide, non-root containers
#     - OWASP Kubernetes Top Ten 2022 K01 Insecure Workload Configurations
deny contains result if {
	some at, entry in containers
	some key in ["runAsUser", "runAsGroup"]
	id := effective(entry, key, "unset")
	not high(id)
	result := {
		"rule": "S2",
		"msg": sprintf("%s has %s %v", [called(entry), key, id]),
		"at": array.concat(where(at, entry, key), ["securityContext", key]),
		"convention": ordinary(id),
	}
}

# The container, but for an id that only the pod sets.
where(at, entry, key) := entry.way if {
	field(context(entry.it), key, null) == null
	field(context(entry.pod.spec), key, null) != null
} else := at

# Not root, but perhaps somebody on the node.
ordinary(id) := id > 0 if {
	is_number(id)
} else := false

high(id) if {
	is_number(id)
	id >= 10000
}
