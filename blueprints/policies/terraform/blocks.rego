# What the rules of this package share. A file has the shape that conftest's HCL2 parser gives it: a block is a list below its
# type and labels, and an expression that is no literal is text that starts with `${`.
package terraform

# Every block of a resource type, with its name and place.
resources(type) := {{"it": block, "name": sprintf("%s.%s", [type, name]), "at": ["resource", type, name, index]} |
	some name, blocks in each(input.resource[type])
	some index, block in each(blocks)
}

data_sources(type) := {{"it": block, "name": sprintf("data.%s.%s", [type, name]), "at": ["data", type, name, index]} |
	some name, blocks in each(input.data[type])
	some index, block in each(blocks)
}

# Whether a value is decided elsewhere: a variable, a local, a function.
computed(value) if {
	is_string(value)
	contains(value, "${")
}

# A setting that has to be on. What another place decides is that place's to get right.
on(value) if value == true

on(value) if computed(value)

statements contains entry if {
	some document in data_sources("aws_iam_policy_document")
	some index, statement in each(document.it.statement)
	entry := {
		"it": statement,
		"name": sprintf("%s, statement %s", [document.name, object.get(statement, "sid", format_int(index + 1, 10))]),
		"at": array.concat(document.at, ["statement", index]),
	}
}

allows(statement) if object.get(statement, "effect", "Allow") == "Allow"

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
