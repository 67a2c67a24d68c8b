package repo_test

import data.repo

workflow(steps) := {"path": ".github/workflows/release.yaml", "contents": {"jobs": {"image": {"steps": steps}}}}

runs(commands) := workflow([{"run": command} | some command in commands])

push := "docker buildx build --push --provenance=false --tag x ."

sign := "cosign sign --yes x@sha256:0"

list := "syft scan x --output spdx-json=sbom.json"

tell := "cosign attest --yes \\\n  --type slsaprovenance1 --predicate provenance.json x"

verify := "cosign verify --certificate-identity x x@sha256:0"

complete := [push, sign, list, tell, verify]

unsigned := "nothing signs the image that is pushed here"

unlisted := "nothing lists the contents of the image that is pushed here (SBOM)"

untold := "nothing tells the provenance of the image that is pushed here"

unverified := "nothing verifies the signature of the image that is pushed here before it runs"

without(command) := runs([other | some other in complete; other != command])

test_s18_a_signed_image_passes if {
	denied_files([runs(complete)], "S18") == set()
	denied_files(array.concat([runs(complete)], files([deployment])), "S18") == set()
}

test_s18_what_is_missing_is_named if {
	denied_files([without(sign)], "S18") == {unsigned}
	denied_files([without(list)], "S18") == {unlisted}
	denied_files([without(tell)], "S18") == {untold}
	denied_files(array.concat([without(verify)], files([deployment])), "S18") == {unverified}
	denied_files([without(verify)], "S18") == set()
	denied_files([runs([push, "kubectl apply -f x"])], "S18") == {unsigned, unlisted, untold, unverified}
}

test_s18_a_finding_leads_to_the_push if {
	some result in repo.deny with input as [runs(["make verify", push])]
	result.at == [0, "contents", "jobs", "image", "steps", 1, "run"]
}

test_s18_where_nothing_is_pushed_nothing_is_asked if {
	every command in ["docker build .", "docker buildx build --load .", "git push origin main", "npm run build -- --pushstate"] {
		denied_files([runs([command])], "S18") == set()
	}
}

test_s18_all_ways_to_push_count if {
	every command in [
		"docker push x", "docker image push x", "podman push x", "buildah push x", "docker compose build --push",
		"docker buildx build \\\n  --tag x \\\n  --push .", "/kaniko/executor --context . --destination x", "ko build ./cmd/x",
		"mvn compile jib:build", "./gradlew build jib", "pack build x --publish", "az acr build --image x .",
		"skaffold run --default-repo x", "gcloud builds submit --tag x", "docker-compose push",
	] {
		unsigned in denied_files([runs([command])], "S18")
	}
}

test_s18_all_ways_to_prove_count if {
	every step in [
		{"uses": "actions/attest-build-provenance@v4"}, {"uses": "actions/attest@v4"},
		{"uses": "slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2"},
	] {
		denied_files([workflow([{"run": push}, step])], "S18") == {unlisted}
	}
	every step in [
		{"uses": "anchore/sbom-action@v0"}, {"run": "trivy image --format cyclonedx x"}, {"run": "docker buildx build --sbom=true ."},
		{"uses": "aquasecurity/trivy-action@0", "with": {"format": "cyclonedx"}}, {"run": "syft \"$IMAGE\""},
	] {
		denied_files([workflow([{"run": push}, step])], "S18") == {unsigned, untold}
	}
	every step in [
		{"run": "docker buildx build --provenance=mode=max ."}, {"env": {"RUNNER_GENERATE_ARTIFACTS_METADATA": "true"}},
	] {
		denied_files([workflow([{"run": push}, step])], "S18") == {unsigned, unlisted}
	}
	denied_files([runs([push, "notation sign x"])], "S18") == {unlisted, untold}
}

# BuildKit does it unless it is told not to.
test_s18_provenance_by_default_counts if {
	denied_files([runs(["docker buildx build --push ."])], "S18") == {unsigned, unlisted}
	denied_files([runs(["docker buildx build --push --provenance=false --sbom=false ."])], "S18") == {unsigned, unlisted, untold}
}

