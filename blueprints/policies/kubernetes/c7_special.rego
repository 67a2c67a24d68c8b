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
#   fix: give GPU pods a nodeSelector and a toleration for the GPU pool; set sizeLimit on every emptyDir
#   controls: []
deny contains result if {
	uses_gpus
	not selects_gpus
	result := {
		"rule": "C7",
		"msg": sprintf("%s uses GPUs and does not select GPU nodes", [subject]),
		"at": array.concat(pod_path, ["nodeSelector"]),
	}
}

deny contains result if {
	some index, volume in each(pod.volumes)
	"emptyDir" in object.keys(volume)
	not bounded(volume.emptyDir)
	result := {
		"rule": "C7",
		"msg": sprintf("%s has the emptyDir %s without a sizeLimit", [subject, volume.name]),
		"at": array.concat(pod_path, ["volumes", index]),
	}
}

selects_gpus if {
	some key, _ in each(pod.nodeSelector)
	contains(key, "gpu")
}

selects_gpus if {
	terms := pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
	some term in each(terms)
	some expression in each(term.matchExpressions)
	contains(expression.key, "gpu")
}

bounded(volume) if volume.sizeLimit
