package kubernetes

# METADATA
# title: What costs money says which cost centre and environment it belongs to
# description: >-
#   The bill of a cluster is split by the labels of pods and volumes. What carries none is paid by nobody.
# custom:
#   id: C3
#   lens: cost
#   severity: deny
#   fix: label the object, and its pods, with cost-center and environment; in Kustomize once, in the overlay's labels
#   controls: []
deny contains result if {
	pod
	some label in ["cost-center", "environment"]
	not label in object.keys(pod_labels)
	result := {
		"rule": "C3",
		"msg": sprintf("the pods of %s have no label %s", [subject, label]),
		"at": array.slice(pod_path, 0, count(pod_path) - 1),
	}
}

deny contains result if {
	input.kind == "PersistentVolumeClaim"
	some label in ["cost-center", "environment"]
	not label in object.keys(labels)
	result := {
		"rule": "C3",
		"msg": sprintf("%s has no label %s", [subject, label]),
		"at": ["metadata"],
	}
}
