package kubernetes

# METADATA
# title: Replicas are spread over nodes or zones
# description: >-
#   The scheduler may put all replicas on one node. Then one node's failure, or its drain, is an outage however many
#   replicas there are.
# custom:
#   id: R5
#   lens: reliability
#   severity: deny
#   fix: add topologySpreadConstraints over topology.kubernetes.io/zone, or a podAntiAffinity over kubernetes.io/hostname
#   controls: []
deny contains result if {
	input.kind in {"Deployment", "StatefulSet", "Rollout"}
	pod
	object.get(input.spec, "replicas", 2) != 1
	not spread
	result := {
		"rule": "R5",
		"msg": sprintf("%s says nothing about how its replicas are spread", [subject]),
		"at": pod_path,
	}
}

spread if count(pod.topologySpreadConstraints) > 0

spread if count(object.keys(pod.affinity.podAntiAffinity)) > 0