image_action(options) := {"uses": "docker/build-push-action@v7", "with": options}

test_s18_the_action_that_builds_and_pushes_counts if {
	every options in [{"push": true}, {"push": "${{ github.ref == 'x' }}"}, {"outputs": "type=registry"}] {
		denied_files([workflow([{"run": "x"}, image_action(options)])], "S18") == {unsigned, unlisted}
	}
	denied_files([workflow([image_action({"push": true, "provenance": false})])], "S18") == {unsigned, unlisted, untold}
	denied_files([workflow([image_action({"push": true, "sbom": true})])], "S18") == {unsigned}
	every options in [{"push": false}, {"load": true}, {}] {
		denied_files([workflow([image_action(options)])], "S18") == set()
	}
	action := {"path": "build/action.yml", "contents": {"runs": {"steps": [image_action({"push": true})]}}}
	denied_files([action], "S18") == {unsigned, unlisted}
	some result in repo.deny with input as [action]
	result.at == [0, "contents", "runs", "steps", 0]
}

# What is verified has to be what is made.
test_s18_a_signature_of_another_kind_is_denied if {
	steps := [{"run": push}, {"run": list}, {"run": verify}, {"uses": "actions/attest-build-provenance@v4"}]
	denied_files(array.concat([workflow(steps)], files([deployment])), "S18") == {
		"cosign verify asks for a signature of the image that is pushed here, and nothing makes one (cosign sign)",
	}
}

