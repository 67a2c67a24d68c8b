package kubernetes

# METADATA
# title: GPUs are used on purpose, and scratch space is bounded
# description: >-
#   A GPU node that ordinary pods may use is the dearest way to run them. An emptyDir without a limit fills the node's
#   disk, or its memory, and evicts the neighbours.
# custom:
#   id: C7
#   lens: cost
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: give GPU pods a nodeSelector and a toleration for the GPU pool; set sizeLimit on every emptyDir
#   controls: []
deny contains result if {
	some at, pod in pods
	uses_gpus(pod.spec)
	not selects_gpus(pod.spec)
	result := {
		"rule": "C7",
		"msg": sprintf("%s uses GPUs and does not select GPU nodes", [subject(pod.object)]),
		"at": array.concat(at, ["nodeSelector"]),
	}
}

# A pool without a taint is open to every pod, and one with a taint is closed to a pod that does not tolerate it.
deny contains result if {
	some at, pod in pods
	uses_gpus(pod.spec)
	not tolerates_gpus(pod.spec)
	result := {
		"rule": "C7",
		"msg": sprintf("%s uses GPUs and does not tolerate the taint of their pool", [subject(pod.object)]),
		"at": array.concat(at, ["tolerations"]),
	}
}

# The other way round: an ordinary pod on a GPU node.
deny contains result if {
	some at, pod in pods
	not uses_gpus(pod.spec)
	selects_gpus(pod.spec)
	result := {
		"rule": "C7",
		"msg": sprintf("%s takes a place on a GPU node and uses no GPU", [subject(pod.object)]),
		"at": array.concat(at, ["nodeSelector"]),
	}
}

deny contains result if {
	some at, pod in pods
	some index, volume in each(pod.spec.volumes)
	"emptyDir" in object.keys(volume)
	field(field(volume, "emptyDir", {}), "sizeLimit", "") == ""
	result := {
		"rule": "C7",
		"msg": sprintf("%s has the emptyDir %s without a sizeLimit", [subject(pod.object), field(volume, "name", index)]),
		"at": array.concat(at, ["volumes", index]),
	}
}

selects_gpus(spec) if {
	some key, _ in each(spec.nodeSelector)
	contains(lower(key), "gpu")
}

selects_gpus(spec) if {
	terms := spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
	some term in each(terms)
	some expression in each(term.matchExpressions)
	contains(lower(expression.key), "gpu")
	not expression.operator in {"NotIn", "DoesNotExist"}
}

# A toleration without a key tolerates every taint.
tolerates_gpus(spec) if {
	some toleration in each(spec.tolerations)
	key := field(toleration, "key", "gpu")
	contains(lower(key), "gpu")
}
