package ci

# METADATA
# title: Pipelines have the least rights, and nothing from outside becomes a command
# description: >-
#   A job's token can push, release and deploy as far as its permissions go, and a secret that every job has is as safe as the
#   least of them. A title, a branch name or a parameter that is put into a script is run by it, and what runs strangers' changes
#   with the repository's rights hands both over.
# custom:
#   id: S17
#   lens: security
#   severity: deny
#   fix: >-
#     hand values to scripts through the environment and quote them there; give secrets to the one step that needs them. GitHub:
#     permissions: {} at the top and grants per job, persist-credentials: false. GitLab: no debug trace, no Docker in Docker.
#     Azure: env with the token in the one step, no persistCredentials, values for parameters. Jenkins: withCredentials in the
#     stage and sh in single quotes, a submitter for production
#   controls:
#     - OWASP CICD-SEC-1 Insufficient Flow Control Mechanisms
#     - OWASP CICD-SEC-4 Poisoned Pipeline Execution
#     - OWASP CICD-SEC-5 Insufficient PBAC
#     - OWASP CICD-SEC-6 Insufficient Credential Hygiene
#     - OpenSSF Scorecard Token-Permissions
#     - OpenSSF Scorecard Dangerous-Workflow
deny contains result if {
	is_workflow
	not is_object(object.get(input, "permissions", "unset"))
	result := {
		"rule": "S17",
		"msg": "the workflow does not limit the permissions of its token",
		"at": ["permissions"],
	}
}

deny contains result if {
	is_workflow
	some scope, right in each(input.permissions)
	right == "write"
	result := {
		"rule": "S17",
		"msg": sprintf("every job may write %s", [scope]),
		"at": ["permissions", scope],
	}
}

deny contains result if {
	is_workflow
	some job, definition in each(input.jobs)
	definition.permissions in {"write-all", "read-all"}
	result := {
		"rule": "S17",
		"msg": sprintf("%s has %s", [job, definition.permissions]),
		"at": ["jobs", job, "permissions"],
	}
}

deny contains result if {
	is_workflow
	triggered_by("pull_request_target")
	result := {
		"rule": "S17",
		"msg": "pull_request_target runs a stranger's change with this repository's secrets",
		"at": ["true"],
	}
}

deny contains result if {
	some entry in steps
	contains(entry.it.run, "${{")
	result := {
		"rule": "S17",
		"msg": sprintf("%s puts an expression into its script", [label(entry)]),
		"at": array.concat(entry.at, ["run"]),
	}
}

deny contains result if {
	some entry in steps
	startswith(entry.it.uses, "actions/github-script@")
	contains(entry.it["with"].script, "${{")
	result := {
		"rule": "S17",
		"msg": sprintf("%s puts an expression into its script", [label(entry)]),
		"at": array.concat(entry.at, ["with", "script"]),
	}
}

deny contains result if {
	some entry in steps
	startswith(entry.it.uses, "actions/checkout@")
	not object.get(object.get(entry.it, "with", {}), "persist-credentials", true) in {false, "false"}
	result := {
		"rule": "S17",
		"msg": sprintf("%s leaves the token in .git/config", [label(entry)]),
		"at": entry.at,
	}
}

# Every secret of the caller, needed or not.
deny contains result if {
	is_workflow
	some job, definition in each(input.jobs)
	definition.secrets == "inherit"
	result := {
		"rule": "S17",
		"msg": sprintf("%s hands all secrets to the workflow that it calls", [job]),
		"at": ["jobs", job, "secrets"],
	}
}

deny contains result if {
	is_workflow
	some name, value in each(input.env)
	regex.match(`\$\{\{[^}]*\bsecrets\b`, value)
	result := {
		"rule": "S17",
		"msg": sprintf("every job has the secret %s in its environment", [name]),
		"at": ["env", name],
	}
}

deny contains result if {
	is_github
	regex.match(`toJSON|secrets\[`, whole_text)
	walk(input, [path, value])
	is_string(value)
	regex.match(`\$\{\{[^}]*\b(toJSON\(\s*secrets\s*\)|secrets\[)`, value)
	result := {
		"rule": "S17",
		"msg": "an expression holds all secrets, and not the one that is needed",
		"at": path,
	}
}

# Looking through the text first spares most files the way through all of their values.
whole_text := json.marshal(input)

# What starts with this repository's rights and fetches a stranger's change runs it with them.
deny contains result if {
	some event in ["workflow_run", "issue_comment"]
	triggered_by(event)
	some entry in steps
	fetches_a_change(entry.it)
	result := {
		"rule": "S17",
		"msg": sprintf("%s runs a stranger's change with this repository's secrets, after %s", [label(entry), event]),
		"at": entry.at,
	}
}

