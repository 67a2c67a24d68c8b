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

test_s17_a_token_that_is_left_behind_is_denied if {
	expected := {"verify, step Check out leaves the token in .git/config"}
	denied(with_step(object.remove(checkout, ["with"])), "S17") == expected
	denied(with_step(object.union(checkout, {"with": {"persist-credentials": true}})), "S17") == expected
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

gitlab := {
	"stages": ["verify"],
	"workflow": {"rules": []},
	"default": {"image": sprintf("golang:1%s", [digest]), "interruptible": true, "timeout": "20 minutes"},
	"verify": {"script": ["make verify"], "artifacts": {"expire_in": "1 week"}},
}

test_a_good_gitlab_pipeline_passes if count(ci.deny) == 0 with input as gitlab

test_s16_gitlab_images_count if {
	denied(object.union(gitlab, {"default": {"image": {"name": "golang:1"}}}), "S16") == {
		"default runs the image golang:1, which is no digest",
	}
	denied(object.union(gitlab, {"verify": {"image": "golang:1"}}), "S16") == {
		"verify runs the image golang:1, which is no digest",
	}
	denied(object.union(gitlab, {"image": "golang:1"}), "S16") == {"the pipeline runs the image golang:1, which is no digest"}
	denied(object.union(gitlab, {"verify": {"services": ["postgres:17"]}}), "S16") == {
		"verify runs the image postgres:17, which is no digest",
	}
	denied(object.union(gitlab, {"verify": {"image": "$BUILD_IMAGE"}}), "S16") == set()
}

includes(entry) := denied(object.union(gitlab, {"include": [entry]}), "S16")

test_s16_gitlab_includes_count if {
	includes({"local": "x.yml"}) == set()
	includes({"component": "gitlab.com/c/x@1.2.3"}) == set()
	includes({"component": "gitlab.com/c/x@~latest"}) == {
		"the component gitlab.com/c/x@~latest is not pinned to a release or commit",
	}
	includes({"project": "acme/ci", "ref": commit}) == set()
	includes({"project": "acme/ci", "ref": "main"}) == {"the project acme/ci is not pinned to a tag or commit"}
	includes({"remote": "https://example.com/x.yml"}) == {
		"https://example.com/x.yml is fetched from an address without integrity",
	}
}

test_s17_docker_in_docker_is_denied if {
	denied(object.union(gitlab, {"verify": {"services": ["docker:27-dind"]}}), "S17") == {
		"verify needs a privileged runner for Docker in Docker",
	}
}

test_c4_gitlab_artifacts_count if {
	expected := {"the artifacts of verify do not expire"}
	denied(object.union(gitlab, {"verify": {"artifacts": {"expire_in": "never"}}}), "C4") == expected
	it := object.union(object.remove(gitlab, ["verify"]), {"verify": {"script": ["x"], "artifacts": {"paths": ["x"]}}})
	denied(it, "C4") == expected
}

test_c6_gitlab_limits_count if {
	bare := object.union(object.remove(gitlab, ["default"]), {"default": {"interruptible": true}})
	denied(bare, "C6") == {"verify has no timeout"}
	denied(object.union(bare, {"verify": {"timeout": "5 minutes"}}), "C6") == set()
	none := object.union(object.remove(bare, ["verify"]), {".hidden": {"rules": []}})
	denied(none, "C6") == {"the jobs have no default timeout"}
	patient := object.union(object.remove(gitlab, ["default"]), {"default": {"timeout": "1h"}})
	denied(patient, "C6") == {"an outdated pipeline goes on (default.interruptible)"}
	denied(object.union(patient, {"workflow": {"auto_cancel": {"on_new_commit": "interruptible"}}}), "C6") == set()
}

# The main file may have no job of its own.
test_the_main_file_of_gitlab_may_only_include if {
	it := {"include": [{"local": ".gitlab/ci/verify.yml"}], "workflow": {"rules": []}}
	denied(it, "C6") == {"the jobs have no default timeout", "an outdated pipeline goes on (default.interruptible)"}
}

test_c6_included_files_take_the_defaults if denied({"verify": {"script": ["make verify"]}}, "C6") == set()

azure := {
	"extends": {"template": "templates/service.yml@platform"},
	"resources": {"repositories": [{"repository": "platform", "ref": "refs/tags/v1.2.3"}]},
}

test_a_good_azure_pipeline_passes if count(ci.deny) == 0 with input as azure

test_s16_azure_references_count if {
	floating := {"resources": {"repositories": [{"repository": "platform", "ref": "refs/heads/main"}]}}
	denied(object.union(azure, floating), "S16") == {"the repository platform is not pinned to a tag or commit"}
	container := {"resources": {"containers": [{"container": "go", "image": "golang:1"}]}}
	denied(object.union(azure, container), "S16") == {"go runs the image golang:1, which is no digest"}
	denied({"jobs": [{"job": "a", "timeoutInMinutes": 5, "container": "docker.io/golang:1", "steps": []}]}, "S16") == {
		"a runs the image docker.io/golang:1, which is no digest",
	}
}

test_s17_azure_scripts_count if {
	denied({"steps": [{"script": "echo $(Build.SourceVersionMessage)"}]}, "S17") == {
		"a script holds $(Build.SourceVersionMessage), which whoever opens a pull request chooses",
	}
	denied({"stages": [{"jobs": [{"steps": [{"bash": "echo $(Build.BuildId)"}]}]}]}, "S17") == set()
}

test_c6_azure_limits_count if {
	denied({"jobs": [{"job": "a", "steps": [{"script": "x"}]}]}, "C6") == {"a has no timeoutInMinutes"}
	denied({"jobs": [{"job": "a", "timeoutInMinutes": 5, "steps": [{"script": "x"}]}]}, "C6") == set()
}
