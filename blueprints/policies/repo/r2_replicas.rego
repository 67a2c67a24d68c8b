package repo

# METADATA
# title: Production runs three replicas or more
# description: >-
#   With two, the loss of a zone during an update leaves none. Elsewhere two are enough to find what only shows with more than
#   one.
# custom:
#   id: R2
#   lens: reliability
#   severity: deny
#   fix: set replicas, or the autoscaler's minReplicas, to 3 in production and 2 elsewhere
#   controls: []
deny contains result if {
	some server in servers
	environment(server) in production
	least := fewest(server.it)
	least < 3
	result := {
		"rule": "R2",
		"msg": sprintf("%s runs with %v replicas in production", [subject(server.it), least]),
		"at": where(server),
	}
}

warn contains result if {
	some server in servers
	not environment(server) in production
	least := fewest(server.it)
	least < 2
	result := {
		"rule": "R2",
		"msg": sprintf("%s runs with %v replicas", [subject(server.it), least]),
		"at": where(server),
	}
}

production := {"prod", "production", "prd", "live"}

environment(server) := object.get(server.labels, "environment", "")

where(server) := [scaler.at | some scaler in scalers(server.it)][0] if count(scalers(server.it)) > 0

where(server) := array.concat(server.at, ["spec", "replicas"]) if count(scalers(server.it)) == 0
