package kubernetes

# METADATA
# title: Environments that are not production stay small
# description: >-
#   What runs outside production is for trying out, and runs day and night all the same. A size that was copied from
#   production is paid for twice. Judged are pods and autoscalers whose label says an environment other than production, as
#   rendered; an object without that label shows nothing, and rule C3 asks for it.
# custom:
#   id: C5
#   lens: cost
#   severity: warn
#   fix: >-
#     in the overlays other than production request at most 1 CPU and 2Gi of memory in a container, and start at most 3
#     replicas; for a load test except it until the day after
#   controls: []
warn contains result if {
	some at, entry in containers
	small(entry.pod.labels)
	some resource, most in {"cpu": 1, "memory": 2147483648}
	requested := entry.it.resources.requests[resource]
	amount(requested) > most
	result := {
		"rule": "C5",
		"msg": sprintf("%s requests %v of %s in %s", [called(entry), requested, resource, entry.pod.labels.environment]),
		"at": array.concat(at, ["resources", "requests", resource]),
	}
}

warn contains result if {
	some place, it in objects
	some key in ["replicas", "minReplicas", "minReplicaCount"]
	replicas := it.spec[key]
	is_number(replicas)
	replicas > 3
	environment := environment_of(place, it)
	small({"environment": environment})
	result := {
		"rule": "C5",
		"msg": sprintf("%s runs %v replicas in %s", [subject(it), replicas, environment]),
		"at": array.concat(place, ["spec", key]),
	}
}

small(labels) if {
	is_string(labels.environment)
	not labels.environment in {"prod", "production", "prd", "live"}
}

# That of its pods, which is what is paid for, else its own.
environment_of(place, it) := environment if {
	environment := pods[array.concat(place, array.concat(templates[it.kind], ["spec"]))].labels.environment
} else := labels(it).environment

amount(quantity) := quantity if is_number(quantity)

amount(quantity) := units.parse(quantity) if is_string(quantity)
