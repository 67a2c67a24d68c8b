package ci_test

import data.ci

commit := "0123456789012345678901234567890123456789"

digest := "@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

denied(it, rule) := {result.msg | some result in ci.deny with input as it; result.rule == rule}

checkout := {"name": "Check out", "uses": sprintf("actions/checkout@%s", [commit]), "with": {"persist-credentials": false}}

job := {"runs-on": "ubuntu-24.04", "timeout-minutes": 10, "permissions": {"contents": "read"}, "steps": [checkout]}

# YAML 1.1 reads `on` as true, and JSON has only text for keys.
workflow := {
	"true": {"pull_request": null},
	"permissions": {},
	"concurrency": {"group": "ci", "cancel-in-progress": true},
	"jobs": {"verify": job},
}

with_job(changes) := object.union(workflow, {"jobs": {"verify": changes}})

with_step(step) := object.union(workflow, {"jobs": {"verify": object.union(job, {"steps": [step]})}})

test_a_good_workflow_passes if count(ci.deny) == 0 with input as workflow

test_the_key_on_counts_as_well if {
	it := object.union(object.remove(workflow, ["true"]), {"on": {"pull_request_target": null}})
	denied(it, "S17") == {"pull_request_target runs a stranger's change with this repository's secrets"}
}

test_odd_shapes_break_nothing if {
	every it in [null, "text", [], {"jobs": null}, {"true": null, "jobs": {"a": null}}, {"include": "x.yml"}, {"steps": [null]}] {
		is_set(ci.deny) with input as it
	}
}

test_s16_uses_that_can_move_are_denied if {
	every use in ["actions/setup-go@v5", "actions/setup-go@main", "docker://alpine:3"] {
		denied(with_step({"uses": use}), "S16") == {sprintf("verify is not pinned by commit: %s", [use])}
	}
	every use in ["./.github/actions/setup", "$/.github/actions/setup", sprintf("docker://alpine%s", [digest])] {
		denied(with_step({"uses": use}), "S16") == set()
	}
}

test_s16_reusable_workflows_count if {
	denied(object.union(workflow, {"jobs": {"call": {"uses": "acme/x/.github/workflows/a.yml@v1"}}}), "S16") == {
		"call is not pinned by commit: acme/x/.github/workflows/a.yml@v1",
	}
}

test_s16_composite_actions_count if {
	action := {"runs": {"using": "composite", "steps": [{"uses": "actions/setup-go@v5"}]}}
	denied(action, "S16") == {"runs is not pinned by commit: actions/setup-go@v5"}
}

test_s16_images_of_jobs_count if {
	every it in [with_job({"container": "golang:1"}), with_job({"container": {"image": "golang:1"}})] {
		denied(it, "S16") == {"verify runs the image golang:1, which is no digest"}
	}
	denied(with_job({"services": {"db": {"image": "postgres:17"}}}), "S16") == {
		"verify runs the image postgres:17, which is no digest",
	}
	denied(with_job({"container": sprintf("golang:1%s", [digest])}), "S16") == set()
}

# One after the other, with and without an image: no job may end the search.
test_s16_images_of_some_jobs_count if {
	jobs := {"a": job, "b": object.union(job, {"container": "golang:1"}), "c": job, "d": {"services": {"x": null, "y": "z:1"}}}
	denied(object.union(workflow, {"jobs": jobs}), "S16") == {
		"b runs the image golang:1, which is no digest",
		"d runs the image z:1, which is no digest",
	}
}

test_s17_rights_of_all_jobs_are_denied if {
	expected := {"the workflow does not limit the permissions of its token"}
	denied(object.remove(workflow, ["permissions"]), "S17") == expected
	denied(object.union(workflow, {"permissions": "write-all"}), "S17") == expected
	denied(object.union(workflow, {"permissions": {"contents": "write"}}), "S17") == {"every job may write contents"}
	denied(with_job({"permissions": "write-all"}), "S17") == {"verify has write-all"}
}

