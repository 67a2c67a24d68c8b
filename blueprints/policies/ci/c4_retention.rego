package ci

# METADATA
# title: Artifacts of pipelines end
# description: >-
#   Artifacts and builds without an end are kept for months, or for ever, and are paid for by the gigabyte. Azure DevOps keeps
#   them as long as the project's settings say, which no file of the repository shows: nothing is checked there.
# custom:
#   id: C4
#   lens: cost
#   severity: deny
#   fix: >-
#     set retention-days on upload-artifact, expire_in on GitLab's artifacts, buildDiscarder(logRotator(numToKeepStr: '20')) in
#     Jenkins' options; on Azure DevOps the retention of the project, under Pipelines, Settings
#   controls: []
deny contains result if {
	some entry in steps
	startswith(entry.it.uses, "actions/upload-artifact@")
	not entry.it["with"]["retention-days"]
	result := {
		"rule": "C4",
		"msg": sprintf("%s sets no retention-days", [label(entry)]),
		"at": entry.at,
	}
}

deny contains result if {
	is_gitlab
	some job, definition in gitlab_jobs
	is_object(definition.artifacts)
	not gitlab_says(definition, ["artifacts", "expire_in"])
	not gitlab_extends_elsewhere(definition)
	result := {
		"rule": "C4",
		"msg": sprintf("the artifacts of %s do not expire", [job]),
		"at": [job, "artifacts"],
	}
}

deny contains result if {
	is_gitlab
	some job, definition in gitlab_jobs
	definition.artifacts.expire_in == "never"
	result := {
		"rule": "C4",
		"msg": sprintf("the artifacts of %s do not expire", [job]),
		"at": [job, "artifacts", "expire_in"],
	}
}
