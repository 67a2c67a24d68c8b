package ci

# METADATA
# title: Jobs have a time limit, and outdated runs are cancelled
# description: >-
#   A job that hangs is paid for until the provider's limit, six hours on GitHub, and for ever on Jenkins. A pull request with ten
#   pushes runs ten pipelines where only the last one counts.
# custom:
#   id: C6
#   lens: cost
#   severity: deny
#   convention: limits of time, and the end of outdated runs
#   fix: >-
#     set timeout-minutes and concurrency on GitHub, default.timeout and interruptible on GitLab, timeoutInMinutes on Azure, and
#     leave pr.autoCancel on; in Jenkins' options timeout and disableConcurrentBuilds(abortPrevious: true), or false where a
#     deployment that has begun has to end
#   controls: []
deny contains result if {
	is_workflow
	some job, definition in each(input.jobs)
	not definition.uses
	not definition["timeout-minutes"]
	result := {
		"rule": "C6",
		"msg": sprintf("%s has no timeout-minutes", [job]),
		"at": ["jobs", job],
		"convention": true,
	}
}

deny contains result if {
	is_workflow
	not triggered_only_by_call
	not input.concurrency
	result := {
		"rule": "C6",
		"msg": "the workflow sets no concurrency",
		"at": ["jobs"],
		"convention": true,
	}
}

deny contains result if {
	is_workflow
	triggered_by("pull_request")
	input.concurrency
	object.get(concurrency, "cancel-in-progress", false) == false
	result := {
		"rule": "C6",
		"msg": "an outdated run of a pull request goes on (cancel-in-progress)",
		"at": ["concurrency"],
		"convention": true,
	}
}

# The main file of a GitLab pipeline; files that it includes take its defaults.
deny contains result if {
	is_gitlab
	is_gitlab_main
	some job, definition in gitlab_jobs
	definition.script
	not startswith(job, ".")
	not gitlab_says(definition, ["timeout"])
	not gitlab_extends_elsewhere(definition)
	not input.default.timeout
	result := {
		"rule": "C6",
		"msg": sprintf("%s has no timeout", [job]),
		"at": [job],
		"convention": true,
	}
}

deny contains result if {
	is_gitlab
	is_gitlab_main
	not input.default.timeout
	count([job | some job, definition in gitlab_jobs; definition.script]) == 0
	result := {
		"rule": "C6",
		"msg": "the jobs have no default timeout",
		"at": ["default"],
		"convention": true,
	}
}

deny contains result if {
	is_gitlab
	is_gitlab_main
	not input.default.interruptible
	not input.workflow.auto_cancel
	not every_job_is_interruptible
	result := {
		"rule": "C6",
		"msg": "an outdated pipeline goes on (default.interruptible)",
		"at": ["default"],
		"convention": true,
	}
}

deny contains result if {
	some entry in azure_jobs
	not entry.it.timeoutInMinutes
	has_steps(entry.it)
	result := {
		"rule": "C6",
		"msg": sprintf("%s has no timeoutInMinutes", [entry.job]),
		"at": entry.at,
		"convention": true,
	}
}

# Zero means as long as the agent may.
deny contains result if {
	some entry in azure_jobs
	entry.it.timeoutInMinutes in {0, "0"}
	result := {
		"rule": "C6",
		"msg": sprintf("%s has no time limit: 0 means none", [entry.job]),
		"at": array.concat(entry.at, ["timeoutInMinutes"]),
		"convention": true,
	}
}

deny contains result if {
	is_azure
	input.pr.autoCancel in {false, "false"}
	result := {
		"rule": "C6",
		"msg": "an outdated run of a pull request goes on (autoCancel)",
		"at": ["pr", "autoCancel"],
		"convention": true,
	}
}

has_steps(job) if job.steps

# A deployment job has them in its strategy.
has_steps(job) if job.strategy

every_job_is_interruptible if {
	scripts := [definition | some definition in gitlab_jobs; definition.script]
	count(scripts) > 0
	every definition in scripts {
		gitlab_says(definition, ["interruptible"])
	}
}

concurrency := input.concurrency if is_object(input.concurrency)

concurrency := {} if is_string(input.concurrency)

triggered_only_by_call if triggers == "workflow_call"

triggered_only_by_call if object.keys(triggers) == {"workflow_call"}

is_gitlab_main if input.stages

is_gitlab_main if input.workflow