test_s17_strangers_with_secrets_are_denied if {
	expected := {"pull_request_target runs a stranger's change with this repository's secrets"}
	every events in ["pull_request_target", ["push", "pull_request_target"], {"pull_request_target": null}] {
		it := object.union(object.remove(workflow, ["true"]), {"true": events})
		denied(it, "S17") == expected
	}
}

test_s17_expressions_in_scripts_are_denied if {
	denied(with_step({"name": "Greet", "run": "echo ${{ github.event.pull_request.title }}"}), "S17") == {
		"verify, step Greet puts an expression into its script",
	}
	script := {"uses": sprintf("actions/github-script@%s", [commit]), "with": {"script": "f('${{ github.head_ref }}')"}}
	denied(with_step(script), "S17") == {sprintf("verify, step %s puts an expression into its script", [script.uses])}
	denied(with_step({"run": "echo \"$TITLE\"", "env": {"TITLE": "${{ github.event.pull_request.title }}"}}), "S17") == set()
}

test_s16_the_image_of_a_docker_action_is_pinned if {
	action := {"name": "x", "runs": {"using": "docker", "image": "docker://alpine:3"}}
	denied(action, "S16") == {"the action runs the image docker://alpine:3, which is no digest"}
	denied(object.union(action, {"runs": {"image": sprintf("docker://alpine%s", [digest])}}), "S16") == set()
	denied(object.union(action, {"runs": {"image": "Dockerfile"}}), "S16") == set()
}

test_s16_the_slsa_generator_is_pinned_by_release if {
	generator := "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml"
	denied(with_job({"uses": sprintf("%s@v2.1.0", [generator])}), "S16") == set()
	denied(with_job({"uses": sprintf("%s@main", [generator])}), "S16") == {sprintf("verify is not pinned by commit: %s@main", [generator])}
}

test_s17_a_token_that_is_left_behind_is_denied if {
	expected := {"verify, step Check out leaves the token in .git/config"}
	denied(with_step(object.remove(checkout, ["with"])), "S17") == expected
	denied(with_step(object.union(checkout, {"with": {"persist-credentials": true}})), "S17") == expected
	denied(with_step(object.union(checkout, {"with": {"persist-credentials": "true"}})), "S17") == expected

	# Inputs are text to GitHub: quoted or not is the same.
	denied(with_step(object.union(checkout, {"with": {"persist-credentials": "false"}})), "S17") == set()
}

test_c4_artifacts_without_end_are_denied if {
	upload := {"name": "Keep", "uses": sprintf("actions/upload-artifact@%s", [commit]), "with": {"name": "x"}}
	denied(with_step(upload), "C4") == {"verify, step Keep sets no retention-days"}
	denied(with_step(object.union(upload, {"with": {"retention-days": 7}})), "C4") == set()
}

test_c6_no_time_limit_is_denied if {
	it := object.union(workflow, {"jobs": {"slow": object.remove(job, ["timeout-minutes"])}})
	denied(it, "C6") == {"slow has no timeout-minutes"}
}

test_c6_no_concurrency_is_denied if {
	denied(object.remove(workflow, ["concurrency"]), "C6") == {"the workflow sets no concurrency"}
	denied(object.union(object.remove(workflow, ["concurrency", "true"]), {"true": {"workflow_call": null}}), "C6") == set()
	denied(object.union(object.remove(workflow, ["concurrency", "true"]), {"true": "workflow_call"}), "C6") == set()
}

test_c6_outdated_runs_that_go_on_are_denied if {
	expected := {"an outdated run of a pull request goes on (cancel-in-progress)"}
	denied(object.union(workflow, {"concurrency": {"cancel-in-progress": false}}), "C6") == expected
	denied(object.union(object.remove(workflow, ["concurrency"]), {"concurrency": "ci"}), "C6") == expected
	expression := "${{ github.event_name == 'pull_request' }}"
	denied(object.union(workflow, {"concurrency": {"cancel-in-progress": expression}}), "C6") == set()
}

