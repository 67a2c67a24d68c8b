package ci

# METADATA
# title: What a pipeline runs is pinned by commit or digest
# description: >-
#   A tag of somebody else's action, component, template, library or image can be moved to code that reads this repository's
#   secrets. In 2025 that happened to an action in 23,000 repositories. Azure's own tasks (Task@1) can't be pinned any further,
#   and images whose name is put together while the pipeline runs can't be judged from its files.
# custom:
#   id: S16
#   lens: security
#   severity: deny
#   convention: an image by its whole version, and GitHub's own actions by theirs
#   fix: >-
#     write owner/action@<40 hex> # v1.2.3 on GitHub; component@1.2.3, and a ref with a tag or commit for projects, on GitLab;
#     ref: refs/tags/v1.2.3 for repositories of templates on Azure; @Library('name@v1.2.3') on Jenkins; image:tag@sha256:…
#     everywhere
#   controls:
#     - OWASP CICD-SEC-3 Dependency Chain Abuse
#     - OWASP CICD-SEC-8 Ungoverned Usage of 3rd Party Services
#     - OpenSSF Scorecard Pinned-Dependencies
#     - CIS Software Supply Chain Security Guide 2.4.2
deny contains result if {
	some entry in steps
	use := entry.it.uses
	not pinned_use(use)
	result := {
		"rule": "S16",
		"msg": sprintf("%s is not pinned by commit: %s", [entry.job, use]),
		"at": array.concat(entry.at, ["uses"]),
		"convention": first_party(use),
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
		"convention": first_party(use),
	}
}

deny contains result if {
	some entry in images
	image := entry.image
	image != ""
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	not contains(image, "$")
	result := {
		"rule": "S16",
		"msg": sprintf("%s runs the image %s, which is no digest", [entry.job, image]),
		"at": entry.at,
		"convention": versioned(image),
	}
}

deny contains result if {
	some index, entry in gitlab_includes
	component := entry.component
	not regex.match(`@(v?[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]{40})$`, component)
	result := {
		"rule": "S16",
		"msg": sprintf("the component %s is not pinned to a release or commit", [component]),
		"at": ["include", index],
	}
}

deny contains result if {
	some index, entry in gitlab_includes
	not pinned_project(entry)
	result := {
		"rule": "S16",
		"msg": sprintf("the project %s is not pinned to a tag or commit", [entry.project]),
		"at": ["include", index],
	}
}

# A child pipeline that is made of another project's file.
deny contains result if {
	is_gitlab
	some job, definition in gitlab_jobs
	some index, entry in each(definition.trigger.include)
	not pinned_project(entry)
	result := {
		"rule": "S16",
		"msg": sprintf("the project %s is not pinned to a tag or commit", [entry.project]),
		"at": [job, "trigger", "include", index],
	}
}

deny contains result if {
	some index, entry in gitlab_includes
	address := remote_address(entry)
	not entry.integrity
	result := {
		"rule": "S16",
		"msg": sprintf("%s is fetched from an address without integrity", [address]),
		"at": ["include", index],
	}
}

deny contains result if {
	is_azure
	some index, repository in each(input.resources.repositories)
	repository.repository in azure_template_sources
	not regex.match(`^(refs/tags/.+|[0-9a-f]{40}|\$\{\{.*)$`, object.get(repository, "ref", ""))
	result := {
		"rule": "S16",
		"msg": sprintf("the repository %s is not pinned to a tag or commit", [repository.repository]),
		"at": ["resources", "repositories", index],
	}
}

# GitHub's own actions by a whole version: who can move these tags has the runner as well.
first_party(use) if {
	regex.match(`^(actions|github)/[^@]+@v[0-9]+\.[0-9]+\.[0-9]+$`, use)
} else := false

# Publishers hardly ever move the tag of a whole version.
versioned(image) := regex.match(`:v?[0-9]+\.[0-9]+\.[0-9]+([-_.][\w.-]*)?$`, image)

pinned_project(entry) if not entry.project

