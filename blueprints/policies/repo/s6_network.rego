package repo

# METADATA
# title: Every server is behind a network policy
# description: >-
#   Pods that no policy selects take connections from the whole cluster and may reach everything in it.
# custom:
#   id: S6
#   lens: security
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, Rollout]
#   fix: add a NetworkPolicy whose podSelector means the pods, for Ingress and Egress
#   controls:
#     - CIS Kubernetes Benchmark 5.3.2
deny contains result if {
	some index, labels in servers
	some direction in ["Ingress", "Egress"]
	count([policy |
		some policy, it in policies
		namespace(it) == namespace(objects[index])
		direction in object.get(it.spec, "policyTypes", ["Ingress"])
		selects(object.get(it.spec, "podSelector", {}), labels)
	]) == 0
	result := {
		"rule": "S6",
		"msg": sprintf("%s is behind no NetworkPolicy for %s", [subject(objects[index]), direction]),
		"at": [index, "contents"],
	}
}
