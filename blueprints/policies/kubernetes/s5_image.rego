package kubernetes

# METADATA
# title: Images are named by registry and digest
# description: >-
#   A tag can be moved, so what runs is not what was scanned and signed. A name without a registry means Docker Hub by
#   accident.
# custom:
#   id: S5
#   lens: security
#   severity: deny
#   convention: an image by its whole version, or by a name without a registry
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: name the image as registry/name@sha256:…; `make promote` writes the digest of a release
#   controls:
#     - CIS Kubernetes Benchmark 5.5.1
#     - OWASP CICD-SEC-9 Improper Artifact Integrity Validation
#     - OWASP Kubernetes Top Ten 2022 K02 Supply Chain Vulnerabilities
#     - NIST SSDF PS.2.1
deny contains result if {
	some at, entry in containers
	image := sprintf("%v", [field(entry.it, "image", "")])
	not pinned(image)
	not unreleased(image)
	result := {
		"rule": "S5",
		"msg": sprintf("%s runs %q, which is no digest", [called(entry), image]),
		"at": array.concat(at, ["image"]),
		"convention": versioned(image),
	}
}

deny contains result if {
	some at, entry in containers
	image := sprintf("%v", [field(entry.it, "image", "")])
	not regex.match(`^[^/]+[.:][^/]*/`, image)
	not startswith(image, "localhost/")
	result := {
		"rule": "S5",
		"msg": sprintf("%s runs %q, which names no registry", [called(entry), image]),
		"at": array.concat(at, ["image"]),
		"convention": true,
	}
}

# A new repository has no release yet. The tag stands for an image that does not exist, so nothing else can run.
warn contains result if {
	some at, entry in containers
	unreleased(entry.it.image)
	result := {
		"rule": "S5",
		"msg": sprintf("%s waits for its first release", [called(entry)]),
		"at": array.concat(at, ["image"]),
	}
}

pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

# Publishers hardly ever move the tag of a whole version.
versioned(image) := regex.match(`:v?[0-9]+\.[0-9]+\.[0-9]+([-_.][\w.-]*)?$`, image)

unreleased(image) if endswith(image, ":unreleased")
