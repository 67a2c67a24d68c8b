package kubernetes

# METADATA
# title: Network policies limit both directions and name every peer
# description: >-
#   A policy for one direction leaves the other open, and an empty peer means everybody: it looks like a limit and is none.
# custom:
#   id: S6
#   lens: security
#   severity: deny
#   concerns: [NetworkPolicy]
#   fix: list Ingress and Egress in policyTypes, and name the namespaces, pods or address ranges in every rule
#   controls:
#     - CIS Kubernetes Benchmark 5.3.2
#     - NSA/CISA Kubernetes Hardening Guide, network policies
#     - OWASP Kubernetes Top Ten 2022 K07 Missing Network Segmentation Controls
#     - SOC 2 CC6.1
deny contains result if {
	some place, it in network_policies
	some direction in ["Ingress", "Egress"]
	not limits(it, direction)
	result := {
		"rule": "S6",
		"msg": sprintf("%s does not limit %s", [subject(it), direction]),
		"at": array.concat(place, ["spec", "policyTypes"]),
	}
}

deny contains result if {
	some place, it in network_policies
	some direction, key in {"ingress": "from", "egress": "to"}
	some index, rule in each(it.spec[direction])
	count(field(field({"rule": rule}, "rule", {}), key, [])) == 0
	result := {
		"rule": "S6",
		"msg": sprintf("%s has an %s rule without `%s`, which means everybody", [subject(it), direction, key]),
		"at": array.concat(place, ["spec", direction, index]),
	}
}

deny contains result if {
	some place, it in network_policies
	some direction, key in {"ingress": "from", "egress": "to"}
	some index, rule in each(it.spec[direction])
	some position, peer in each(rule[key])
	everybody(peer)
	result := {
		"rule": "S6",
		"msg": sprintf("%s has an %s rule with an empty peer, which means everybody", [subject(it), direction]),
		"at": array.concat(place, ["spec", direction, index, key, position]),
	}
}

deny contains result if {
	some place, it in network_policies
	some direction, key in {"ingress": "from", "egress": "to"}
	some index, rule in each(it.spec[direction])
	some position, peer in each(rule[key])
	peer.ipBlock.cidr in {"0.0.0.0/0", "::/0"}
	count(field(peer.ipBlock, "except", [])) == 0
	result := {
		"rule": "S6",
		"msg": sprintf("%s has an %s rule for %s, which means everybody", [subject(it), direction, peer.ipBlock.cidr]),
		"at": array.concat(place, ["spec", direction, index, key, position]),
	}
}

network_policies[place] := it if {
	some place, it in objects
	it.kind == "NetworkPolicy"
}

limits(it, direction) if direction in it.spec.policyTypes

everybody(peer) if peer == {}

# All pods of all namespaces.
everybody(peer) if {
	object.get(peer, "namespaceSelector", null) == {}
	object.get(peer, "podSelector", {}) == {}
}
