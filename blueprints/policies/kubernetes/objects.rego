# What the rules of this package share: where the pods of an object are described, and what to call it.
package kubernetes

name := object.get(object.get(input, "metadata", {}), "name", "without a name")

# How messages call the object.
subject := sprintf("%s %s", [input.kind, name])

# Kinds that keep serving, and so need probes, spread and orderly updates.
servers := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"}

templated := servers | {"Job", "ReplicationController"}

# The way to the pod's description, by kind. A Rollout that refers to a Deployment has none: the Deployment is judged.
pod_path := ["spec"] if input.kind == "Pod"

pod_path := ["spec", "template", "spec"] if input.kind in templated

pod_path := ["spec", "jobTemplate", "spec", "template", "spec"] if input.kind == "CronJob"

pod := input.spec if input.kind == "Pod"

pod := input.spec.template.spec if input.kind in templated

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

pod_labels := object.get(input.metadata, "labels", {}) if input.kind == "Pod"

pod_labels := object.get(object.get(input.spec.template, "metadata", {}), "labels", {}) if input.kind in templated

pod_labels := labels if {
	input.kind == "CronJob"
	labels := object.get(object.get(input.spec.jobTemplate.spec.template, "metadata", {}), "labels", {})
}

labels := object.get(object.get(input, "metadata", {}), "labels", {})

# Containers that run as long as the pod does.
containers contains {"it": container, "at": array.concat(pod_path, ["containers", index])} if {
	some index, container in each(pod.containers)
}

# These, and those that prepare the pod.
all_containers contains entry if some entry in containers

all_containers contains {"it": container, "at": array.concat(pod_path, ["initContainers", index])} if {
	some index, container in each(pod.initContainers)
}

called(entry) := sprintf("%s: container %s", [subject, object.get(entry.it, "name", "without a name")])

# A setting of a container's security context, else the pod's.
effective(container, key) := container.securityContext[key]

effective(container, key) := pod.securityContext[key] if {
	object.get(object.get(container, "securityContext", {}), key, "unset") == "unset"
}

gpus(container) if {
	some key, _ in each(container.resources.limits)
	endswith(key, "/gpu")
}

uses_gpus if {
	some entry in containers
	gpus(entry.it)
}

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
