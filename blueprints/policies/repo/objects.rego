# What the rules of this package share. They see the whole repository: a list of {path, contents}, with each Kubernetes
# object as it is rendered. A text file's contents are {"text": {"path", "lines"}}. Objects are kept by their index in the
# list, so that nothing large is compared or copied.
package repo

objects[index] := document.contents if {
	some index, document in input
	is_string(document.contents.apiVersion)
	is_string(document.contents.kind)
	is_sound(document.contents, "metadata")
	is_sound(document.contents, "spec")
}

# No cluster takes an object with a text, or nothing, where a map belongs: it is nothing to compare others with.
is_sound(it, key) if not key in object.keys(it)

is_sound(it, key) if is_object(it[key])

budgets[index] := it if {
	some index, it in objects
	it.kind == "PodDisruptionBudget"
}

policies[index] := it if {
	some index, it in objects
	it.kind == "NetworkPolicy"
}

services[index] := it if {
	some index, it in objects
	it.kind == "Service"
}

scalers[index] := it if {
	some index, it in objects
	it.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
}

workloads[index] := it if {
	some index, it in objects
	it.kind in {"Deployment", "StatefulSet", "Rollout", "ReplicaSet"}
}

# Workloads that serve, with the labels of their pods.
servers[index] := labels if {
	some index, it in workloads
	it.kind in {"Deployment", "StatefulSet", "Rollout"}
	not index in taken_over
	template := template_of[index]
	is_object(template)
	labels := object.get(template, ["metadata", "labels"], {})
	is_object(labels)
}

template_of[index] := template if {
	some index, it in workloads
	template := it.spec.template
}

# A Rollout may take its pods from a Deployment.
template_of[index] := workloads[deployment].spec.template if {
	some index, spots in borrows_from
	not workloads[index].spec.template
	deployment := min([min(at_place[spot]) | some spot in spots])
}

taken_over contains index if {
	some index, it in workloads
	some place in places_of[index]
	array.concat(place, [it.kind, name(it)]) in borrowed
}

borrowed contains spot if {
	some spots in borrows_from
	some spot in spots
}

borrows_from[index] contains spot if {
	some index, it in workloads
	some place in places_of[index]
	spot := array.concat(place, ["Deployment", it.spec.workloadRef.name])
	at_place[spot]
}

# The fewest replicas that a workload runs with.
fewest[index] := replicas if {
	some index, it in workloads
	not scaled_as[index]
	replicas := object.get(it.spec, "replicas", 1)
}

fewest[index] := min([fewest_of_scalers[place] | some place in found]) if some index, found in scaled_as

# What autoscalers name: the workloads by that, and what autoscalers say about it.
scaled_as[index] contains target if {
	some index, it in workloads
	some place in places_of[index]
	target := array.concat(place, [it.kind, name(it)])
	scalers_of[target]
}

scalers_of[target] contains index if {
	some index, it in scalers
	some place in places_of[index]
	is_object(it.spec.scaleTargetRef)
	target := array.concat(place, [object.get(it.spec.scaleTargetRef, "kind", "Deployment"), it.spec.scaleTargetRef.name])
}

fewest_of_scalers[target] := least if {
	some target, found in scalers_of
	least := min({replicas |
		some scaler in found
		spec := scalers[scaler].spec
		replicas := object.get(spec, "minReplicas", object.get(spec, "minReplicaCount", 1))
	})
}

name(it) := text_or_none(object.get(it, ["metadata", "name"], ""))

namespace(it) := text_or_none(object.get(it, ["metadata", "namespace"], ""))

# A text, or none: numbers are printed differently by different engines.
text_or_none(it) := it if is_string(it)

text_or_none(it) := "" if not is_string(it)

subject(it) := sprintf("%s %s", [it.kind, name(it)])

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

# Runbooks and CODEOWNERS.
texts[index] := document.contents.text if {
	some index, document in input
	document.contents.text.lines
}

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
