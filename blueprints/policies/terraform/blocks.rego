# What the rules of this package share. A document is either a file, in the shape that conftest's HCL2 parser gives it (a
# block is a list below its type and labels, and an expression that is no literal is text that starts with `${`), or one in
# Terraform's JSON syntax, where a single block stands without a list, or a plan, as `terraform show -json` prints it. The plan
# shows values where the file has expressions.
package terraform

# The resources by their type, each with its name and place.
resources := declared if not is_plan

resources := planned if is_plan

declared[type] := [{"it": settings(block), "name": sprintf("%s.%s", [type, name]), "at": ["resource", type, name, index]} |
	some name, found in each(named)
	some index, block in bodies(found)
] if {
	some type, named in each(input.resource)
}

data_sources(type) := {{"it": block, "name": sprintf("data.%s.%s", [type, name]), "at": ["data", type, name, index]} |
	some name, found in each(input.data[type])
	some index, block in bodies(found)
}

# The resources that a plan ends with, those of modules too. What is known only after the apply counts as computed.
planned[type] := [{"it": object.union(unknown, settings(value.values)), "name": value.address, "at": at} |
	some path, value in ends_with
	value.type == type
	unknown := {key: "${known after apply}" | some key in unknown_keys[value.address]}
	at := array.concat(array.concat(["planned_values"], path), ["values"])
] if {
	some type in {value.type | some value in ends_with}
}

ends_with[path] := value if {
	walk(input.planned_values, [path, value])
	value.mode == "managed"
	is_string(value.type)
	is_string(value.address)
}

unknown_keys[address] := {key | some key, unknown in each(change.change.after_unknown); unknown == true} if {
	some change in each(input.resource_changes)
	is_string(change.address)
	address := change.address
}

is_plan if input.planned_values

# What a block sets; null is the same as absent.
settings(block) := {key: value |
	some key, value in each(block)
	value != null
}

# The blocks under a name.
bodies(value) := value if is_array(value)

bodies(value) := [value] if is_object(value)

# Blocks of a kind in a block.
blocks(it, kind) := [block | some block in bodies(it[kind]); is_object(block)]

# Whether one of the blocks of a kind has a setting on. What a `dynamic` block makes can't be seen.
enabled(it, kind, key) if {
	some block in blocks(it, kind)
	on(block[key])
}

enabled(it, kind, _) if it.dynamic[kind]

given(it, kind) if count(blocks(it, kind)) > 0

given(it, kind) if it.dynamic[kind]

# Whether a value is decided elsewhere: a variable, a local, a function.
computed(value) if {
	is_string(value)
	contains(value, "${")
}

# A setting that has to be on. What another place decides is that place's to get right.
on(value) if value == true

on(value) if computed(value)

# Whether tags say that a resource belongs to an environment other than production.
rehearsal(resource) if {
	some tags in ["tags_all", "tags", "effective_labels", "labels", "user_labels"]
	some key, value in each(resource.it[tags])
	lower(key) in {"environment", "env"}
	not computed(value)
	not lower(value) in {"prod", "production", "prd", "live"}
}

# A setting, or what holds where it is absent.
field(it, key, otherwise) := value if {
	value := it[key]
	value != null
} else := otherwise

# One or many, as a list.
list(value) := value if is_array(value)

list(value) := [value] if is_string(value)

list(value) := [value] if is_object(value)

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
