package kubernetes

# METADATA
# title: The root file system is read-only
# description: >-
#   Whoever gets to run a command in the container can then not leave a tool behind, nor change the program.
# custom:
#   id: S3
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: "set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where the process writes"
#   controls:
#     - NSA/CISA Kubernetes Hardening Guide, immutable container file systems
#     - OWASP Kubernetes Top Ten 2022 K01 Insecure Workload Configurations
deny contains result if {
	some at, entry in containers
	field(context(entry.it), "readOnlyRootFilesystem", false) != true
	result := {
		"rule": "S3",
		"msg": sprintf("%s can write to its root file system", [called(entry)]),
		"at": array.concat(at, ["securityContext", "readOnlyRootFilesystem"]),
	}
}
