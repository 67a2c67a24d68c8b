# C6 for Jenkins. What the rule is for stands in c6_time.rego.
package ci

deny contains result if {
	is_jenkins_pipeline
	not has_time_limit
	result := {
		"rule": "C6",
		"msg": "the pipeline has no timeout",
		"at": line_at(pipeline_line),
		"convention": true,
	}
}

deny contains result if {
	is_jenkins_pipeline
	not regex.match(`\bdisableConcurrentBuilds\b|\bmilestone\b`, jenkins_code)
	result := {
		"rule": "C6",
		"msg": "an outdated build goes on beside the next one (disableConcurrentBuilds)",
		"at": line_at(pipeline_line),
		"convention": true,
	}
}

# `abortPrevious: false` is a decision: a deployment that has begun has to end.
deny contains result if {
	is_jenkins_pipeline
	some found in regex.find_n(`\bdisableConcurrentBuilds\b(\s*\([^()]*\))?`, jenkins_code, -1)
	not regex.match(`\babortPrevious\b`, found)
	not regex.match(`\bmilestone\b`, jenkins_code)
	result := {
		"rule": "C6",
		"msg": "an outdated build goes on, and the next one waits for it (abortPrevious)",
		"at": line_at(first_line(`\bdisableConcurrentBuilds\b`)),
		"convention": true,
	}
}

has_time_limit if regex.match(`\btimeout\s*\(|\btimeout\s+time\b`, whole_pipeline)

# Each stage may have its own.
has_time_limit if {
	is_declarative
	stages := regex.find_n(sprintf(`\bstage\s*\([^()]*\)\s*\{%s\}`, [inside_braces]), jenkins_code, -1)
	count(stages) > 0
	every stage in stages {
		regex.match(`\btimeout\s*\(|\btimeout\s+time\b`, stage)
	}
}
