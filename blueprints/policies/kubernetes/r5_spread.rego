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
#   concerns: [Deployment, StatefulSet, Rollout]
#   fix: add topologySpreadConstraints over topology.kubernetes.io/zone, or a podAntiAffinity over kubernetes.io/hostname
#   controls: []
deny contains result if {
	some at, pod in pods

	# A DaemonSet runs once on each node.
	pod.object.kind in (servers - {"DaemonSet"})
	field(pod.object.spec, "replicas", 2) != 1
	not spread(pod.spec)
	result := {
		"rule": "R5",
		"msg": sprintf("%s says nothing about how its replicas are spread", [subject(pod.object)]),
		"at": at,
	}
}

spread(spec) if {
	some constraint in each(spec.topologySpreadConstraints)
	constraint.topologyKey
}

spread(spec) if {
	some key in ["requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"]
	count(each(spec.affinity.podAntiAffinity[key])) > 0
}
