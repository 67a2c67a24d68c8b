package repo

# METADATA
# title: Images are signed, with a list of contents and their provenance, and verified before they run
# description: >-
#   Whoever can push to the registry, or stands between it and the cluster, can put another image in the place of the one that
#   was built and scanned. A signature by the pipeline, a list of contents (SBOM) and the provenance say what an image is and
#   where it is from; but a signature that nobody verifies stops nobody. Only commands that a pipeline runs count, itself or
#   through the Makefile and scripts that it calls.
# custom:
#   id: S18
#   lens: security
#   severity: deny
#   concerns: [ci]
#   fix: >-
#     after the push run syft and cosign sign and attest on the digest, or actions/attest-build-provenance on GitHub, id_tokens
#     with cosign on GitLab, notation or cosign on Azure and Jenkins; run cosign verify before a digest is deployed, or have the
#     cluster do it (Kyverno verifyImages, the sigstore policy-controller)
#   controls:
#     - OWASP CICD-SEC-9 Improper Artifact Integrity Validation
#     - SLSA v1.0 Build L2 Provenance is authentic
#     - NIST SSDF PS.2.1
#     - NIST SSDF PS.3.2
#     - OpenSSF Scorecard Signed-Releases
#     - CIS Software Supply Chain Security Guide 2.4.1
#     - CIS Software Supply Chain Security Guide 2.4.5
deny contains result if {
	some message in lacking
	result := {
		"rule": "S18",
		"msg": message,
		"at": min(pushes),
	}
}

lacking contains "nothing signs the image that is pushed here" if not regex.match(signing, proofs)

lacking contains "cosign verify asks for a signature of the image that is pushed here, and nothing makes one (cosign sign)" if {
	not regex.match(`cosign\s+sign\s|sigstore/`, proofs)
	regex.match(signing, proofs)
	some text in units
	regex.match(`cosign\s+verify\s`, text)
}

lacking contains "nothing lists the contents of the image that is pushed here (SBOM)" if not regex.match(listing, proofs)

lacking contains "nothing tells the provenance of the image that is pushed here" if not tells_provenance

lacking contains "nothing verifies the signature of the image that is pushed here before it runs" if {
	deploys
	not verifies
}

# Where an image is pushed: the place in the pipeline, the line in a script or Makefile.
pushes contains place if {
	some unit in reached
	regex.match(words_of_pushing, units[unit])
	regex.match(pushing, units[unit])
	place := place_of(unit)
}

pushes contains array.concat([index, "contents"], entry.at) if {
	some index, entry in image_actions
}

# Most texts have none of these words, which is found out much faster.
words_of_pushing := `[pP]ush|kaniko|publish|ko |jib|acr|submit|skaffold`

pushing := concat("|", [
	`(?:docker|podman|buildah|nerdctl|crane)\s+(?:image\s+|manifest\s+)?push\s`,
	`\$[({][A-Z_]*(?:DOCKER|CONTAINER|ENGINE|PODMAN)[A-Z_]*[)}]\s+push\s`,
	`docker\s+(?:buildx\s+)?(?:build|bake)\s(?:[^\n]|\\\n)*?--push`,
	`docker(?:-|\s+)compose\s(?:[^\n]*[\s-])?push(?:[\s"]|$)`,
	`kaniko/executor\s(?:[^\n]|\\\n)*?--destination`,
	`(?:^|[\s"';&|(])ko\s+(?:build|publish|resolve|apply)\s`,
	`jib:build|gradlew?\s(?:[^\n]*[\s:])?jib(?:[\s"]|$)`,
	`skaffold\s+(?:build|run)\s(?:[^\n]|\\\n)*?--(?:default-repo|push)`,
	`pack\s+build\s(?:[^\n]|\\\n)*?--publish`,
	`az\s+acr\s+build\s|gcloud\s+builds\s+submit\s[^\n]*--tag`,
	`"command":\s*"(?:buildAndPush|push)"`,
	`docker\.(?:build|image)\s*\((?s:.*)\.push\s*\(`,
])

signing := concat("|", [
	`cosign\s+sign\s|notation\s+sign\s|docker\s+trust\s+sign\s|DOCKER_CONTENT_TRUST["']?[=:]\s*["']?1`,
	`actions/attest(?:-build-provenance)?@|slsa-framework/slsa-github-generator`,
	`"command":\s*"sign"[^{}]*\}[^{}]*"task":\s*"Notation@`,
])

