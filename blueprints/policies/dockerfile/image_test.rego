package dockerfile_test

import data.dockerfile

digest := "@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

command(cmd, stage, value) := {"Cmd": cmd, "Flags": [], "JSON": false, "Stage": stage, "SubCmd": "", "Value": value}

from(stage, value) := command("from", stage, value)

good := [
	from(0, [concat("", ["docker.io/library/golang:1.25", digest]), "AS", "build"]),
	command("run", 0, ["go build"]),
	from(1, [concat("", ["gcr.io/distroless/static:nonroot", digest])]),
	command("copy", 1, ["/out/api", "/app/api"]),
	command("user", 1, ["65532:65532"]),
]

denied(it, rule) := {result.msg | some result in dockerfile.deny with input as it; result.rule == rule}

test_a_good_file_passes if count(dockerfile.deny) == 0 with input as good

test_s15_a_base_without_a_digest_is_denied if {
	denied([from(0, ["golang:1.25"]), command("user", 0, ["65532"])], "S15") == {"the base golang:1.25 has no digest"}
}

# Which warns in repositories that goldpath did not make.
test_s15_a_whole_version_is_a_convention if {
	every base, expected in {"golang:1.25.3": true, "golang:1.25.3-alpine": true, "golang:1.25": false, "golang": false} {
		it := [from(0, [base]), command("user", 0, ["65532"])]
		{result.convention | some result in dockerfile.deny with input as it} == {expected}
	}
}

test_s15_scratch_and_earlier_stages_need_none if {
	denied([from(0, ["scratch", "AS", "base"]), from(1, ["base"]), command("user", 1, ["65532"])], "S15") == set()
}

test_s15_an_argument_may_hold_the_base if {
	user := command("user", 0, ["65532"])
	pinned := command("arg", 0, [sprintf("BASE=alpine:3%s", [digest])])
	denied([pinned, from(0, ["$BASE"]), user], "S15") == set()
	denied([pinned, from(0, ["${BASE}"]), user], "S15") == set()
	denied([command("arg", 0, ["BASE=alpine:3"]), from(0, ["$BASE"]), user], "S15") == {"the base $BASE has no digest"}
}

test_s15_root_is_denied if {
	expected := {"the image runs as root: its last stage sets no USER"}
	denied(array.slice(good, 0, 4), "S15") == expected
}

test_s15_users_by_name_and_root_by_number_are_denied if {
	every user in ["root", "nonroot", "0", "65532:0", "app:app"] {
		denied(array.concat(good, [command("user", 1, [user])]), "S15") == {
			sprintf("the image runs as %s, which is no number above 0", [user]),
		}
	}
}

test_s15_a_user_may_be_an_argument if {
	base := from(0, [sprintf("alpine:3%s", [digest])])
	every value, expected in {"65532": set(), "root": {"the image runs as root, which is no number above 0"}} {
		denied([base, command("arg", 0, [sprintf("UID=%s", [value])]), command("user", 0, ["$UID"])], "S15") == expected
		denied([base, command("env", 0, ["UID", value, "="]), command("user", 0, ["${UID}"])], "S15") == expected
	}
	denied([base, command("user", 0, ["$UID"])], "S15") == {"the image runs as $UID, which is no number above 0"}
}

flagged(cmd, flags, value) := object.union(command(cmd, 1, value), {"Flags": flags})

test_s15_files_of_another_image_need_its_digest if {
	every reference in ["build", "0", concat("", ["docker.io/library/busybox:1", digest])] {
		denied(array.concat(good, [flagged("copy", [sprintf("--from=%s", [reference])], ["/a", "/b"])]), "S15") == set()
		denied(array.concat(good, [flagged("run", [sprintf("--mount=type=bind,from=%s,target=/x", [reference])], ["x"])]), "S15") == set()
	}
	denied(array.concat(good, [flagged("copy", ["--from=busybox:1"], ["/a", "/b"])]), "S15") == {
		"COPY takes files from busybox:1, which has no digest",
	}
	denied(array.concat(good, [flagged("run", ["--mount=from=busybox:1,target=/x"], ["x"])]), "S15") == {
		"RUN takes files from busybox:1, which has no digest",
	}
}

test_s15_the_last_user_counts if {
	denied(array.concat(good, [command("user", 1, ["0"]), command("user", 1, ["65532"])]), "S15") == set()
}

