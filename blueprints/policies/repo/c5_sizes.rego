package repo

# METADATA
# title: Environments that are not production stay small
# description: >-
#   What runs outside production is for trying out, and runs day and night all the same. Judged are sizes that are written out
#   (in a .tf or .tfvars file whose path names such an environment, and in a plan whose variable says so); what a variable or a
#   module decides shows in the plan alone.
# custom:
#   id: C5
#   lens: cost
#   severity: warn
#   concerns: [terraform, kubernetes]
#   fix: use a size of at most two vCPUs (t4g.medium, db.t4g.medium, e2-standard-2, Standard_B2s); for a load test except it
#   controls: []
warn contains result if {
	some index, environment in rehearsals
	walk(input[index].contents, [path, value])
	is_string(value)
	regex.match(a_size, value)
	not regex.match(small_size, value)
	result := {
		"rule": "C5",
		"msg": sprintf("%s is a size for production, and this is %s", [value, environment]),
		"at": array.concat([index, "contents"], path),
	}
}

# The documents that belong to an environment other than production.
rehearsals[index] := environment if {
	some index, document in input
	regex.match(`\.(tf|tfvars)$`, document.path)
	words := {word | some word in split(replace(document.path, ".", "/"), "/")}
	environment := min(words & other_environments)
}

rehearsals[index] := environment if {
	some index, document in input
	document.contents.planned_values
	environment := lower(document.contents.variables.environment.value)
	environment in other_environments
}

other_environments := {
	"dev",
	"develop",
	"development",
	"nonprod",
	"preview",
	"qa",
	"sandbox",
	"stage",
	"staging",
	"test",
	"testing",
	"uat",
}

# What machines, databases and caches are called in AWS, Google Cloud and Azure.
a_size := concat("|", [
	`^((db|cache)\.)?[a-z]+[0-9][a-z0-9-]*\.([0-9]*(nano|micro|small|medium|large|xlarge)|metal[a-z0-9-]*)(\.search)?$`,
	`^(db-|[a-z]+[0-9]+[a-z]?-)(perf-optimized-N|(standard|custom|high|mega|ultra)[a-z]*)-[0-9]+`,
	`^((B|GP|MO)_)?Standard_[A-Z]+[0-9]+[a-z0-9-]*(_v[0-9]+)?$`,
])

small_size := concat("|", [
	`\.(nano|micro|small|medium|large)(\.search)?$`,
	`^[a-z0-9]*-?(db-)?(perf-optimized-N|(standard|custom|high)[a-z]*)-[12](-[0-9]+)?$`,
	`^((B|GP|MO)_)?Standard_[A-Z]+[12]([a-z-][a-z0-9-]*)?(_v[0-9]+)?$`,
])
