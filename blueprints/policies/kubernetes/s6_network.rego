package kubernetes

# METADATA
# title: Network policies limit both directions and name every peer
# description: >-
#   A policy for one direction leaves the other open, and an empty peer means everybody: it looks like a limit and is none.
# custom:
#   id: S6
#   lens: security
#   severity: deny
#   fix: list Ingress and Egress in policyTypes, and name the namespaces, pods or address ranges in every rule
#   controls:
#     - CIS Kubernetes Benchmark 5.3.2
#     - NSA/CISA Kubernetes Hardening Guide, network separation
deny contains result if {
	input.kind == "NetworkPolicy"
	some direction in ["Ingress", "Egress"]
	not direction in object.get(input.spec, "policyTypes", [])
	result := {
		"rule": "S6",
		"msg": sprintf("%s does not limit %s", [subject, direction]),
		"at": ["spec", "policyTypes"],
	}
}

deny contains result if {
	input.kind == "NetworkPolicy"
	some direction, key in {"ingress": "from", "egress": "to"}
	some index, rule in each(input.spec[direction])
	count(object.get(rule, key, [])) == 0
	result := {
		"rule": "S6",
		"msg": sprintf("%s has an %s rule without `%s`, which means everybody", [subject, direction, key]),
		"at": ["spec", direction, index],
	}
}

deny contains result if {
	input.kind == "NetworkPolicy"
	some direction, key in {"ingress": "from", "egress": "to"}
	some index, rule in each(input.spec[direction])
	some place, peer in each(rule[key])
	everybody(peer)
	result := {
		"rule": "S6",
		"msg": sprintf("%s has an %s rule with an empty peer, which means everybody", [subject, direction]),
		"at": ["spec", direction, index, key, place],
	}
}

everybody(peer) if peer == {}

# All pods of all namespaces.
everybody(peer) if {
	object.get(peer, "namespaceSelector", null) == {}
	object.get(peer, "podSelector", {}) == {}
}