test_s15_a_stage_takes_the_user_of_the_one_that_it_builds_on if {
	base := from(0, [sprintf("alpine:3%s", [digest]), "AS", "Base"])
	denied([base, command("user", 0, ["65532"]), from(1, ["base"])], "S15") == set()
	denied([base, command("user", 0, ["root"]), from(1, ["base"])], "S15") == {
		"the image runs as root, which is no number above 0",
	}
}

test_s15_blind_fetches_are_denied if {
	denied(array.concat(good, [command("add", 1, ["https://example.com/x.tgz", "/"])]), "S15") == {
		"ADD fetches and unpacks; COPY does what is meant",
	}
	every script in [
		"curl -sSL https://example.com/x | sh",
		"curl -sSL https://example.com/x | sudo -E bash -",
		"wget -qO- https://example.com/x | python3 -",
		"curl https://example.com/x | /bin/bash",
		"bash <(curl -s https://example.com/x)",
		"sh -c \"$(curl -fsSL https://example.com/x)\"",
	] {
		"RUN pipes a download into a shell" in denied(array.concat(good, [command("run", 1, [script])]), "S15")
	}
	denied(array.concat(good, [command("run", 1, ["curl https://example.com/x | tar -xz"])]), "S15") == set()
	denied(array.concat(good, [command("run", 1, ["sudo apt-get update"])]), "S15") == {"RUN uses sudo"}
	denied(array.concat(good, [command("run", 1, ["sudo", "apt-get", "update"])]), "S15") == {"RUN uses sudo"}
	denied(array.concat(good, [command("run", 1, ["cd /x && DEBUG=1 sudo make"])]), "S15") == {"RUN uses sudo"}
	denied(array.concat(good, [command("run", 1, ["if true; then sudo make; fi"])]), "S15") == {"RUN uses sudo"}

	# Who installs it doesn't use it yet.
	denied(array.concat(good, [command("run", 1, ["apt-get install -y git sudo tini && rm -rf /x"])]), "S15") == set()
	denied(array.concat(good, [command("run", 1, ["curl -o x https://example.com && sha256sum -c x.sum"])]), "S15") == set()
}

test_s13_credentials_in_the_image_are_denied if {
	denied(array.concat(good, [command("env", 1, ["DB_PASSWORD", "hunter2", "="])]), "S13") == {
		"ENV holds a credential: DB_PASSWORD",
	}
	denied(array.concat(good, [command("arg", 1, ["NPM_TOKEN=x"])]), "S13") == {"ARG holds a credential: NPM_TOKEN"}
	denied(array.concat(good, [command("env", 1, ["PASSWORD_FILE", "/run/x", "="])]), "S13") == set()
}

test_s13_what_is_a_value_is_no_name if {
	denied(array.concat(good, [command("env", 1, ["AUTH_MODE", "token", "="])]), "S13") == set()
}

# Put together here, so that no search for credentials finds one in this file.
key_id := concat("", ["AKIA", "IOSFODNN7", "EXAMPLE"])

test_s13_a_credential_in_a_command_is_denied if {
	denied(array.concat(good, [command("run", 1, [sprintf("aws configure set aws_access_key_id %s", [key_id])])]), "S13") == {
		"RUN holds a credential",
	}
}

test_s13_a_file_of_credentials_is_denied if {
	every source in ["id_rsa", "home/.ssh/id_ed25519", ".netrc", "certificates/server.p12", ".aws/credentials"] {
		denied(array.concat(good, [command("copy", 1, [source, "/x/"])]), "S13") == {
			sprintf("COPY brings a credential in: %s", [source]),
		}
	}
	denied(array.concat(good, [command("copy", 1, ["src", "/x/id_rsa"])]), "S13") == set()
	denied(array.concat(good, [flagged("copy", ["--from=build"], ["/etc/id_rsa", "/x/"])]), "S13") == set()
}

test_odd_shapes_break_nothing if {
	every odd in [null, "text", [], [null], [[]], ["text"], {"a": null}, [{"Cmd": null}], [{"Cmd": "from"}], [{"Cmd": "user"}]] {
		is_set(dockerfile.deny) with input as odd
	}
	every cmd in ["from", "run", "copy", "add", "env", "arg", "user"] {
		every odd in [null, "text", [], [null]] {
			is_set(dockerfile.deny) with input as [{"Cmd": cmd, "Value": odd, "Flags": odd, "Stage": odd}]
		}
	}
}

test_commands_without_arguments_break_nothing if {
	is_set(dockerfile.deny) with input as array.concat(good, [command("env", 1, null), command("run", 1, null)])
}
