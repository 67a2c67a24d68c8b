package dockerfile

# METADATA
# title: Images start from a digest, run as a numbered user, and fetch nothing blindly
# description: >-
#   A base without a digest changes under the build. Root in the container is a step away from root on the node, and a user
#   by name cannot be checked by runAsNonRoot. ADD fetches and unpacks whatever an address serves, and so does a download
#   that is piped into a shell.
# custom:
#   id: S15
#   lens: security
#   severity: deny
#   fix: pin every FROM to tag@sha256:…, end with USER 65532:65532, use COPY, and check what is downloaded
#   controls:
#     - CIS Docker Benchmark 4.1
#     - CIS Docker Benchmark 4.9
deny contains result if {
	some index, command in input
	command.Cmd == "from"
	base := command.Value[0]
	base != "scratch"
	not lower(base) in stages_before(index)
	not regex.match(`@sha256:[0-9a-f]{64}$`, base)
	not pinned_argument(index, base)
	result := {
		"rule": "S15",
		"msg": sprintf("the base %s has no digest", [base]),
		"at": [index],
	}
}

deny contains result if {
	some index, command in input
	command.Cmd == "add"
	result := {
		"rule": "S15",
		"msg": "ADD fetches and unpacks; COPY does what is meant",
		"at": [index],
	}
}

deny contains result if {
	some index, command in input
	command.Cmd == "run"
	regex.match(`(^|[\s;&|])sudo\s`, concat(" ", command.Value))
	result := {
		"rule": "S15",
		"msg": "RUN uses sudo",
		"at": [index],
	}
}

deny contains result if {
	some index, command in input
	command.Cmd == "run"
	regex.match(`(curl|wget)\s[^|;&]*\|\s*(sudo\s+)?(ba|z|da)?sh\b`, concat(" ", command.Value))
	result := {
		"rule": "S15",
		"msg": "RUN pipes a download into a shell",
		"at": [index],
	}
}

deny contains result if {
	count(users) == 0
	result := {
		"rule": "S15",
		"msg": "the image runs as root: its last stage sets no USER",
		"at": [final_from],
	}
}

deny contains result if {
	index := max(users)
	user := input[index].Value[0]
	not regex.match(`^[1-9][0-9]*(:[1-9][0-9]*)?$`, user)
	result := {
		"rule": "S15",
		"msg": sprintf("the image runs as %s, which is no number above 0", [user]),
		"at": [index],
	}
}

# Where the last stage begins.
final_from := max({index |
	some index, command in input
	command.Cmd == "from"
})

# The USER instructions of the last stage; of the stage that it builds on, where it has none of its own.
users := own_users(final_from) if count(own_users(final_from)) > 0

users := inherited if {
	count(own_users(final_from)) == 0
	inherited := {user |
		base := input[final_from].Value[0]
		some index in froms_named(base)
		some user in own_users(index)
	}
}

own_users(from) := {index |
	some index, command in input
	command.Cmd == "user"
	command.Stage == input[from].Stage
}

froms_named(stage) := {index |
	some index, command in input
	command.Cmd == "from"
	lower(command.Value[2]) == lower(stage)
}

stages_before(index) := {stage |
	some earlier, command in input
	earlier < index
	command.Cmd == "from"
	stage := lower(command.Value[2])
}

# FROM $BASE, with ARG BASE=image@sha256:… before it.
pinned_argument(index, base) if {
	argument := trim(trim_prefix(base, "$"), "{}")
	startswith(base, "$")
	some earlier, command in input
	earlier < index
	command.Cmd == "arg"
	some value in each(command.Value)
	regex.match(sprintf(`^%s=.*@sha256:[0-9a-f]{64}$`, [argument]), value)
}
