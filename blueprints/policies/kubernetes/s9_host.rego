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
#   fix: expose the service by an HTTPRoute; use volumes of the pod's own
#   controls:
#     - CIS Kubernetes Benchmark 5.2.3
#     - CIS Kubernetes Benchmark 5.2.4
#     - CIS Kubernetes Benchmark 5.2.5
#     - NSA/CISA Kubernetes Hardening Guide, Kubernetes Pod security
deny contains result if {
	input.kind == "Service"
	input.spec.type == "NodePort"
	result := {
		"rule": "S9",
		"msg": sprintf("%s opens a port on every node", [subject]),
		"at": ["spec", "type"],
	}
}

deny contains result if {
	input.kind == "Service"
	count(input.spec.externalIPs) > 0
	result := {
		"rule": "S9",
		"msg": sprintf("%s takes external IPs", [subject]),
		"at": ["spec", "externalIPs"],
	}
}

deny contains result if {
	some key in ["hostNetwork", "hostPID", "hostIPC"]
	pod[key] == true
	result := {
		"rule": "S9",
		"msg": sprintf("%s sets %s", [subject, key]),
		"at": array.concat(pod_path, [key]),
	}
}

deny contains result if {
	some index, volume in each(pod.volumes)
	volume.hostPath
	result := {
		"rule": "S9",
		"msg": sprintf("%s mounts files of the node", [subject]),
		"at": array.concat(pod_path, ["volumes", index]),
	}
}

deny contains result if {
	some entry in all_containers
	some index, port in each(entry.it.ports)
	object.get(port, "hostPort", 0) > 0
	result := {
		"rule": "S9",
		"msg": sprintf("%s opens port %v of the node", [called(entry), port.hostPort]),
		"at": array.concat(entry.at, ["ports", index]),
	}
}