test_s17_all_secrets_are_denied if {
	call := {"uses": sprintf("acme/x/.github/workflows/a.yml@%s", [commit]), "secrets": "inherit"}
	it := object.union(object.remove(workflow, ["jobs"]), {"jobs": {"call": call}})
	denied(it, "S17") == {"call hands all secrets to the workflow that it calls"}
	by_name := object.union(call, {"secrets": {"X": "${{ secrets.X }}"}})
	named := object.union(object.remove(workflow, ["jobs"]), {"jobs": {"call": by_name}})
	denied(named, "S17") == set()
	every value in ["${{ toJSON(secrets) }}", "${{ secrets[matrix.name] }}"] {
		denied(with_step({"run": "x", "env": {"ALL": value}}), "S17") == {
			"an expression holds all secrets, and not the one that is needed",
		}
	}
	denied(with_step({"run": "x", "env": {"ONE": "${{ secrets.ONE }}"}}), "S17") == set()
}

test_s17_secrets_of_every_job_are_denied if {
	denied(object.union(workflow, {"env": {"TOKEN": "${{ secrets.TOKEN }}"}}), "S17") == {
		"every job has the secret TOKEN in its environment",
	}
	denied(object.union(workflow, {"env": {"LEVEL": "${{ vars.LEVEL }}", "N": 1}}), "S17") == set()
}

after(event, step) := object.union(object.remove(with_step(step), ["true"]), {"true": {event: null}})

test_s17_changes_that_are_fetched_with_rights_are_denied if {
	head := {"ref": "${{ github.event.workflow_run.head_sha }}", "persist-credentials": false}
	fetched := {"name": "Fetch", "uses": sprintf("actions/checkout@%s", [commit]), "with": head}
	denied(after("workflow_run", fetched), "S17") == {
		"verify, step Fetch runs a stranger's change with this repository's secrets, after workflow_run",
	}
	denied(after("issue_comment", {"name": "Fetch", "run": "gh pr checkout \"$NUMBER\""}), "S17") == {
		"verify, step Fetch runs a stranger's change with this repository's secrets, after issue_comment",
	}
	denied(after("issue_comment", {"name": "Fetch", "run": "git fetch origin pull/1/head"}), "S17") != set()
	denied(after("workflow_run", checkout), "S17") == set()
	denied(after("push", fetched), "S17") == set()
}

test_s17_safeguards_that_are_off_are_denied if {
	every name in ["ACTIONS_ALLOW_UNSECURE_COMMANDS", "ACTIONS_STEP_DEBUG"] {
		denied(with_step({"run": "x", "env": {name: true}}), "S17") == {sprintf("%s switches a safeguard off", [name])}
		denied(with_step({"run": "x", "env": {name: "false"}}), "S17") == set()
	}
}

# What warns in repositories that goldpath did not make.
conventions(it, rule) := {result.msg |
	some result in ci.deny with input as it
	result.rule == rule
	result.convention
}

test_s16_a_whole_version_of_githubs_own_is_a_convention if {
	every use in ["actions/checkout@v5.0.1", "github/codeql-action/init@v3.30.1"] {
		conventions(with_step({"uses": use}), "S16") == {sprintf("verify is not pinned by commit: %s", [use])}
	}
	every use in ["actions/checkout@v5", "actions/checkout@main", "acme/actions@v5.0.1"] {
		count(denied(with_step({"uses": use}), "S16")) == 1
		conventions(with_step({"uses": use}), "S16") == set()
	}
}

test_s16_an_image_by_a_whole_version_is_a_convention if {
	conventions(with_job({"container": "golang:1.25.3"}), "S16") == {"verify runs the image golang:1.25.3, which is no digest"}
	conventions(with_job({"container": "golang:1.25"}), "S16") == set()
}

test_c6_is_a_convention if {
	it := object.union(workflow, {"jobs": {"verify": object.remove(job, ["timeout-minutes"])}})
	bare := object.remove(it, ["jobs"])
	conventions(object.union(bare, {"jobs": {"other": {"steps": []}}}), "C6") == {"other has no timeout-minutes"}
}
