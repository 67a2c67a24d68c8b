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
#   concerns: [Role, ClusterRole, RoleBinding, ClusterRoleBinding]
#   fix: list the verbs and resources that are called; restrict secrets by resourceNames
#   controls:
#     - CIS Kubernetes Benchmark 5.1.1
#     - CIS Kubernetes Benchmark 5.1.2
#     - CIS Kubernetes Benchmark 5.1.3
#     - CIS Kubernetes Benchmark 5.1.8
#     - CIS Kubernetes Benchmark 5.1.10
#     - CIS Kubernetes Benchmark 5.1.11
#     - CIS Kubernetes Benchmark 5.1.13
#     - OWASP Kubernetes Top Ten 2022 K03 Overly Permissive RBAC Configurations
#     - SOC 2 CC6.3
deny contains result if {
	some place, it in roles
	some index, rule in each(it.rules)
	some key in ["verbs", "resources", "apiGroups", "nonResourceURLs"]
	"*" in each(rule[key])
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants all %s", [subject(it), key]),
		"at": array.concat(place, ["rules", index, key]),
	}
}

deny contains result if {
	some place, it in roles
	some index, rule in each(it.rules)
	some verb in each(rule.verbs)
	verb in {"escalate", "bind", "impersonate"}
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants %s, and with it every right", [subject(it), verb]),
		"at": array.concat(place, ["rules", index, "verbs"]),
	}
}

deny contains result if {
	some place, it in roles
	some index, rule in each(it.rules)
	some resource in each(rule.resources)
	some verb in each(rule.verbs)
	verb in powerful[resource]
	count(field(rule, "resourceNames", [])) == 0
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants %s on %s", [subject(it), verb, resource]),
		"at": array.concat(place, ["rules", index, "resources"]),
	}
}

deny contains result if {
	some place, it in objects
	it.kind in {"RoleBinding", "ClusterRoleBinding"}
	it.roleRef.name == "cluster-admin"
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants everything: cluster-admin", [subject(it)]),
		"at": array.concat(place, ["roleRef", "name"]),
	}
}

deny contains result if {
	some place, it in objects
	it.kind in {"RoleBinding", "ClusterRoleBinding"}
	some index, who in each(it.subjects)
	who.name in {"system:anonymous", "system:unauthenticated", "system:authenticated", "system:masters"}
	result := {
		"rule": "S8",
		"msg": sprintf("%s grants it to %s", [subject(it), who.name]),
		"at": array.concat(place, ["subjects", index]),
	}
}

roles[place] := it if {
	some place, it in objects
	it.kind in {"Role", "ClusterRole"}
}

powerful := {
	"secrets": {"list", "watch", "get"},
	"pods/exec": {"create", "get"},
	"pods/attach": {"create", "get"},
	"pods/ephemeralcontainers": {"update", "patch"},
	"nodes/proxy": {"create", "get"},
	"serviceaccounts/token": {"create"},
	"certificatesigningrequests/approval": {"update", "patch"},
}
