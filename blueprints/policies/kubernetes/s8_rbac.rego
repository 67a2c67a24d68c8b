package kubernetes

# METADATA
# title: Roles grant named verbs on named resources, and no way to more
# description: >-
#   A wildcard grants what the next version of the cluster adds. Whoever may read all secrets, start commands in pods, or
#   bind and escalate roles, can become anybody in the namespace.
# custom:
#   id: S8
#   lens: security
#   severity: deny
#   fix: list the verbs and resources that are called; restrict secrets by resourceNames
#   controls:
#     - CIS Kubernetes Benchmark 5.1.1
#     - CIS Kubernetes Benchmark 5.1.2
#     - CIS Kubernetes Benchmark 5.1.3
deny contains result if {
	input.kind in {"Role", "ClusterRole"}
	some index, rule in each(input.rules)
	some field in ["verbs", "resources", "apiGroups"]
	"*" in rule[field]
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants all %s", [subject, field]),
		"at": ["rules", index, field],
	}
}

deny contains result if {
	input.kind in {"Role", "ClusterRole"}
	some index, rule in each(input.rules)
	some verb in each(rule.verbs)
	verb in {"escalate", "bind", "impersonate"}
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants %s, and with it every right", [subject, verb]),
		"at": ["rules", index, "verbs"],
	}
}

deny contains result if {
	input.kind in {"Role", "ClusterRole"}
	some index, rule in each(input.rules)
	some resource in each(rule.resources)
	some verb in each(rule.verbs)
	verb in powerful[resource]
	count(object.get(rule, "resourceNames", [])) == 0
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants %s on %s", [subject, verb, resource]),
		"at": ["rules", index, "resources"],
	}
}

powerful := {
	"secrets": {"list", "watch", "get"},
	"pods/exec": {"create", "get"},
	"pods/attach": {"create", "get"},
	"serviceaccounts/token": {"create"},
}
