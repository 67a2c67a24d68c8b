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
	denied(array.concat(good, [command("run", 1, ["curl -sSL https://example.com/x | sh"])]), "S15") == {
		"RUN pipes a download into a shell",
	}
	denied(array.concat(good, [command("run", 1, ["sudo apt-get update"])]), "S15") == {"RUN uses sudo"}
	denied(array.concat(good, [command("run", 1, ["curl -o x https://example.com && sha256sum -c x.sum"])]), "S15") == set()
}

test_s13_credentials_in_the_image_are_denied if {
	denied(array.concat(good, [command("env", 1, ["DB_PASSWORD", "hunter2", "="])]), "S13") == {
		"ENV holds a credential: DB_PASSWORD",
	}
	denied(array.concat(good, [command("arg", 1, ["NPM_TOKEN=x"])]), "S13") == {"ARG holds a credential: NPM_TOKEN"}
	denied(array.concat(good, [command("env", 1, ["PASSWORD_FILE", "/run/x", "="])]), "S13") == set()
}

test_commands_without_arguments_break_nothing if {
	is_set(dockerfile.deny) with input as array.concat(good, [command("env", 1, null), command("run", 1, null)])
}
