package kubernetes

# METADATA
# title: What costs money says which service, team, cost centre and environment it belongs to
# description: >-
#   The bill of a cluster is split by the labels of pods and volumes. What carries none is paid by nobody.
# custom:
#   id: C3
#   lens: cost
#   severity: deny
#   convention: these labels
#   fix: >-
#     label the object, and its pods, with app.kubernetes.io/name, team, cost-center and environment; in Kustomize once, in
#     the overlay's labels
#   controls: []
deny contains result if {
	some pod in pods
	missing := [label | some label in payers; field(pod.labels, label, "") == ""]
	count(missing) > 0
	result := {
		"rule": "C3",
		"msg": sprintf("the pods of %s have no label %s", [subject(pod.object), concat(", ", missing)]),
		"at": array.concat(pod.template, ["metadata"]),
		"convention": true,
	}
}

deny contains result if {
	some place, it in objects
	it.kind == "PersistentVolumeClaim"
	missing := [label | some label in payers; field(labels(it), label, "") == ""]
	count(missing) > 0
	result := {
		"rule": "C3",
		"msg": sprintf("%s has no label %s", [subject(it), concat(", ", missing)]),
		"at": array.concat(place, ["metadata"]),
		"convention": true,
	}
}

payers := ["app.kubernetes.io/name", "team", "cost-center", "environment"]
