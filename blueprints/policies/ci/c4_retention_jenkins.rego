# C4 for Jenkins. What the rule is for stands in c4_retention.rego.
package ci

deny contains result if {
	is_jenkins_pipeline
	not regex.match(`\bbuildDiscarder\b`, whole_pipeline)
	result := {
		"rule": "C4",
		"msg": "builds, their logs and their artifacts are kept for ever (buildDiscarder)",
		"at": line_at(pipeline_line),
	}
}

deny contains result if {
	is_jenkins_pipeline
	some found in regex.find_n(sprintf(`\blogRotator\s*%s`, [in_parentheses]), whole_pipeline, -1)
	not regex.match(`[dD]aysToKeep|[nN]umToKeep`, found)
	result := {
		"rule": "C4",
		"msg": "the logRotator keeps every build: it has no number of builds or days",
		"at": line_at(first_line(`\blogRotator\b`)),
	}
}
