package repo

# METADATA
# title: Each server has a disruption budget that selects its pods and lets one go
# description: >-
#   Without a budget, draining nodes may stop all replicas at once. A budget that selects nothing guards nothing, and one that
#   lets no pod go blocks every drain and every upgrade of the cluster.
# custom:
#   id: R1
#   lens: reliability
#   severity: deny
#   concerns: [Deployment, StatefulSet, Rollout]
#   fix: "add a PodDisruptionBudget with maxUnavailable: 1 and the selector of the workload"
#   controls: []
deny contains result if {
	some index, labels in servers
	fewest[index] > 1
	not is_guarded(index, labels)
	result := {
		"rule": "R1",
		"msg": sprintf("%s has no PodDisruptionBudget", [subject(objects[index])]),
		"at": [index, "contents"],
	}
}

deny contains result if {
	some index, it in budgets
	count([labels | some request in requests_of(index, it); some labels in selected[request]]) == 0
	result := {
		"rule": "R1",
		"msg": sprintf("%s selects no pod", [subject(it)]),
		"at": [index, "contents", "spec", "selector"],
	}
}

deny contains result if {
	some index, it in budgets
	object.get(it.spec, "maxUnavailable", 1) in {0, "0", "0%"}
	result := {
		"rule": "R1",
		"msg": sprintf("%s lets no pod go", [subject(it)]),
		"at": [index, "contents", "spec", "maxUnavailable"],
	}
}

deny contains result if {
	some index, it in budgets
	some request in requests_of(index, it)
	some labels in selected[request]
	some replicas in replicas_of[[request[0], request[1], labels]]
	keeps_all(it.spec.minAvailable, replicas)
	result := {
		"rule": "R1",
		"msg": sprintf("%s lets no pod go while %v run", [subject(it), replicas]),
		"at": [index, "contents", "spec", "minAvailable"],
	}
}

is_guarded(index, labels) if {
	some place in places_of[index]
	labels in guarded_at[place]
}

# The labels that budgets select, by place.
guarded_at[place] contains labels if {
	some request in asked_by_budgets
	some labels in selected[request]
	place := [request[0], request[1]]
}

requests_of(index, budget) := {array.concat(place, [budget.spec.selector]) | some place in places_of[index]}

# How many pods with the same labels run, by place and labels.
replicas_of[pods] contains fewest[server] if {
	some server, labels in servers
	some place in places_of[server]
	pods := array.concat(place, [labels])
}

keeps_all(available, _) if available == "100%"

keeps_all(available, replicas) if {
	is_number(available)
	available >= replicas
}
