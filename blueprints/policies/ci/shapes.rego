# What the rules of this package share: what kind of pipeline a document is, and where its steps are.
package ci

# GitHub: `on` is a boolean in YAML 1.1, so the key reads "true".
triggers := events if {
	events := input["true"]
} else := input.on

is_workflow if {
	is_object(input.jobs)
	triggers
}

is_action if {
	input.runs.using
	not input.jobs
}

is_github if is_workflow

is_github if is_action

triggered_by(event) if triggers == event

triggered_by(event) if event in triggers

triggered_by(event) if {
	is_object(triggers)
	event in object.keys(triggers)
}

# GitHub: every step of a workflow or a composite action.
steps contains {"it": step, "job": job, "at": ["jobs", job, "steps", index]} if {
	is_workflow
	some job, definition in each(input.jobs)
	some index, step in each(definition.steps)
}

steps contains {"it": step, "job": "runs", "at": ["runs", "steps", index]} if {
	is_action
	some index, step in each(input.runs.steps)
}

label(entry) := sprintf("%s, step %s", [entry.job, object.get(entry.it, "name", object.get(entry.it, "uses", "?"))])

# GitLab: what is at the top and no job. Hidden jobs, which start with a dot, are templates of jobs.
gitlab_keywords := {
	"default",
	"image",
	"include",
	"pages",
	"services",
	"spec",
	"stages",
	"variables",
	"workflow",
	"cache",
	"before_script",
	"after_script",
}

is_gitlab if {
	not is_workflow
	not is_action
	not is_azure
	some _, job in gitlab_jobs
}

is_gitlab if {
	not is_workflow
	is_array(input.include)
}

gitlab_jobs[name] := job if {
	is_object(input)
	some name, job in input
	not name in gitlab_keywords
	is_object(job)
	some key in ["script", "trigger", "extends", "rules", "run", "image", "services", "artifacts"]
	job[key]
}

# What a job says itself, or takes from a job of this file that it extends.
gitlab_says(job, keys) if object.get(job, keys, null) != null

gitlab_says(job, keys) if {
	some parent in extended(job)
	object.get(gitlab_jobs, array.concat([parent], keys), null) != null
}

gitlab_says(job, keys) if {
	some parent in extended(job)
	some grandparent in extended(gitlab_jobs[parent])
	object.get(gitlab_jobs, array.concat([grandparent], keys), null) != null
}

# What a job extends may stand in a file that is not this one: then nobody can say from here what it lacks.
gitlab_extends_elsewhere(job) if {
	some parent in extended(job)
	not gitlab_jobs[parent]
}

gitlab_extends_elsewhere(job) if {
	some parent in extended(job)
	some grandparent in extended(gitlab_jobs[parent])
	not gitlab_jobs[grandparent]
}

extended(job) := [job.extends] if is_string(job.extends)

extended(job) := job.extends if is_array(job.extends)

# One include, or a list of them; text alone is a file of this repository or an address.
gitlab_includes := input.include if {
	is_gitlab
	is_array(input.include)
} else := [input.include] if {
	is_gitlab
	input.include
} else := []

# Azure: `steps`, `jobs` or `stages` are lists.
is_azure if is_array(input.steps)

is_azure if is_array(input.jobs)

is_azure if {
	some stage in each(input.stages)
	is_object(stage)
}

is_azure if input.extends.template

# Jobs stand at the top, in stages, in parameters of templates and under `${{ if }}`.
azure_jobs contains {"job": name, "it": value, "at": path} if {
	is_azure
	walk(input, [path, value])
	is_object(value)
	some key in ["job", "deployment"]
	name := value[key]
	is_string(name)
}

# A pipeline, and no template: others start it, and choose its parameters.
is_azure_root if {
	is_azure
	some key in ["trigger", "pr", "schedules", "pool", "resources", "name"]
	key in object.keys(input)
}

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
