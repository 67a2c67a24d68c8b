package kubernetes

# METADATA
# title: Pods have a service account of their own, and no token
# description: >-
#   The default account is shared by all pods of the namespace, and by default its token for the Kubernetes API lies in
#   every container. A workload that does call the API has an exception that says why.
# custom:
#   id: S4
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: "name a serviceAccountName of its own, and set automountServiceAccountToken: false on the pod and the account"
#   controls:
#     - CIS Kubernetes Benchmark 5.1.5
#     - CIS Kubernetes Benchmark 5.1.6
#     - NSA/CISA Kubernetes Hardening Guide, protecting Pod service account tokens
deny contains result if {
	some at, pod in pods
	field(pod.spec, "serviceAccountName", "default") in {"", "default"}
	result := {
		"rule": "S4",
		"msg": sprintf("%s runs under the default service account", [subject(pod.object)]),
		"at": array.concat(at, ["serviceAccountName"]),
	}
}

deny contains result if {
	some at, pod in pods
	field(pod.spec, "automountServiceAccountToken", true) != false
	result := {
		"rule": "S4",
		"msg": sprintf("%s mounts a token for the Kubernetes API", [subject(pod.object)]),
		"at": array.concat(at, ["automountServiceAccountToken"]),
	}
}

deny contains result if {
	some place, it in objects
	it.kind == "ServiceAccount"
	field(it, "automountServiceAccountToken", true) != false
	result := {
		"rule": "S4",
		"msg": sprintf("%s mounts its token into pods that do not ask for it", [subject(it)]),
		"at": array.concat(place, ["automountServiceAccountToken"]),
	}
}
