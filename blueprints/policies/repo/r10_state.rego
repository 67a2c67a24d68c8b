package repo

# METADATA
# title: Each environment has a state of its own
# description: >-
#   Two environments with one state key overwrite each other: an apply to one plans to destroy the other.
# custom:
#   id: R10
#   lens: reliability
#   severity: deny
#   concerns: [terraform]
#   fix: give each backend a key of its own, with the environment in it
#   controls: []
deny contains result if {
	some backend in backends
	other := [path | some path in users_of[backend.key]; path != backend.path][0]
	result := {
		"rule": "R10",
		"msg": sprintf("this state is also that of %s", [other]),
		"at": backend.at,
	}
}

# Directories that configure a provider are applied; they need a backend.
deny contains result if {
	some index, document in input
	is_object(document.contents.provider)
	not folder_of(document.path) in with_backend
	result := {
		"rule": "R10",
		"msg": sprintf("%s is applied, and keeps its state in a local file: it has no backend", [folder_of(document.path)]),
		"at": [index, "contents", "provider"],
	}
}

with_backend contains folder_of(document.path) if {
	some document in input
	some block in bodies(document.contents.terraform)
	some type in ["backend", "cloud"]
	block[type]
}

# Two of the files that keep their state under a key: every one of them finds another there.
users_of[key] := array.slice(sort(paths), 0, 2) if some key, paths in states

states[backend.key] contains backend.path if some backend in backends

backends contains entry if {
	some index, document in input
	some place, block in bodies(document.contents.terraform)
	some type, definitions in each(block.backend)
	some definition in bodies(definitions)
	key := object.get(definition, "key", object.get(definition, "prefix", null))
	is_string(key)
	entry := {
		"path": document.path,
		"key": [type, object.get(definition, "bucket", ""), key],
		"at": [index, "contents", "terraform", place, "backend", type],
	}
}

folder_of(path) := concat("/", array.slice(split(path, "/"), 0, count(split(path, "/")) - 1))
