package kubernetes

# METADATA
# title: Objects carry the recommended labels and their owner
# description: >-
#   In an incident people ask what a thing is, what it belongs to, and whom to call. The labels are where they look.
# custom:
#   id: O1
#   lens: operability
#   severity: deny
#   convention: these labels
#   fix: label it with app.kubernetes.io/name, app.kubernetes.io/part-of, app.kubernetes.io/managed-by and team
#   controls: []
deny contains result if {
	some place, it in objects
	it.kind in labelled
	missing := [label |
		some label in ["app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "team"]
		field(labels(it), label, "") == ""
	]
	count(missing) > 0
	result := {
		"rule": "O1",
		"msg": sprintf("%s has no label %s", [subject(it), concat(", ", missing)]),
		"at": array.concat(place, ["metadata"]),
		"convention": true,
	}
}

labelled := servers | {
	"Job",
	"CronJob",
	"Pod",
	"Service",
	"Namespace",
	"ConfigMap",
	"PersistentVolumeClaim",
	"HorizontalPodAutoscaler",
	"PodDisruptionBudget",
}
