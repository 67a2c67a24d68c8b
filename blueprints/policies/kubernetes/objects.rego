# What the rules of this package share: the objects of a document, where their pods are described, and what to call them.
# Everything is kept by its path in the document, so that nothing large is compared or copied.
package kubernetes

# The document itself, or what a List holds.
objects[place] := input if {
	not is_list
	is_object(input)
	is_string(input.kind)
	place := []
}

objects[place] := it if {
	is_list
	some index, it in each(input.items)
	is_object(it)
	is_string(it.kind)
	place := ["items", index]
}

is_list if {
	endswith(input.kind, "List")
	is_array(input.items)
}

name(it) := field(field(it, "metadata", {}), "name", "without a name")

labels(it) := field(field(it, "metadata", {}), "labels", {})

# How messages call the object.
subject(it) := sprintf("%s %s", [it.kind, name(it)])

# Kinds that keep serving, and so need probes, spread and orderly updates.
servers := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"}

# The way to the template of the pods, by kind.
templates := object.union(
	{kind: ["spec", "template"] | some kind in (servers | {"Job"})},
	{"Pod": [], "PodTemplate": ["template"], "CronJob": ["spec", "jobTemplate", "spec", "template"]},
)

# The pods that an object describes. A Rollout that refers to a Deployment describes none: the Deployment is judged.
pods[at] := {"object": it, "spec": spec, "labels": labels(template), "template": array.concat(place, way)} if {
	some place, it in objects
	way := templates[it.kind]
	template := object.get(it, way, null)
	spec := template.spec
	is_object(spec)
	at := array.concat(place, array.concat(way, ["spec"]))
}

# Containers of every sort, each with its pod, the way to the pod, and the list that it is in.
containers[at] := {"it": container, "pod": pod, "way": way, "list": list} if {
	some way, pod in pods
	some list in ["containers", "initContainers", "ephemeralContainers"]
	some index, container in each(pod.spec[list])
	is_object(container)
	at := array.concat(way, [list, index])
}

called(entry) := sprintf("%s: container %s", [subject(entry.pod.object), field(entry.it, "name", "without a name")])

context(container) := field(container, "securityContext", {})

# A setting of a container's security context, else the pod's.
effective(entry, key, otherwise) := field(context(entry.it), key, field(context(entry.pod.spec), key, otherwise))

gpus(container) if {
	some key, _ in each(container.resources.limits)
	endswith(key, "/gpu")
}

uses_gpus(spec) if {
	some container in each(spec.containers)
	gpus(container)
}

# A setting, or what holds where it is absent or empty.
field(it, key, otherwise) := value if {
	value := it[key]
	value != null
} else := otherwise

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
