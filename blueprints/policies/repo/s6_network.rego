package repo

# METADATA
# title: Every server is behind a network policy
# description: >-
#   Pods that no policy selects take connections from the whole cluster and may reach everything in it.
# custom:
#   id: S6
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, Rollout]
#   fix: add a NetworkPolicy whose podSelector means the pods, for Ingress and Egress
#   controls:
#     - CIS Kubernetes Benchmark 5.3.2
deny contains result if {
	some index, labels in servers
	some direction in ["Ingress", "Egress"]
	not is_behind(index, labels, direction)
	result := {
		"rule": "S6",
		"msg": sprintf("%s is behind no NetworkPolicy for %s", [subject(objects[index]), direction]),
		"at": [index, "contents"],
	}
}

is_behind(index, labels, direction) if {
	some place in places_of[index]
	labels in sheltered[array.concat(place, [direction])]
}

# The labels that policies select, by place and direction.
sheltered[side] contains labels if {
	some [request, direction] in asked_by_policies
	some labels in selected[request]
	side := [request[0], request[1], direction]
}
