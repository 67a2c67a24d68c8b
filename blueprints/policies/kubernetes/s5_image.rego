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
#   fix: name the image as registry/name@sha256:…; `make promote` writes the digest of a release
#   controls:
#     - OWASP CICD-SEC-9 Improper Artifact Integrity Validation
deny contains result if {
	some entry in all_containers
	image := object.get(entry.it, "image", "")
	not pinned(image)
	not unreleased(image)
	result := {
		"rule": "S5",
		"msg": sprintf("%s runs %q, which is no digest", [called(entry), image]),
		"at": array.concat(entry.at, ["image"]),
	}
}

deny contains result if {
	some entry in all_containers
	image := object.get(entry.it, "image", "")
	not regex.match(`^[^/]+[.:][^/]*/`, image)
	not startswith(image, "localhost/")
	result := {
		"rule": "S5",
		"msg": sprintf("%s runs %q, which names no registry", [called(entry), image]),
		"at": array.concat(entry.at, ["image"]),
	}
}

# A new repository has no release yet. The tag stands for an image that does not exist, so nothing else can run.
warn contains result if {
	some entry in all_containers
	unreleased(entry.it.image)
	result := {
		"rule": "S5",
		"msg": sprintf("%s waits for its first release", [called(entry)]),
		"at": array.concat(entry.at, ["image"]),
	}
}

pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

unreleased(image) if endswith(image, ":unreleased")
