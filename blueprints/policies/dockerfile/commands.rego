# What the rules of this package share. A Dockerfile is its list of commands, as BuildKit's parser splits them.
package dockerfile

commands[index] := command if {
	some index, command in each(input)
	is_string(command.Cmd)
}

# What a command is told, as one text; in the exec form each word is an argument.
told(command) := concat(" ", command.Value)

# Where a flag such as --from points.
flags(command, name) := {value |
	some flag in each(command.Flags)
	prefix := sprintf("--%s=", [name])
	startswith(flag, prefix)
	value := substring(flag, count(prefix), -1)
}

from_elsewhere(command) if count(flags(command, "from")) > 0

# What can be gone through, and nothing of anything else: a command without arguments has null for its values.
each(value) := value if is_array(value)