listing := concat("|", [
	`(?:^|[^A-Za-z0-9_-])syft\s+(?:scan|packages|attest|convert|-o|--output|["']?\$|[A-Za-z0-9._-]+[:/])|anchore/sbom-action`,
	`actions/attest-sbom|--sbom|"sbom":\s*(?:true|"(?:true|generator))`,
	`trivy\s(?:[^\n]|\\\n)*?(?:cyclonedx|spdx)|"format":\s*"(?:cyclonedx|spdx)|cdxgen|spdx-sbom-generator|sbom-tool\s+generate`,
	`cyclonedx|docker\s+(?:sbom|scout\s+sbom)|bom\s+generate\s|(?:^|[\s"';&|(])ko\s+(?:build|publish|resolve|apply)\s`,
])

telling := concat("|", [
	`actions/attest(?:-build-provenance)?@|slsa-framework/slsa-github-generator|--provenance|--attest[= ]["']?type=provenance`,
	`"provenance":\s*(?:true|"(?:true|mode))|cosign\s+attest\s(?:[^\n]|\\\n)*?slsaprovenance`,
	`RUNNER_GENERATE_ARTIFACTS_METADATA|in-toto-run\s|witness\s+run\s`,
])

verifying := concat("|", [
	`cosign\s+verify(?:-attestation)?\s|gh\s+attestation\s+verify\s|slsa-verifier\s+verify|notation\s+verify\s`,
	`"command":\s*"verify"[^{}]*\}[^{}]*"task":\s*"Notation@`,
])

# An option that says no is no proof of a yes.
proofs := regex.replace(commands, `--(?:sbom|provenance)[= ](?:false|none)`, "")

tells_provenance if regex.match(telling, proofs)

# BuildKit adds provenance by itself where nobody forbids it, and so does the action that drives it.
tells_provenance if {
	regex.match(`docker\s+buildx\s+(?:build|bake)\s(?:[^\n]|\\\n)*?--push`, commands)
	not regex.match(`--provenance[= ]false|BUILDX_NO_DEFAULT_ATTESTATIONS`, commands)
}

tells_provenance if {
	some entry in image_actions
	not object.get(entry.it, ["with", "provenance"], true) in {false, "false"}
}

# docker/build-push-action, by the document that it is in.
image_actions[index] := entry if {
	some index in pipelines
	found := [step |
		some step in github_steps(input[index].contents)
		startswith(step.it.uses, "docker/build-push-action@")
		pushes_image(step.it)
	]
	count(found) > 0
	entry := found[0]
}

pushes_image(step) if regex.match(`^(?:true|\$\{\{.*)$`, sprintf("%v", [step["with"].push]))

pushes_image(step) if regex.match(`type=registry|push=true`, step["with"].outputs)

github_steps(contents) := array.concat(
	[{"it": step, "at": ["jobs", key, "steps", place]} |
		some key, job in each(contents.jobs)
		some place, step in each(job.steps)
	],
	[{"it": step, "at": ["runs", "steps", place]} | some place, step in each(contents.runs.steps)],
)

# What the repository pushes is also deployed from here.
deploys if count(workloads) > 0

deploys if {
	regex.match(
		concat("|", [
			`kubectl\s+(?:apply|set\s+image|rollout)|helm\s+(?:upgrade|install)\s|kustomize\s+edit\s+set\s+image`,
			`argocd\s+app\s+(?:set|sync)|gcloud\s+run\s+deploy|aws\s+ecs\s+update-service|az\s+(?:containerapp|webapp)\s`,
			`"task":\s*"(?:KubernetesManifest|HelmDeploy|Kubernetes)@`,
		]),
		commands,
	)
}

# A person may promote as well, so any script counts here.
verifies if regex.match(verifying, concat("\n", [text | some text in units]))

# … or the cluster refuses what is not signed.
verifies if {
	some it in objects
	it.kind in {"ClusterImagePolicy", "ImageValidatingPolicy", "ImageVerificationPolicy"}
}

verifies if {
	some it in objects
	it.kind in {"ClusterPolicy", "Policy"}
	some rule in each(it.spec.rules)
	rule.verifyImages
}

place_of(unit) := [index, "contents", "text", "lines", line] if {
	index := file_of(unit)
	line := first_push(texts[index].lines)
}

place_of(unit) := array.concat([index, "contents"], path) if {
	index := file_of(unit)
	not texts[index]
	found := [path |
		walk(input[index].contents, [path, value])
		is_string(value)
		regex.match(pushing, value)
	]
	path := array.concat(found, [[]])[0]
}

# A command may go over lines; then the option that pushes stands on one of them.
first_push(lines) := min([place |
	some place, line in lines
	regex.match(words_of_pushing, line)
	regex.match(pushing_line, line)
	not regex.match(`^\s*(#|//)`, line)
])

pushing_line := concat("|", [pushing, `--push|push\s|--publish|\.push\s*\(`])

file_of(unit) := to_number(regex.find_n(`[0-9]+`, unit, 1)[0]) if not startswith(unit, "recipe ")

file_of(unit) := recipes[to_number(trim_prefix(unit, "recipe "))].file if startswith(unit, "recipe ")
