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
#   fix: "name a serviceAccountName of its own, and set automountServiceAccountToken: false on the pod and the account"
#   controls:
#     - CIS Kubernetes Benchmark 5.1.5
#     - CIS Kubernetes Benchmark 5.1.6
deny contains result if {
	pod
	object.get(pod, "serviceAccountName", "default") in {"", "default"}
	result := {
		"rule": "S4",
		"msg": sprintf("%s runs under the default service account", [subject]),
		"at": array.concat(pod_path, ["serviceAccountName"]),
	}
}

deny contains result if {
	pod
	object.get(pod, "automountServiceAccountToken", true) != false
	result := {
		"rule": "S4",
		"msg": sprintf("%s mounts a token for the Kubernetes API", [subject]),
		"at": array.concat(pod_path, ["automountServiceAccountToken"]),
	}
}

deny contains result if {
	input.kind == "ServiceAccount"
	object.get(input, "automountServiceAccountToken", true) != false
	result := {
		"rule": "S4",
		"msg": sprintf("%s mounts its token into pods that do not ask for it", [subject]),
		"at": ["automountServiceAccountToken"],
	}
}