pinned_project(entry) if regex.match(`^(v?[0-9]+\.[0-9]+\.[0-9]+.*|[0-9a-f]{40}|\$.*)$`, entry.ref)

remote_address(entry) := entry.remote

remote_address(entry) := entry if regex.match(`^https?://`, entry)

# The repositories that a pipeline takes templates from, as in `template: jobs/go.yml@platform`.
azure_template_sources contains parts[1] if {
	is_azure
	walk(input, [_, value])
	parts := split(value.template, "@")
	count(parts) == 2
}

pinned_use(use) if regex.match(`^(\./|\$/)`, use)

pinned_use(use) if regex.match(`@[0-9a-f]{40}$`, use)

pinned_use(use) if regex.match(`^docker://.*@sha256:[0-9a-f]{64}$`, use)

# Its verifier reads the release from the reference, so this one can't be used by commit.
pinned_use(use) if {
	regex.match(`^slsa-framework/slsa-github-generator/\.github/workflows/[^@]+@v[0-9]+\.[0-9]+\.[0-9]+$`, use)
}

# GitHub
images contains {"job": "the action", "image": image, "at": ["runs", "image"]} if {
	input.runs.using == "docker"
	image := input.runs.image
	startswith(image, "docker://")
}

images contains {"job": job, "image": image, "at": ["jobs", job, "container", "image"]} if {
	is_workflow
	some job, definition in each(input.jobs)
	image := image_name(definition.container)
}

images contains {"job": job, "image": image, "at": ["jobs", job, "services", name, "image"]} if {
	is_workflow
	some job, definition in each(input.jobs)
	some name, service in each(definition.services)
	image := image_name(service)
}

# GitLab
images contains {"job": job, "image": image, "at": [job, "image"]} if {
	is_gitlab
	some job, definition in gitlab_jobs
	image := image_name(definition.image)
}

images contains {"job": job, "image": image, "at": [job, "services", index]} if {
	is_gitlab
	some job, definition in gitlab_jobs
	some index, service in each(definition.services)
	image := image_name(service)
}

images contains {"job": "default", "image": image, "at": ["default", "image"]} if {
	is_gitlab
	image := image_name(input.default.image)
}

images contains {"job": "default", "image": image, "at": ["default", "services", index]} if {
	is_gitlab
	some index, service in each(input.default.services)
	image := image_name(service)
}

images contains {"job": "the pipeline", "image": image, "at": ["image"]} if {
	is_gitlab
	image := image_name(input.image)
}

images contains {"job": "the pipeline", "image": image, "at": ["services", index]} if {
	is_gitlab
	some index, service in each(input.services)
	image := image_name(service)
}

# An image may be the value of a variable, which stands in the file as well.
images contains {"job": "the pipeline", "image": value, "at": ["variables", name]} if {
	is_gitlab
	some entry in images_by_variable
	some name, variable in each(input.variables)
	entry in {sprintf("$%s", [name]), sprintf("${%s}", [name])}
	value := variable_value(variable)
}

images_by_variable contains image if {
	is_gitlab
	some place in array.concat([input, object.get(input, "default", {})], [job | some job in gitlab_jobs])
	image := image_name(place.image)
}

variable_value(variable) := variable if is_string(variable)

variable_value(variable) := variable.value if is_string(variable.value)

# Azure. A name without a colon or slash is one of `resources.containers`.
images contains {"job": entry.job, "image": image, "at": array.concat(entry.at, ["container"])} if {
	some entry in azure_jobs
	image := image_name(entry.it.container)
	regex.match(`[:/]`, image)
}

images contains {"job": job, "image": image, "at": ["resources", "containers", index]} if {
	is_azure
	some index, container in each(input.resources.containers)
	job := object.get(container, "container", "a container")
	image := image_name(container)
}

image_name(value) := value if is_string(value)

# GitHub writes `image`, GitLab `name`.
image_name(value) := object.get(value, "image", object.get(value, "name", "")) if is_object(value)
