package terraform

# METADATA
# title: State is remote, and locked while in use
# description: >-
#   State on one laptop is lost with it, and two applies at once without a lock leave it in neither one's shape. The backends
#   gcs, azurerm, remote and cloud lock by themselves; s3, http, consul and oss have to be told.
# custom:
#   id: R10
#   lens: reliability
#   severity: deny
#   fix: "use a remote backend with a key of its own; for S3 set use_lockfile = true and encrypt = true"
#   controls: []
deny contains result if {
	some backend in backends("local")
	result := {
		"rule": "R10",
		"msg": "the state is a local file",
		"at": array.slice(backend.at, 0, 4),
	}
}

deny contains result if {
	some backend in backends("s3")
	some key in ["use_lockfile", "encrypt"]
	field(backend.it, key, false) != true
	not locked_by_table(backend.it, key)
	result := {
		"rule": "R10",
		"msg": sprintf("the S3 backend does not set %s = true", [key]),
		"at": array.concat(backend.at, [key]),
	}
}

deny contains result if {
	some type, key in {"http": "lock_address", "oss": "tablestore_table"}
	some backend in backends(type)
	field(backend.it, key, "") == ""
	result := {
		"rule": "R10",
		"msg": sprintf("the %s backend locks nothing without %s", [type, key]),
		"at": backend.at,
	}
}

deny contains result if {
	some backend in backends("consul")
	backend.it.lock == false
	result := {
		"rule": "R10",
		"msg": "the consul backend sets lock = false",
		"at": array.concat(backend.at, ["lock"]),
	}
}

deny contains result if {
	some type, key in {"s3": "key", "gcs": "prefix", "azurerm": "key", "consul": "path", "oss": "key"}
	some backend in backends(type)
	field(backend.it, key, "") == ""
	result := {
		"rule": "R10",
		"msg": sprintf("the %s backend names no %s, so two environments could share one state", [type, key]),
		"at": backend.at,
	}
}

backends(type) := {{"it": backend, "at": ["terraform", index, "backend", type, place]} |
	some index, block in bodies(input.terraform)
	some place, backend in bodies(block.backend[type])
	is_object(backend)
}

# The way before `use_lockfile`: deprecated, but it locks.
locked_by_table(backend, key) if {
	key == "use_lockfile"
	backend.dynamodb_table
}
