# Which objects are seen together. A Kustomize root or a chart with its values is applied as a whole, and others may render the
# same objects for another environment: what one of them lacks, its neighbour does not make up for. Everything here is looked up
# by a key, so that a repository of twice the size takes twice the time.
package repo

# The places of an object, each of a rendering and a namespace. What is rendered by nobody has no rendering.
places_of[index] contains [object.get(rendered, index, ""), namespace(it)] if some index, it in objects

# In a namespace with a name also what comes from several renderings meets, as long as only one of them has it.
places_of[index] contains ["", namespace(it)] if {
	some index, _ in rendered
	it := objects[index]
	namespace(it) != ""
	count(renderings[[it.kind, namespace(it), name(it)]]) == 1
}

# What is rendered: conftest finds it in files under build, goldpath names the root or the values.
rendered[index] := input[index].path if {
	some index, _ in objects
	regex.match(`^build/|(^|/)(kustomization\.ya?ml|Kustomization|Chart\.yaml|values[^/]*\.ya?ml)$`, input[index].path)
}

renderings[identity] contains path if {
	some index, path in rendered
	it := objects[index]
	identity := [it.kind, namespace(it), name(it)]
}

# Workloads by their place, kind and name.
at_place[spot] contains index if {
	some index, it in workloads
	some place in places_of[index]
	spot := array.concat(place, [it.kind, name(it)])
}

# The different labels that the pods of servers have at a place.
labels_at[place] contains labels if {
	some index, labels in servers
	some place in places_of[index]
}

# The same by each of the labels.
labels_with[label] contains labels if {
	some place, found in labels_at
	some labels in found
	some key, value in labels
	label := array.concat(place, [key, value])
}

# What selectors ask for, each with its place, however many objects have it.
asked contains request if some request in asked_by_budgets

asked contains request if some [request, _] in asked_by_policies

asked_by_budgets contains array.concat(place, [it.spec.selector]) if {
	some index, it in budgets
	is_selector(it.spec.selector)
	some place in places_of[index]
}

# Here with the direction that it is about.
asked_by_policies contains [array.concat(place, [selector]), direction] if {
	some index, it in policies
	selector := object.get(it, ["spec", "podSelector"], {})
	is_selector(selector)
	some place in places_of[index]
	directions := object.get(it, ["spec", "policyTypes"], ["Ingress"])
	is_array(directions)
	some direction in directions
}

is_selector(it) if {
	is_object(it)
	is_object(object.get(it, "matchLabels", {}))
	is_array(object.get(it, "matchExpressions", []))
}

# The labels that a selector means.
selected[request] := {labels |
	some labels in candidates(request)
	selects(request[2], labels)
} if {
	some request in asked
}

# Those that have the rarest of the labels it asks for.
candidates(request) := sets[0] if {
	count(request[2].matchLabels) > 0
	found := [having |
		some key, value in request[2].matchLabels
		having := labels_with[[request[0], request[1], key, value]]
	]
	count(found) == count(request[2].matchLabels)
	least := min([count(having) | some having in found])
	sets := [having | some having in found; count(having) == least]
}

candidates(request) := labels_at[[request[0], request[1]]] if count(object.get(request[2], "matchLabels", {})) == 0
