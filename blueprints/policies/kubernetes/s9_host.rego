package kubernetes

# METADATA
# title: Nothing reaches around the cluster's gateway or into the node
# description: >-
#   A NodePort or an external IP passes by the gateway and its limits. The host's network, processes and files are outside
#   of what a container is held in.
# custom:
#   id: S9
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout, Service]
#   fix: expose the service by an HTTPRoute; use volumes of the pod's own
#   controls:
#     - CIS Kubernetes Benchmark 5.2.3
#     - CIS Kubernetes Benchmark 5.2.4
#     - CIS Kubernetes Benchmark 5.2.5
#     - CIS Kubernetes Benchmark 5.2.12
#     - CIS Kubernetes Benchmark 5.2.13
#     - NSA/CISA Kubernetes Hardening Guide, Kubernetes Pod security
#     - OWASP Kubernetes Top Ten 2022 K01 Insecure Workload Configurations
#     - SOC 2 CC6.6
deny contains result if {
	some place, it in objects
	it.kind == "Service"
	it.spec.type == "NodePort"
	result := {
		"rule": "S9",
		"msg": sprintf("%s opens a port on every node", [subject(it)]),
		"at": array.concat(place, ["spec", "type"]),
	}
}

deny contains result if {
	some place, it in objects
	it.kind == "Service"
	count(it.spec.externalIPs) > 0
	result := {
		"rule": "S9",
		"msg": sprintf("%s takes external IPs", [subject(it)]),
		"at": array.concat(place, ["spec", "externalIPs"]),
	}
}

deny contains result if {
	some at, pod in pods
	some key in ["hostNetwork", "hostPID", "hostIPC"]
	pod.spec[key] == true
	result := {
		"rule": "S9",
		"msg": sprintf("%s sets %s", [subject(pod.object), key]),
		"at": array.concat(at, [key]),
	}
}

deny contains result if {
	some at, pod in pods
	some index, volume in each(pod.spec.volumes)
	volume.hostPath
	result := {
		"rule": "S9",
		"msg": sprintf("%s mounts files of the node", [subject(pod.object)]),
		"at": array.concat(at, ["volumes", index]),
	}
}

deny contains result if {
	some at, entry in containers
	some index, port in each(entry.it.ports)
	field(port, "hostPort", 0) > 0
	result := {
		"rule": "S9",
		"msg": sprintf("%s opens port %v of the node", [called(entry), port.hostPort]),
		"at": array.concat(at, ["ports", index]),
	}
}
