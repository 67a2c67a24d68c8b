# What conftest found, less the exceptions: the text and the verdict of scripts/policy.sh. The input holds today's date and
# conftest's results, one list for each package; data.exceptions is policy/exceptions.yaml.
package report

findings contains entry if {
	some results in input.results
	some result in results
	some level, key in {"deny": "failures", "warn": "warnings"}
	some finding in result[key]
	entry := {
		"level": level,
		"rule": finding.metadata.rule,
		"file": source(object.get(finding.metadata, "file", result.filename)),
		"message": finding.msg,
	}
}

# What policy.sh hands to conftest as lines of text bears the name of its file.
source(file) := trim_suffix(trim_prefix(file, "build/policy/texts/"), ".yaml") if {
	startswith(file, "build/policy/texts/")
} else := file

# Exceptions that still hold.
current contains index if {
	some index, exception in data.exceptions
	exception.expires > input.today
}

# Whether an exception is for a finding. Manifests are rendered from everything under deploy/, so that is what they are.
meant(exception, entry) if {
	exception.rule == entry.rule
	glob.match(exception.path, ["/"], entry.file)
}

meant(exception, entry) if {
	exception.rule == entry.rule
	startswith(exception.path, "deploy/")
	startswith(entry.file, "build/manifests/")
}

excepted contains entry if {
	some entry in findings
	some index in current
	meant(data.exceptions[index], entry)
}

# What is wrong with the exceptions themselves.
faults contains sprintf("the exception %v has no %s", [index + 1, key]) if {
	some index, exception in data.exceptions
	some key in ["rule", "path", "owner", "reason", "expires"]
	object.get(exception, key, "") == ""
}

faults contains sprintf("the exception from %s for %s expired on %s", [exception.rule, exception.path, day]) if {
	some index, exception in data.exceptions
	not index in current
	day := substring(exception.expires, 0, 10)
}

faults contains sprintf("the exception from %s for %s excepts nothing", [exception.rule, exception.path]) if {
	some index in current
	exception := data.exceptions[index]
	count([entry | some entry in findings; meant(exception, entry)]) == 0
}

left := findings - excepted

denied contains entry if {
	some entry in left
	entry.level == "deny"
}

passed := (count(denied) + count(faults)) == 0

lines := sort([sprintf("%s %s %s: %s", [entry.level, entry.rule, entry.file, entry.message]) | some entry in left])

summary := sprintf("%v denied, %v warnings, %v excepted, %v faulty exceptions", [
	count(denied),
	count(left) - count(denied),
	count(excepted),
	count(faults),
])

text := concat("\n", array.concat(array.concat(lines, sort([fault | some fault in faults])), [summary]))
