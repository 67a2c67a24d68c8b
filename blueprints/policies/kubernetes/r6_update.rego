package kubernetes

# METADATA
# title: An update never takes capacity away
# description: >-
#   By default a rolling update stops a quarter of the pods before their successors are ready, and Recreate stops them
#   all. Workloads on GPUs are exempt: there is rarely a spare one to start the successor on.
# custom:
#   id: R6
#   lens: reliability
#   severity: deny
#   fix: "set spec.strategy.type: RollingUpdate with rollingUpdate.maxUnavailable: 0 and a maxSurge"
#   controls: []
deny contains result if {
	input.kind == "Deployment"
	not uses_gpus
	object.get(object.get(input.spec, "strategy", {}), "type", "RollingUpdate") != "RollingUpdate"
	result := {
		"rule": "R6",
		"msg": sprintf("%s stops all its pods before it starts new ones", [subject]),
		"at": ["spec", "strategy", "type"],
	}
}

deny contains result if {
	input.kind == "Deployment"
	not uses_gpus
	strategy := object.get(input.spec, "strategy", {})
	object.get(strategy, "type", "RollingUpdate") == "RollingUpdate"
	unavailable := object.get(object.get(strategy, "rollingUpdate", {}), "maxUnavailable", "25%")
	not unavailable in {0, "0", "0%"}
	result := {
		"rule": "R6",
		"msg": sprintf("%s may lose %v of its pods during an update", [subject, unavailable]),
		"at": ["spec", "strategy", "rollingUpdate", "maxUnavailable"],
	}
}
