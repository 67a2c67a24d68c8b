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
#   convention: an image by its whole version
#   fix: pin every FROM to tag@sha256:…, end with USER 65532:65532, use COPY, and check what is downloaded
#   controls:
#     - CIS Docker Benchmark 4.1
#     - CIS Docker Benchmark 4.2
#     - CIS Docker Benchmark 4.9
#     - OWASP CICD-SEC-3 Dependency Chain Abuse
#     - NIST SSDF PW.4.1
#     - NIST SSDF PW.4.4
deny contains result if {
	some index, command in commands
	command.Cmd == "from"
	base := command.Value[0]
	is_string(base)
	base != "scratch"
	not lower(base) in stages_before(index)
	not regex.match(`@sha256:[0-9a-f]{64}$`, base)
	not pinned_argument(index, base)
	result := {
		"rule": "S15",
		"msg": sprintf("the base %s has no digest", [base]),
		"at": [index],
		"convention": versioned(base),
	}
}

# What is copied, or mounted, out of an image that is no stage.
deny contains result if {
	some index, command in commands
	some image in other_images(command)
	not regex.match(`^[0-9]+$`, image)
	not lower(image) in stages_before(index)
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	result := {
		"rule": "S15",
		"msg": sprintf("%s takes files from %s, which has no digest", [upper(command.Cmd), image]),
		"at": [index],
		"convention": versioned(image),
	}
}

deny contains result if {
	some index, command in commands
	command.Cmd == "add"
	result := {
		"rule": "S15",
		"msg": "ADD fetches and unpacks; COPY does what is meant",
		"at": [index],
	}
}

deny contains result if {
	some index, command in commands
	command.Cmd == "run"
	regex.match(uses_sudo, told(command))
	result := {
		"rule": "S15",
		"msg": "RUN uses sudo",
		"at": [index],
	}
}

deny contains result if {
	some index, command in commands
	command.Cmd == "run"
	regex.match(piped, told(command))
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
	user := user_of(index)
	not regex.match(`^[1-9][0-9]*(:[1-9][0-9]*)?$`, user)
	result := {
		"rule": "S15",
		"msg": sprintf("the image runs as %s, which is no number above 0", [user]),
		"at": [index],
	}
}

# Publishers hardly ever move the tag of a whole version.
versioned(image) := regex.match(`:v?[0-9]+\.[0-9]+\.[0-9]+([-_.][\w.-]*)?$`, image)

# As a command, not as a package that is installed.
uses_sudo := `(^|[;&|(]|\b(then|do|else))\s*(\w+=\S*\s+)*sudo(\s|$)`

# `curl … | sh`, `bash <(curl …)` and `sh -c "$(curl …)"`, for shells and interpreters.
piped := concat("|", [
	`\b(curl|wget)\s[^|;&]*\|\s*(sudo\s+(-\S+\s+)*)?(env\s+)?(\S*/)?((ba|z|da|k|a)?sh|python[0-9.]*|perl|ruby|node)\b`,
	`\b(ba|z|da|k)?sh\s+<\(\s*(curl|wget)\b`,
	`\b(ba|z|da|k)?sh\s+-c\s+["']?(\$\(|\x60)\s*(curl|wget)\b`,
])

other_images(command) := flags(command, "from") if command.Cmd == "copy"

other_images(command) := {image |
	some mount in flags(command, "mount")
	some setting in split(mount, ",")
	startswith(setting, "from=")
	image := substring(setting, 5, -1)
} if {
	command.Cmd == "run"
}

# The user of a USER instruction; $UID is what ARG or ENV before it say.
user_of(index) := user if {
	user := commands[index].Value[0]
	not startswith(user, "$")
} else := value if {
	argument := trim(trim_prefix(commands[index].Value[0], "$"), "{}")
	found := {text | some earlier, command in commands; earlier < index; some text in values_of(command, argument)}
	value := max(found)
} else := commands[index].Value[0]

values_of(command, argument) := {value |
	some word in each(command.Value)
	startswith(word, sprintf("%s=", [argument]))
	value := substring(word, count(argument) + 1, -1)
} if {
	command.Cmd == "arg"
}

values_of(command, argument) := {command.Value[position + 1] |
	some position, name in each(command.Value)
	position % 3 == 0
	name == argument
} if {
	command.Cmd == "env"
}

# Where the last stage begins.
final_from := max({index |
	some index, command in commands
	command.Cmd == "from"
})

# The USER instructions of the last stage; of the stage that it builds on, where it has none of its own.
users := own_users(final_from) if count(own_users(final_from)) > 0

users := inherited if {
	count(own_users(final_from)) == 0
	inherited := {user |
		base := commands[final_from].Value[0]
		some index in froms_named(base)
		some user in own_users(index)
	}
}

own_users(from) := {index |
	some index, command in commands
	command.Cmd == "user"
	command.Stage == commands[from].Stage
}

froms_named(stage) := {index |
	some index, command in commands
	command.Cmd == "from"
	lower(command.Value[2]) == lower(stage)
}

stages_before(index) := {stage |
	some earlier, command in commands
	earlier < index
	command.Cmd == "from"
	stage := lower(command.Value[2])
}

# FROM $BASE, with ARG BASE=image@sha256:… before it.
pinned_argument(index, base) if {
	argument := trim(trim_prefix(base, "$"), "{}")
	startswith(base, "$")
	some earlier, command in commands
	earlier < index
	command.Cmd == "arg"
	some value in each(command.Value)
	regex.match(sprintf(`^%s=.*@sha256:[0-9a-f]{64}$`, [argument]), value)
}