test_s18_the_cluster_may_verify if {
	kyverno := {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "spec": {"rules": [{"verifyImages": [{}]}]}}
	sigstore := {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
	every it in [kyverno, sigstore] {
		denied_files(array.concat([without(verify)], files([deployment, it])), "S18") == set()
	}
	other := object.union(kyverno, {"spec": {"rules": [{"validate": {}}]}})
	denied_files(array.concat([without(verify)], files([deployment, other])), "S18") == {unverified}
}

test_s18_all_systems_count if {
	gitlab := {"path": ".gitlab-ci.yml", "contents": {"push": {"script": [push]}}}
	included := {"path": ".gitlab/ci/build.yml", "contents": {"push": {"script": [push]}}}
	azure := {"path": "azure-pipelines.yml", "contents": {"steps": [{"task": "Docker@2", "inputs": {"command": "buildAndPush"}}]}}
	jenkins := text("Jenkinsfile", ["node {", "  // docker push", "  def image = docker.build('x')", "  image.push()", "}"])
	every pipeline_file in [gitlab, included, azure, jenkins] {
		unsigned in denied_files([pipeline_file], "S18")
	}
	some result in repo.deny with input as [jenkins, gitlab]
	result.rule == "S18"
	result.at == [0, "contents", "text", "lines", 3]
	some other in repo.deny with input as [azure]
	other.rule == "S18"
	other.at == [0, "contents"]
}

makefile := text("Makefile", [
	".PHONY: image push sign",
	"image: ## docker push",
	"\tdocker build .",
	"",
	"push: image",
	"\t@scripts/image.sh push",
	"",
	"release: \\",
	"  push sign",
	"\t$(MAKE) list",
	"",
	"sign:",
	"\t# cosign sign",
	"\tcosign sign x",
	"list:",
	"\tsyft scan x",
])

script := text("scripts/image.sh", ["#!/bin/sh", "# docker push", "docker buildx build \\", "  --push ."])

test_s18_what_pipelines_call_counts if {
	denied_files([runs(["make release"]), makefile, script], "S18") == set()
	denied_files([runs(["make push"]), makefile, script], "S18") == {unsigned, unlisted}
	denied_files([runs(["make push && make sign"]), makefile, script], "S18") == {unlisted}
	denied_files([runs(["cd x && ../scripts/image.sh push"]), makefile, script], "S18") == {unsigned, unlisted}
	some result in repo.deny with input as [runs(["make push"]), makefile, script]
	result.rule == "S18"
	result.at == [2, "contents", "text", "lines", 3]
}

notation(command) := {"task": "Notation@0", "inputs": {"command": command, "artifactRefs": "x"}}

test_s18_the_notation_task_of_azure_counts if {
	steps := [{"script": push}, {"script": "kubectl apply -f x"}]
	it := {"path": "azure-pipelines.yml", "contents": {"steps": array.concat(steps, [notation("install")])}}
	denied_files([it], "S18") == {unsigned, unlisted, untold, unverified}
	both := {"path": "azure-pipelines.yml", "contents": {"steps": array.concat(steps, [notation("sign"), notation("verify")])}}
	denied_files([both], "S18") == {unlisted, untold}
}

arms := text("scripts/image.sh", [
	"usage() { sed -n 2,8p scripts/image.sh; }",
	"case $1 in",
	"  build | push) docker build --push . ;;",
	"  sign)",
	"    cosign sign x",
	"    ;;",
	"esac",
	"case $(uname) in",
	"  Linux) syft scan x ;;",
	"esac",
])

test_s18_make_in_scripts_counts_as_a_command_only if {
	command := text("scripts/all.sh", ["docker push x", "make list"])
	denied_files([runs(["scripts/all.sh"]), makefile, command], "S18") == {unsigned, untold}
	message := text("scripts/all.sh", ["docker push x", "echo 'run make list first' && make sign"])
	denied_files([runs(["scripts/all.sh"]), makefile, message], "S18") == {unlisted, untold}
}

test_s18_files_that_start_a_pipeline_are_no_calls if {
	watched := {"script": ["scripts/image.sh push"], "rules": [{"changes": ["scripts/image.sh"]}]}
	denied_files([{"path": ".gitlab-ci.yml", "contents": {"push": watched}}, arms], "S18") == {unsigned, untold}
}

test_s18_scripts_that_scripts_call_count if {
	outer := text("scripts/release.sh", ["./image.sh push", "./image.sh sign"])
	denied_files([runs(["scripts/release.sh"]), outer, arms], "S18") == {untold}
}

# Of a script with several jobs, the one counts that it is called for.
test_s18_the_word_that_a_script_is_called_with_counts if {
	denied_files([runs(["scripts/image.sh push", "scripts/image.sh sign"]), arms], "S18") == {untold}
	denied_files([runs(["scripts/image.sh push"]), arms], "S18") == {unsigned, untold}
	denied_files([runs(["scripts/image.sh sign"]), arms], "S18") == set()
	denied_files([runs(["scripts/image.sh \"$ACTION\""]), arms], "S18") == {untold}
}

test_s18_recipes_are_found_by_their_line if {
	own := text("build.mk", ["all:", "\techo", "", "release:", "\t$(DOCKER) push x"])
	some result in repo.deny with input as [runs(["make release"]), own]
	result.rule == "S18"
	result.at == [1, "contents", "text", "lines", 4]
}

test_s18_a_target_that_no_pipeline_makes_is_a_persons_tool if {
	denied_files([runs(["make image"]), makefile, script], "S18") == set()
	denied_files([makefile, script], "S18") == set()
}

test_s18_odd_shapes_break_nothing if {
	odd_steps := [null, {"uses": 1}, image_action(null), image_action({"push": []})]
	every it in [null, [], "x", {"jobs": "x"}, {"jobs": {"a": {"steps": odd_steps}}}] {
		is_set(repo.deny) with input as [{"path": ".github/workflows/x.yml", "contents": it}]
	}
	every lines in [null, [], [null], ["a"], ["a:"], ["\tdocker push x"], ["a: b", "b: a", "\tmake a b"], ["x = 1", "a::"]] {
		is_set(repo.deny) with input as [runs(["make a scripts/a.sh"]), text("Makefile", lines), text("scripts/a.sh", lines)]
	}
}

test_o4_a_jenkinsfile_has_owners if {
	jenkins := text("Jenkinsfile", ["node { }"])
	denied_files([jenkins, text("CODEOWNERS", ["/Jenkinsfile @acme/platform"])], "O4") == set()
	denied_files([jenkins, text("CODEOWNERS", ["* @acme/shop"])], "O4") == {"CODEOWNERS names no owner for /Jenkinsfile"}
}
