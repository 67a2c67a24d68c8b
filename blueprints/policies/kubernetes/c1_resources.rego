package kubernetes

# METADATA
# title: Containers request CPU and memory, and have a memory limit
# description: >-
#   Without requests, pods land where there is no room, and nobody knows what the service takes. Without a memory limit,
#   one leak takes the node.
# custom:
#   id: C1
#   lens: cost
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: set resources.requests.cpu, resources.requests.memory and resources.limits.memory
#   controls:
#     - NSA/CISA Kubernetes Hardening Guide, resource policies
#     - OWASP Kubernetes Top Ten 2022 K01 Insecure Workload Configurations
#     - SOC 2 A1.1
deny contains result if {
	some at, entry in containers

	# What is put into a running pod to look into it may have none.
	entry.list != "ephemeralContainers"
	some wanted in [["requests", "cpu"], ["requests", "memory"], ["limits", "memory"]]
	field(field(field(entry.it, "resources", {}), wanted[0], {}), wanted[1], "") == ""
	result := {
		"rule": "C1",
		"msg": sprintf("%s has no resources.%s.%s", [called(entry), wanted[0], wanted[1]]),
		"at": array.concat(at, ["resources", wanted[0]]),
	}
}
