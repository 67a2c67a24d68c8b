package kubernetes

# METADATA
# title: Containers meet the restricted Pod Security Standard
# description: >-
#   A container that may gain privileges or keeps its capabilities gives whoever breaks into the process a way to the
#   node.
# custom:
#   id: S1
#   lens: security
#   severity: deny
#   fix: "set allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities.drop: [ALL] and seccompProfile.type: RuntimeDefault"
#   controls:
#     - Kubernetes Pod Security Standards, restricted
#     - CIS Kubernetes Benchmark 5.2
#     - NSA/CISA Kubernetes Hardening Guide, Kubernetes Pod security
deny contains result if {
	some entry in all_containers
	some fault in faults(entry.it)
	result := {
		"rule": "S1",
		"msg": sprintf("%s %s", [called(entry), fault]),
		"at": array.concat(entry.at, ["securityContext"]),
	}
}

faults(container) := {fault |
	some fault, met in {
		"may gain privileges (allowPrivilegeEscalation)": escalates(container),
		"is privileged": privileged(container),
		"may run as root (runAsNonRoot)": effective_or(container, "runAsNonRoot", false) != true,
		"keeps capabilities (drop ALL)": keeps_capabilities(container),
		"adds capabilities other than NET_BIND_SERVICE": adds_capabilities(container),
		"has no seccomp profile": seccomp(container) == false,
	}
	met
}

context(container) := object.get(container, "securityContext", {})

effective_or(container, key, _) := effective(container, key)

effective_or(container, key, otherwise) := otherwise if not defined(container, key)

defined(container, key) if _ = effective(container, key)

escalates(container) := object.get(context(container), "allowPrivilegeEscalation", true) != false

privileged(container) := object.get(context(container), "privileged", false) == true

capabilities(container) := object.get(context(container), "capabilities", {})

keeps_capabilities(container) := count({"ALL", "all"} & {it | some it in each(capabilities(container).drop)}) == 0

adds_capabilities(container) := count({it | some it in each(capabilities(container).add)} - {"NET_BIND_SERVICE"}) > 0

seccomp(container) := effective_or(container, "seccompProfile", {"type": "Unconfined"}).type in {
	"RuntimeDefault",
	"Localhost",
}
