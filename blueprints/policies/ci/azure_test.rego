package ci_test

import data.ci

azure := {
	"extends": {"template": "templates/service.yml@platform"},
	"resources": {"repositories": [{"repository": "platform", "ref": "refs/tags/v1.2.3"}]},
}

test_a_good_azure_pipeline_passes if count(ci.deny) == 0 with input as azure

test_odd_azure_pipelines_break_nothing if {
	every it in [
		{"jobs": [null, "x", {"job": null}, {"job": 1, "steps": "x"}, {"template": 1}]},
		{"stages": [null, "x", {"jobs": "x"}, {"stage": "a", "jobs": [{"deployment": "d", "strategy": null}]}]},
		{"steps": [null, {"script": null}, {"checkout": null, "persistCredentials": null}, {"bash": ["x"]}]},
		{"extends": {"template": null}, "steps": []},
		{"resources": null, "steps": [], "pr": null, "parameters": null, "trigger": "none"},
		{"resources": {"repositories": {"a": 1}, "containers": [null, {"container": "x"}]}, "steps": []},
		{"steps": [], "pr": [1], "parameters": [null]},
	] {
		is_set(ci.deny) with input as it
	}
}

test_s16_azure_references_count if {
	floating := {"resources": {"repositories": [{"repository": "platform", "ref": "refs/heads/main"}]}}
	expected := {"the repository platform is not pinned to a tag or commit"}
	denied(object.union(azure, floating), "S16") == expected
	denied(object.union(azure, {"resources": {"repositories": [{"repository": "platform"}]}}), "S16") == expected
	job := {"stages": [{"stage": "a", "jobs": [{"template": "go.yml@platform"}]}]}
	denied(object.union(floating, job), "S16") == expected
}

# A repository that is only checked out is no code of the pipeline's.
test_s16_azure_sources_may_move if {
	floating := {"resources": {"repositories": [{"repository": "docs", "ref": "refs/heads/main"}]}}
	denied(object.union(floating, {"steps": [{"checkout": "docs"}, {"template": "own.yml"}]}), "S16") == set()
}

test_s16_azure_images_count if {
	container := {"resources": {"containers": [{"container": "go", "image": "golang:1"}]}}
	denied(object.union(azure, container), "S16") == {"go runs the image golang:1, which is no digest"}
	every form in ["golang:1", {"image": "golang:1"}] {
		job := {"job": "a", "timeoutInMinutes": 5, "container": form, "steps": []}
		denied({"jobs": [job]}, "S16") == {"a runs the image golang:1, which is no digest"}
		denied({"stages": [{"stage": "s", "jobs": [job]}]}, "S16") == {"a runs the image golang:1, which is no digest"}
	}
	denied({"jobs": [{"job": "a", "timeoutInMinutes": 5, "container": "go", "steps": []}]}, "S16") == set()
}

test_s17_azure_scripts_count if {
	every name in ["$(Build.SourceVersionMessage)", "$(System.PullRequest.SourceBranch)"] {
		expected := {sprintf("a script holds %s, which whoever opens a pull request chooses", [name])}
		denied({"steps": [{"script": sprintf("echo %s", [name])}]}, "S17") == expected
		denied({"steps": [{"task": "Bash@3", "inputs": {"script": sprintf("echo %s", [name])}}]}, "S17") == expected
		denied({"steps": [{"task": "AzureCLI@2", "inputs": {"inlineScript": name}}]}, "S17") == expected
	}
	harmless := {"bash": "echo $(Build.BuildId) $(System.PullRequest.PullRequestId)"}
	denied({"stages": [{"jobs": [{"steps": [harmless]}]}]}, "S17") == set()
}

test_s17_azure_parameters_in_scripts_are_denied if {
	every reference in ["${{ parameters.tag }}", "${{ lower(parameters['tag']) }}"] {
		it := {"trigger": "none", "parameters": [{"name": "tag"}], "steps": [{"script": sprintf("make TAG=%s", [reference])}]}
		denied(it, "S17") == {"a script holds the parameter tag, which whoever starts the pipeline types"}
		denied(object.remove(it, ["trigger"]), "S17") == set()
		denied(object.union(it, {"parameters": [{"name": "tag", "values": ["a", "b"]}]}), "S17") == set()
		denied(object.union(it, {"parameters": [{"name": "tag", "type": "boolean"}]}), "S17") == set()
	}
}

test_s17_azure_tokens_that_are_left_behind_are_denied if {
	every value in [true, "true"] {
		denied({"steps": [{"checkout": "self", "persistCredentials": value}]}, "S17") == {
			"a checkout leaves the token in .git/config (persistCredentials)",
		}
	}
	denied({"steps": [{"checkout": "self", "persistCredentials": false}]}, "S17") == set()
}

test_s17_azure_tokens_that_everything_sees_are_denied if {
	denied({"steps": [{"bash": "curl -H $(System.AccessToken)"}]}, "S17") == {"a script holds the pipeline's token"}
	expected := {"every step has the pipeline's token in a variable"}
	denied({"variables": {"TOKEN": "$(System.AccessToken)"}, "steps": []}, "S17") == expected
	denied({"variables": [{"name": "TOKEN", "value": "$(System.AccessToken)"}], "steps": []}, "S17") == expected
	denied({"steps": [{"bash": "make", "env": {"TOKEN": "$(System.AccessToken)"}}]}, "S17") == set()
}

in_container(more) := {"jobs": [{"job": "a", "container": object.union({"image": sprintf("x%s", [digest])}, more)}]}

test_s17_azure_containers_with_the_rights_of_their_agent_are_denied if {
	expected := {"the container of a job is as good as root on its agent"}
	denied(in_container({"options": "--privileged"}), "S17") == expected
	denied(in_container({"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]}), "S17") == expected
	denied(in_container({"options": "--init"}), "S17") == set()
}

test_c6_azure_limits_count if {
	script := [{"script": "x"}]
	denied({"jobs": [{"job": "a", "steps": script}]}, "C6") == {"a has no timeoutInMinutes"}
	denied({"jobs": [{"job": "a", "timeoutInMinutes": 5, "steps": script}]}, "C6") == set()
	denied({"jobs": [{"job": "a", "timeoutInMinutes": 0, "steps": script}]}, "C6") == {"a has no time limit: 0 means none"}
	deployment := {"deployment": "d", "strategy": {"runOnce": {"deploy": {"steps": script}}}}
	denied({"stages": [{"stage": "s", "jobs": [deployment]}]}, "C6") == {"d has no timeoutInMinutes"}
	conditional := {"jobs": [{"${{ if eq(parameters.x, true) }}": [{"job": "b", "steps": script}]}]}
	denied(conditional, "C6") == {"b has no timeoutInMinutes"}
	denied({"jobs": [{"template": "go.yml"}]}, "C6") == set()
}

test_c6_azure_outdated_runs_that_go_on_are_denied if {
	denied({"pr": {"autoCancel": false, "branches": ["main"]}, "steps": []}, "C6") == {
		"an outdated run of a pull request goes on (autoCancel)",
	}
	denied({"pr": {"autoCancel": true}, "steps": []}, "C6") == set()
}
