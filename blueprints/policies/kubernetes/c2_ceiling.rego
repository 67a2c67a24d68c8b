package kubernetes

# METADATA
# title: Autoscaling has a ceiling
# description: >-
#   A loop, an attack or a slow dependency scales out without end, and the bill with it.
# custom:
#   id: C2
#   lens: cost
#   severity: deny
#   concerns: [HorizontalPodAutoscaler, ScaledObject]
#   fix: set maxReplicas (KEDA maxReplicaCount) to what the peak needs, at most 50
#   controls:
#     - SOC 2 A1.1
deny contains result if {
	some place, it in objects
	key := ceiling_keys[it.kind]
	most := field(field(it, "spec", {}), key, "unlimited")
	not within(most)
	result := {
		"rule": "C2",
		"msg": sprintf("%s scales out to %v replicas; the ceiling is %v", [subject(it), most, ceiling]),
		"at": array.concat(place, ["spec", key]),
	}
}

ceiling := 50

ceiling_keys := {"HorizontalPodAutoscaler": "maxReplicas", "ScaledObject": "maxReplicaCount"}

within(most) if {
	is_number(most)
	most <= ceiling
}
