# What the rules of this package share. They see the whole repository: a list of {path, contents}, with each Kubernetes
# object as it is rendered. A text file's contents are {"text": {"path", "lines"}}.
package repo

objects contains {"it": document.contents, "at": [index, "contents"]} if {
	some index, document in input
	is_string(document.contents.apiVersion)
	is_string(document.contents.kind)
}

of_kind(kind) := {object_ |
	some object_ in objects
	object_.it.kind == kind
}

name(object_) := object.get(object.get(object_, "metadata", {}), "name", "")

namespace(object_) := object.get(object.get(object_, "metadata", {}), "namespace", "")

subject(object_) := sprintf("%s %s", [object_.kind, name(object_)])

# Workloads that serve, with the labels of their pods. A Rollout takes its pods from the Deployment that it refers to.
servers contains entry if {
	some workload in objects
	workload.it.kind in {"Deployment", "StatefulSet", "Rollout"}
	some template in templates(workload.it)
	not taken_over(workload.it)
	entry := {
		"it": workload.it,
		"at": workload.at,
		"labels": object.get(object.get(template, "metadata", {}), "labels", {}),
	}
}

templates(workload) := {workload.spec.template} if workload.spec.template

templates(workload) := {deployment.it.spec.template |
	some deployment in of_kind("Deployment")
	name(deployment.it) == workload.spec.workloadRef.name
	namespace(deployment.it) == namespace(workload)
} if {
	not workload.spec.template
}

# Whether a Rollout runs a Deployment's pods.
taken_over(deployment) if {
	deployment.kind == "Deployment"
	some rollout in of_kind("Rollout")
	rollout.it.spec.workloadRef.name == name(deployment)
	namespace(rollout.it) == namespace(deployment)
}

# The autoscalers of a workload.
scalers(workload) := {scaler |
	some scaler in objects
	scaler.it.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
	scaler.it.spec.scaleTargetRef.name == name(workload)
	object.get(scaler.it.spec.scaleTargetRef, "kind", "Deployment") == workload.kind
	namespace(scaler.it) == namespace(workload)
}

# The fewest replicas that a workload runs with.
fewest(workload) := least if {
	count(scalers(workload)) > 0
	least := min({count_ |
		some scaler in scalers(workload)
		count_ := object.get(scaler.it.spec, "minReplicas", object.get(scaler.it.spec, "minReplicaCount", 1))
	})
} else := object.get(workload.spec, "replicas", 1)

# Whether a label selector means pods with these labels.
selects(selector, labels) if {
	every key, value in object.get(selector, "matchLabels", {}) {
		labels[key] == value
	}
	every expression in object.get(selector, "matchExpressions", []) {
		fits(expression, labels)
	}
}

fits(expression, labels) if {
	expression.operator == "In"
	labels[expression.key] in expression.values
}

fits(expression, labels) if {
	expression.operator == "NotIn"
	not object.get(labels, expression.key, null) in expression.values
}

fits(expression, labels) if {
	expression.operator == "Exists"
	expression.key in object.keys(labels)
}

fits(expression, labels) if {
	expression.operator == "DoesNotExist"
	not expression.key in object.keys(labels)
}

texts contains {"path": document.contents.text.path, "lines": document.contents.text.lines, "at": [index, "contents"]} if {
	some index, document in input
	document.contents.text.lines
}
