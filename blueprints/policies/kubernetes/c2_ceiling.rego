package kubernetes

# METADATA
# title: Autoscaling has a ceiling
# description: >-
#   A loop, an attack or a slow dependency scales out without end, and the bill with it.
# custom:
#   id: C2
#   lens: cost
#   severity: deny
#   fix: set maxReplicas (KEDA maxReplicaCount) to what the peak needs, at most 50
#   controls: []
deny contains result if {
	some key in ceiling_keys
	most := object.get(input.spec, key, "unlimited")
	not within(most)
	result := {
		"rule": "C2",
		"msg": sprintf("%s scales out to %v replicas; the ceiling is %v", [subject, most, ceiling]),
		"at": ["spec", key],
	}
}

ceiling := 50

ceiling_keys contains "maxReplicas" if input.kind == "HorizontalPodAutoscaler"

ceiling_keys contains "maxReplicaCount" if input.kind == "ScaledObject"

within(most) if {
	is_number(most)
	most <= ceiling
}
