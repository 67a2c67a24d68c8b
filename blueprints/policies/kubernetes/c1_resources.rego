package kubernetes

# METADATA
# title: Containers request CPU and memory, and have a memory limit
# description: >-
#   Without requests, pods land where there is no room, and nobody knows what the service takes. Without a memory limit,
#   one leak takes the node.
# custom:
#   id: C1
#   lens: cost
#   severity: deny
#   fix: set resources.requests.cpu, resources.requests.memory and resources.limits.memory
#   controls:
#     - NSA/CISA Kubernetes Hardening Guide, resource policies
deny contains result if {
	some entry in all_containers
	some wanted in [["requests", "cpu"], ["requests", "memory"], ["limits", "memory"]]
	resources := object.get(entry.it, "resources", {})
	not object.get(resources, wanted[0], {})[wanted[1]]
	result := {
		"rule": "C1",
		"msg": sprintf("%s has no resources.%s.%s", [called(entry), wanted[0], wanted[1]]),
		"at": array.concat(entry.at, ["resources", wanted[0]]),
	}
}