# The log shows secrets, or a command's output sets the environment.
deny contains result if {
	is_github
	contains(whole_text, "ACTIONS_")
	walk(input, [path, value])
	some name in ["ACTIONS_ALLOW_UNSECURE_COMMANDS", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"]
	path[count(path) - 2] == "env"
	path[count(path) - 1] == name
	value in {true, "true", "1"}
	result := {
		"rule": "S17",
		"msg": sprintf("%s switches a safeguard off", [name]),
		"at": path,
	}
}

deny contains result if {
	is_gitlab
	some job, definition in gitlab_jobs
	some index, service in each(definition.services)
	regex.match(`(^|/)docker:.*dind`, image_name(service))
	result := {
		"rule": "S17",
		"msg": sprintf("%s needs a privileged runner for Docker in Docker", [job]),
		"at": [job, "services", index],
	}
}

# The log shows the value of every variable, secrets too.
deny contains result if {
	is_gitlab
	some entry in gitlab_variables
	some name in ["CI_DEBUG_TRACE", "CI_DEBUG_SERVICES"]
	variable_value(entry.variables[name]) == "true"
	result := {
		"rule": "S17",
		"msg": sprintf("%s writes every secret into the log", [name]),
		"at": array.concat(entry.at, [name]),
	}
}

# GitLab's own token, meant for one service, is taken by all that trust GitLab where they share an audience.
deny contains result if {
	is_gitlab
	some job, definition in gitlab_jobs
	some name, token in each(definition.id_tokens)
	count(object.get(token, "aud", "")) == 0
	result := {
		"rule": "S17",
		"msg": sprintf("the token %s of %s names nobody whom it is for (aud)", [name, job]),
		"at": [job, "id_tokens", name],
	}
}

gitlab_variables contains {"variables": input.variables, "at": ["variables"]} if {
	is_gitlab
	is_object(input.variables)
}

gitlab_variables contains {"variables": definition.variables, "at": [job, "variables"]} if {
	is_gitlab
	some job, definition in gitlab_jobs
	is_object(definition.variables)
}

deny contains result if {
	some entry in azure_scripts
	some found in regex.find_n(azure_outside, entry.script, 1)
	result := {
		"rule": "S17",
		"msg": sprintf("a script holds %s, which whoever opens a pull request chooses", [found]),
		"at": entry.at,
	}
}

# A parameter of a pipeline is what whoever starts it types, unless it offers values.
deny contains result if {
	is_azure_root
	some parameter in each(input.parameters)
	object.get(parameter, "type", "string") == "string"
	not parameter.values
	some entry in azure_scripts
	regex.match(sprintf(`\$\{\{[^}]*\bparameters(\.|\[')%s\b`, [parameter.name]), entry.script)
	result := {
		"rule": "S17",
		"msg": sprintf("a script holds the parameter %s, which whoever starts the pipeline types", [parameter.name]),
		"at": entry.at,
	}
}

# In a command the token shows in the list of processes; as a variable every step has it.
deny contains result if {
	some entry in azure_scripts
	contains(entry.script, "$(System.AccessToken)")
	result := {
		"rule": "S17",
		"msg": "a script holds the pipeline's token",
		"at": entry.at,
	}
}

deny contains result if {
	is_azure
	walk(input, [path, value])
	value == "$(System.AccessToken)"
	"variables" in path
	result := {
		"rule": "S17",
		"msg": "every step has the pipeline's token in a variable",
		"at": path,
	}
}

deny contains result if {
	is_azure
	walk(input, [path, value])
	value.checkout
	value.persistCredentials in {true, "true"}
	result := {
		"rule": "S17",
		"msg": "a checkout leaves the token in .git/config (persistCredentials)",
		"at": array.concat(path, ["persistCredentials"]),
	}
}

deny contains result if {
	is_azure
	some place in ["docker.sock", "--privileged"]
	walk(input, [path, value])
	some key in ["options", "volumes"]
	value.image
	contains(json.marshal(object.get(value, key, "")), place)
	result := {
		"rule": "S17",
		"msg": "the container of a job is as good as root on its agent",
		"at": array.concat(path, [key]),
	}
}

azure_outside := concat("", [
	`\$\((Build\.(SourceBranch|SourceBranchName|SourceVersionMessage|SourceVersionAuthor|RequestedFor)`,
	`|System\.PullRequest\.(SourceBranch|SourceBranchName|SourceRepositoryURI))\)`,
])

azure_scripts contains {"script": value[key], "at": array.concat(path, [key])} if {
	is_azure
	walk(input, [path, value])
	is_object(value)
	some key in ["script", "bash", "pwsh", "powershell", "inlineScript", "Inline", "inline"]
	is_string(value[key])
}

fetches_a_change(step) if {
	startswith(step.uses, "actions/checkout@")
	some key in ["ref", "repository"]
	regex.match(
		`github\.event\.(workflow_run\.(head|pull_requests)|issue\.(number|pull_request)|pull_request\.head)|refs/pull/`,
		step["with"][key],
	)
}

fetches_a_change(step) if regex.match(`\bgh pr checkout\b|\bgit fetch\b[^\n]*\b(refs/)?pull/`, step.run)
