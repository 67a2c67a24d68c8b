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
#   fix: "add a PodDisruptionBudget with maxUnavailable: 1 and the selector of the workload"
#   controls: []
deny contains result if {
	some server in servers
	fewest(server.it) > 1
	count(budgets(server)) == 0
	result := {
		"rule": "R1",
		"msg": sprintf("%s has no PodDisruptionBudget", [subject(server.it)]),
		"at": server.at,
	}
}

deny contains result if {
	some budget in of_kind("PodDisruptionBudget")
	count([server | some server in servers; guards(budget, server)]) == 0
	result := {
		"rule": "R1",
		"msg": sprintf("%s selects no pod", [subject(budget.it)]),
		"at": array.concat(budget.at, ["spec", "selector"]),
	}
}

deny contains result if {
	some budget in of_kind("PodDisruptionBudget")
	object.get(budget.it.spec, "maxUnavailable", 1) in {0, "0", "0%"}
	result := {
		"rule": "R1",
		"msg": sprintf("%s lets no pod go", [subject(budget.it)]),
		"at": array.concat(budget.at, ["spec", "maxUnavailable"]),
	}
}

deny contains result if {
	some server in servers
	some budget in budgets(server)
	keeps_all(budget.it.spec.minAvailable, fewest(server.it))
	result := {
		"rule": "R1",
		"msg": sprintf("%s lets no pod go while %v run", [subject(budget.it), fewest(server.it)]),
		"at": array.concat(budget.at, ["spec", "minAvailable"]),
	}
}

budgets(server) := {budget |
	some budget in of_kind("PodDisruptionBudget")
	guards(budget, server)
}

guards(budget, server) if {
	namespace(budget.it) == namespace(server.it)
	selects(budget.it.spec.selector, server.labels)
}

keeps_all(available, _) if available == "100%"

keeps_all(available, replicas) if {
	is_number(available)
	available >= replicas
}
