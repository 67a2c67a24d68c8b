package ci

# METADATA
# title: Pipelines have the least rights, and nothing from outside becomes a command
# description: >-
#   A job's token can push, release and deploy as far as its permissions go. A title or a branch name that is put into a
#   script is run by it, and pull_request_target runs strangers' changes with the repository's secrets.
# custom:
#   id: S17
#   lens: security
#   severity: deny
#   fix: "set permissions: {} at the top and grant per job; hand expressions to scripts through env"
#   controls:
#     - OWASP CICD-SEC-4 Poisoned Pipeline Execution
#     - OWASP CICD-SEC-5 Insufficient PBAC
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
	object.get(object.get(entry.it, "with", {}), "persist-credentials", true) != false
	result := {
		"rule": "S17",
		"msg": sprintf("%s leaves the token in .git/config", [label(entry)]),
		"at": entry.at,
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

deny contains result if {
	is_azure
	some entry in azure_scripts
	regex.match(`\$\((Build\.SourceVersionMessage|Build\.SourceBranchName|System\.PullRequest\.[A-Za-z]+)\)`, entry.script)
	result := {
		"rule": "S17",
		"msg": "a script holds a name that whoever opens a pull request chooses",
		"at": entry.at,
	}
}

azure_scripts contains {"script": text(value[key]), "at": array.concat(path, [key])} if {
	is_azure
	walk(input, [path, value])
	is_object(value)
	some key in ["script", "bash", "pwsh", "powershell"]
	is_string(value[key])
}
