package repo

# METADATA
# title: Production runs three replicas or more
# description: >-
#   With two, the loss of a zone during an update leaves none. Elsewhere two are enough to find what only shows with more than
#   one.
# custom:
#   id: R2
#   lens: reliability
#   severity: deny
#   concerns: [Deployment, StatefulSet, Rollout]
#   fix: set replicas, or the autoscaler's minReplicas, to 3 in production and 2 elsewhere
#   controls: []
deny contains result if {
	some index, labels in servers
	object.get(labels, "environment", "") in production
	fewest[index] < 3
	result := {
		"rule": "R2",
		"msg": sprintf("%s runs with %v replicas in production", [subject(objects[index]), fewest[index]]),
		"at": place_of_replicas(index),
	}
}

warn contains result if {
	some index, labels in servers
	not object.get(labels, "environment", "") in production
	fewest[index] < 2
	result := {
		"rule": "R2",
		"msg": sprintf("%s runs with %v replicas", [subject(objects[index]), fewest[index]]),
		"at": place_of_replicas(index),
	}
}

production := {"prod", "production", "prd", "live"}

place_of_replicas(index) := [first, "contents", "spec", "minReplicas"] if {
	first := min([first_scaler_of[target] | some target in scaled_as[index]])
}

place_of_replicas(index) := [index, "contents", "spec", "replicas"] if not scaled_as[index]

first_scaler_of[target] := min(found) if some target, found in scalers_of
