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
	some key in ["script", "trigger", "extends", "rules", "run"]
	job[key]
}

# Azure: `steps`, `jobs` or `stages` are lists.
is_azure if is_array(input.steps)

is_azure if is_array(input.jobs)

is_azure if is_array(input.stages[0].jobs)

is_azure if input.extends.template

text(value) := value if is_string(value)

text(value) := concat("\n", [line | some line in value; is_string(line)]) if is_array(value)

# What can be gone through, and nothing of anything else: in a file from elsewhere there may be text where a list should be.
each(value) := value if is_array(value)

each(value) := value if is_object(value)
