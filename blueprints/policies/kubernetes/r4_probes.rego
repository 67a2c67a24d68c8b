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
#   fix: give the container a readinessProbe, and a livenessProbe on another path that looks at no dependency
#   controls: []
deny contains result if {
	some entry in containers
	input.kind in servers
	some probe in ["livenessProbe", "readinessProbe"]
	not entry.it[probe]
	result := {
		"rule": "R4",
		"msg": sprintf("%s has no %s", [called(entry), probe]),
		"at": entry.at,
	}
}

deny contains result if {
	some entry in containers
	input.kind in servers
	handler(entry.it.livenessProbe) == handler(entry.it.readinessProbe)
	result := {
		"rule": "R4",
		"msg": sprintf("%s asks the same in its livenessProbe and its readinessProbe", [called(entry)]),
		"at": array.concat(entry.at, ["livenessProbe"]),
	}
}

handler(probe) := {key: value |
	some key in ["httpGet", "tcpSocket", "exec", "grpc"]
	value := probe[key]
}
