package ci

# METADATA
# title: What a pipeline runs is pinned by commit or digest
# description: >-
#   A tag of somebody else's action, component or image can be moved to code that reads this repository's secrets. In 2025
#   that happened to an action in 23,000 repositories.
# custom:
#   id: S16
#   lens: security
#   severity: deny
#   fix: "write owner/action@<40 hex> # v1.2.3, image:tag@sha256:…, component@<commit or release>"
#   controls:
#     - OWASP CICD-SEC-3 Dependency Chain Abuse
#     - OWASP CICD-SEC-8 Ungoverned Usage of 3rd Party Services
#     - OpenSSF Scorecard Pinned-Dependencies
deny contains result if {
	some entry in steps
	use := entry.it.uses
	not pinned_use(use)
	result := {
		"rule": "S16",
		"msg": sprintf("%s is not pinned by commit: %s", [entry.job, use]),
		"at": array.concat(entry.at, ["uses"]),
	}
}

deny contains result if {
	is_workflow
	some job, definition in each(input.jobs)
	use := definition.uses
	not pinned_use(use)
	result := {
		"rule": "S16",
		"msg": sprintf("%s is not pinned by commit: %s", [job, use]),
		"at": ["jobs", job, "uses"],
	}
}

deny contains result if {
	some entry in images
	image := entry.image
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	not contains(image, "$")
	result := {
		"rule": "S16",
		"msg": sprintf("%s runs the image %s, which is no digest", [entry.job, image]),
		"at": entry.at,
	}
}

deny contains result if {
	is_gitlab
	some index, include in each(input.include)
	some fault in include_faults(include)
	result := {
		"rule": "S16",
		"msg": fault,
		"at": ["include", index],
	}
}

deny contains result if {
	is_azure
	some index, repository in each(input.resources.repositories)
	not regex.match(`^(refs/tags/.+|[0-9a-f]{40})$`, object.get(repository, "ref", ""))
	result := {
		"rule": "S16",
		"msg": sprintf("the repository %s is not pinned to a tag or commit", [repository.repository]),
		"at": ["resources", "repositories", index],
	}
}

pinned_use(use) if regex.match(`^(\./|\$/)`, use)

pinned_use(use) if regex.match(`@[0-9a-f]{40}$`, use)

pinned_use(use) if regex.match(`^docker://.*@sha256:[0-9a-f]{64}$`, use)

# GitHub
images contains {"job": job, "image": image_name(definition.container), "at": ["jobs", job, "container"]} if {
	is_workflow
	some job, definition in each(input.jobs)
}

images contains {"job": job, "image": image_name(service), "at": ["jobs", job, "services", name]} if {
	is_workflow
	some job, definition in each(input.jobs)
	some name, service in each(definition.services)
}

# GitLab
images contains {"job": job, "image": image_name(definition.image), "at": [job, "image"]} if {
	is_gitlab
	some job, definition in gitlab_jobs
}

images contains {"job": job, "image": image_name(service), "at": [job, "services", index]} if {
	is_gitlab
	some job, definition in gitlab_jobs
	some index, service in each(definition.services)
}

images contains {"job": "default", "image": image_name(input.default.image), "at": ["default", "image"]} if is_gitlab

images contains {"job": "the pipeline", "image": image_name(input.image), "at": ["image"]} if is_gitlab

# Azure
images contains {"job": job, "image": image_name(definition.container), "at": ["jobs", index, "container"]} if {
	is_azure
	some index, definition in each(input.jobs)
	job := object.get(definition, "job", "a job")
	contains(image_name(definition.container), "/")
}

images contains {"job": container.container, "image": container.image, "at": ["resources", "containers", index]} if {
	is_azure
	some index, container in each(input.resources.containers)
}

image_name(value) := value if is_string(value)

image_name(value) := value.image if is_object(value)

image_name(value) := value.name if {
	is_object(value)
	not value.image
}

include_faults(include) := {fault |
	some fault, met in {
		sprintf("the component %s is not pinned to a release or commit", [object.get(include, "component", "")]): moves(include),
		sprintf("the project %s is not pinned to a tag or commit", [object.get(include, "project", "")]): floats(include),
		sprintf("%s is fetched from an address without integrity", [object.get(include, "remote", "")]): fetched(include),
	}
	met
}

moves(include) := met if {
	component := object.get(include, "component", "x@0.0.0")
	met := not_true(regex.match(`@(v?[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]{40})$`, component))
} else := false

floats(include) := met if {
	include.project
	met := not_true(regex.match(`^(v?[0-9]+\.[0-9]+\.[0-9]+.*|[0-9a-f]{40})$`, object.get(include, "ref", "")))
} else := false

fetched(include) := met if {
	include.remote
	met := object.get(include, "integrity", "") == ""
} else := false

not_true(value) := value == false
