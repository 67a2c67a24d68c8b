package terraform

# METADATA
# title: State is remote, and locked while in use
# description: >-
#   State on one laptop is lost with it, and two applies at once without a lock leave it in neither one's shape.
# custom:
#   id: R10
#   lens: reliability
#   severity: deny
#   fix: "use a remote backend with a key of its own; for S3 set use_lockfile = true and encrypt = true"
#   controls:
#     - SOC 2 CC8.1
deny contains result if {
	some index, block in each(input.terraform)
	block.backend.local
	result := {
		"rule": "R10",
		"msg": "the state is a local file",
		"at": ["terraform", index, "backend", "local"],
	}
}

deny contains result if {
	some index, block in each(input.terraform)
	some place, backend in block.backend.s3
	some key in ["use_lockfile", "encrypt"]
	object.get(backend, key, false) != true
	not locked_by_table(backend, key)
	result := {
		"rule": "R10",
		"msg": sprintf("the S3 backend does not set %s = true", [key]),
		"at": ["terraform", index, "backend", "s3", place, key],
	}
}

deny contains result if {
	some index, block in each(input.terraform)
	some type, field in {"s3": "key", "gcs": "prefix", "azurerm": "key"}
	some place, backend in each(block.backend[type])
	not backend[field]
	result := {
		"rule": "R10",
		"msg": sprintf("the %s backend names no %s, so two environments could share one state", [type, field]),
		"at": ["terraform", index, "backend", type, place],
	}
}

# The way before `use_lockfile`: deprecated, but it locks.
locked_by_table(backend, key) if {
	key == "use_lockfile"
	backend.dynamodb_table
}
