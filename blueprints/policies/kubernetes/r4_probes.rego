package kubernetes

# METADATA
# title: A server has a readiness and a liveness probe, and they differ
# description: >-
#   Without a readiness probe, requests reach pods that cannot answer yet. Without a liveness probe, a process that hangs
#   stays. Where both ask the same, a slow dependency restarts every pod at once, on top of the outage.
# custom:
#   id: R4
#   lens: reliability
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, Rollout]
#   fix: give the container a readinessProbe, and a livenessProbe on another path that looks at no dependency
#   controls: []
deny contains result if {
	some at, entry in serving
	some probe in ["livenessProbe", "readinessProbe"]
	field(entry.it, probe, {}) == {}
	result := {
		"rule": "R4",
		"msg": sprintf("%s has no %s", [called(entry), probe]),
		"at": at,
	}
}

deny contains result if {
	some at, entry in serving
	asked := handler(entry.it.livenessProbe)
	asked == handler(entry.it.readinessProbe)
	asked != {}
	result := {
		"rule": "R4",
		"msg": sprintf("%s asks the same in its livenessProbe and its readinessProbe", [called(entry)]),
		"at": array.concat(at, ["livenessProbe"]),
	}
}

# The containers of workloads that serve, without those that prepare a pod or look into one.
serving[at] := entry if {
	some at, entry in containers
	entry.list == "containers"
	entry.pod.object.kind in servers
}

handler(probe) := {key: value |
	some key in ["httpGet", "tcpSocket", "exec", "grpc"]
	value := probe[key]
}
