# S17 for Jenkins. What the rule is for stands in s17_permissions.rego.
package ci

# Groovy puts the value into the text of the command before the shell reads it: what is in it becomes part of the command.
deny contains result if {
	some value in shell_values
	chosen_outside(value.expression)
	result := {
		"rule": "S17",
		"msg": sprintf("Groovy puts %s into a command, and others choose what it is", [value.expression]),
		"at": line_at(value.line),
	}
}

deny contains result if {
	some value in shell_values
	name := trim_prefix(value.expression, "env.")
	name in secret_names
	result := {
		"rule": "S17",
		"msg": sprintf("Groovy puts the secret %s into a command, where the list of processes shows it", [name]),
		"at": line_at(value.line),
	}
}

deny contains result if {
	is_declarative
	some name in environment_secrets(whole_pipeline)
	result := {
		"rule": "S17",
		"msg": sprintf("every stage has the secret %s in its environment", [name]),
		"at": line_at(first_line(sprintf(`\b%s\s*=\s*credentials\b`, [name]))),
	}
}

deny contains result if {
	some entry in privileged_agents
	result := {
		"rule": "S17",
		"msg": "the agent's container is as good as root on its node",
		"at": line_at(entry),
	}
}

# Whoever may start a build may otherwise answer.
deny contains result if {
	some call in inputs
	not regex.match(`\bsubmitter\b`, call)
	listed := numbers(call)
	line := line_of_string[listed[0]]
	texts := [jenkins_tokens[number] | some number in array.concat(listed, stage_name_before(line))]
	some text in texts
	regex.match(`(?i)(^|[^a-z])(prod|production|prd|live)([^a-z]|$)`, text)
	result := {
		"rule": "S17",
		"msg": "anybody may approve what goes to production: the input has no submitter",
		"at": line_at(line),
	}
}

# Parameters of a build, and what a branch, a tag or a change request brings along.
chosen_outside(expression) if {
	parameter := regex.find_all_string_submatch_n(`\bparams\b(?:\.|\[')([A-Za-z_][A-Za-z0-9_]*)`, expression, 1)[0][1]
	not parameter in offered_parameters
	not chooses(expression)
}

chosen_outside(expression) if {
	trim_prefix(expression, "env.") in text_parameters
}

chosen_outside(expression) if {
	regex.match(
		concat("", [
			`^(env\.)?(CHANGE_TITLE|CHANGE_BRANCH|CHANGE_FORK|CHANGE_AUTHOR(_DISPLAY_NAME|_EMAIL)?|BRANCH_NAME|GIT_BRANCH|TAG_NAME`,
			`|ghprbPullTitle|ghprbSourceBranch|ghprbPullLongDescription|ghprbCommentBody|gitlabSourceBranch`,
			`|gitlabMergeRequestTitle|gitlabMergeRequestDescription|gitlabTriggerPhrase)\b`,
		]),
		expression,
	)
	not chooses(expression)
}

# `condition ? "a" : "b"` gives one of two texts that stand there; `?:` gives the value itself.
chooses(expression) if regex.match(`\?[^:.]`, expression)

privileged_agents contains line if {
	some pod in agent_pods
	some offset, text in split(jenkins_tokens[pod], "\n")
	regex.match(`^\s*privileged:\s*true\b|^\s*path:.*docker\.sock\b`, text)
	line := line_of_string[pod] + offset
}

privileged_agents contains line if {
	is_jenkins
	some found in regex.find_n(`\b(args|inside|withRun)\s*\(?\s*"[0-9]+"`, jenkins_code, -1)
	some number in numbers(found)
	regex.match(`--privileged\b|docker\.sock\b`, jenkins_tokens[number])
	line := line_of_string[number]
}

privileged_agents contains index if {
	is_jenkins
	some index, line in jenkins_lines
	regex.match(`\bprivileged\s*:\s*true\b`, line)
}

# The step input(…), and the block of a stage; with what it asks.
inputs contains call if {
	is_jenkins
	form := sprintf(`(?:^|[^.A-Za-z0-9_])input(?:\s*%s|%s|\s*\{%s\})`, [in_parentheses, bare_arguments, deeper(`[^{}]*`)])
	some call in regex.find_n(form, jenkins_code, -1)
	count(numbers(call)) > 0
}

stage_name_before(line) := numbers(jenkins_lines[max(stages)]) if {
	stages := {index | some index, it in jenkins_lines; index <= line; regex.match(`\bstage\s*\(`, it)}
	count(stages) > 0
} else := []
