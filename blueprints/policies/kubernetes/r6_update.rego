package kubernetes

# METADATA
# title: An update never takes capacity away
# description: >-
#   By default a rolling update stops a quarter of the pods before their successors are ready, and Recreate stops them
#   all; a canary of Argo Rollouts has the same default, unless it routes the requests. StatefulSets and DaemonSets cannot
#   start a successor first, and workloads on GPUs rarely have a spare one to start it on: both are exempt.
# custom:
#   id: R6
#   lens: reliability
#   severity: deny
#   convention: the 25 % that hold where nothing is said
#   concerns: [Deployment, StatefulSet, DaemonSet, Rollout]
#   fix: "set spec.strategy.type: RollingUpdate with rollingUpdate.maxUnavailable: 0 and a maxSurge"
#   controls: []
deny contains result if {
	some place, it in updated
	it.kind == "Deployment"
	field(strategy(it), "type", "RollingUpdate") != "RollingUpdate"
	result := {
		"rule": "R6",
		"msg": sprintf("%s stops all its pods before it starts new ones", [subject(it)]),
		"at": array.concat(place, ["spec", "strategy", "type"]),
	}
}

deny contains result if {
	some place, it in updated
	way := rolling(it)
	unavailable := field(object.get(strategy(it), way, {}), "maxUnavailable", "25%")
	not unavailable in {0, "0", "0%"}
	result := {
		"rule": "R6",
		"msg": sprintf("%s may lose %v of its pods during an update", [subject(it), unavailable]),
		"at": array.concat(place, array.concat(["spec", "strategy"], array.concat(way, ["maxUnavailable"]))),
		"convention": unavailable == "25%",
	}
}

updated[place] := it if {
	some place, it in objects
	it.kind in {"Deployment", "Rollout"}
	count([at | some at, pod in pods; uses_gpus(pod.spec); array.slice(at, 0, count(place)) == place]) == 0
}

strategy(it) := field(field(it, "spec", {}), "strategy", {})

# Where the number stands.
rolling(it) := ["rollingUpdate"] if {
	it.kind == "Deployment"
	field(strategy(it), "type", "RollingUpdate") == "RollingUpdate"
}

rolling(it) := ["canary"] if {
	it.kind == "Rollout"
	it.spec.strategy.canary

	# Where the requests are routed, the old version stays at full size until the end.
	not it.spec.strategy.canary.trafficRouting
}
