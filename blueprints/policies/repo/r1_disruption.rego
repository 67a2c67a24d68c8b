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
	count([budget | some budget, it in budgets; guards(it, index, labels)]) == 0
	result := {
		"rule": "R1",
		"msg": sprintf("%s has no PodDisruptionBudget", [subject(objects[index])]),
		"at": [index, "contents"],
	}
}

deny contains result if {
	some index, it in budgets
	count([server | some server, labels in servers; guards(it, server, labels)]) == 0
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
	some server, labels in servers
	guards(it, server, labels)
	keeps_all(it.spec.minAvailable, fewest[server])
	result := {
		"rule": "R1",
		"msg": sprintf("%s lets no pod go while %v run", [subject(it), fewest[server]]),
		"at": [index, "contents", "spec", "minAvailable"],
	}
}

guards(budget, server, labels) if {
	namespace(budget) == namespace(objects[server])
	selects(budget.spec.selector, labels)
}

keeps_all(available, _) if available == "100%"

keeps_all(available, replicas) if {
	is_number(available)
	available >= replicas
}
