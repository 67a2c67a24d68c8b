package repo

# METADATA
# title: Every alert says how urgent it is and where its runbook stands
# description: >-
#   Who is woken at night needs to know at once whether it matters and what to do. A link to a heading that does not exist is
#   found out then.
# custom:
#   id: O2
#   lens: operability
#   severity: deny
#   convention: a runbook for each alert
#   concerns: [alerts]
#   fix: set the label severity and the annotation runbook_url; give the runbook a heading for the alert
#   controls: []
deny contains result if {
	some alert in alerts
	not alert.it.labels.severity
	result := {
		"rule": "O2",
		"msg": sprintf("the alert %s has no severity", [alert.it.alert]),
		"at": alert.at,
	}
}

deny contains result if {
	some alert in alerts
	not alert.it.annotations.runbook_url
	result := {
		"rule": "O2",
		"msg": sprintf("the alert %s has no runbook_url", [alert.it.alert]),
		"at": alert.at,
		"convention": true,
	}
}

deny contains result if {
	some alert in alerts
	place := regex.find_n(`[^/]+\.md(#.*)?$`, alert.it.annotations.runbook_url, 1)[0]
	not place in anchors
	result := {
		"rule": "O2",
		"msg": sprintf("the runbook of the alert %s does not exist: %s", [alert.it.alert, place]),
		"at": array.concat(alert.at, ["annotations", "runbook_url"]),
		"convention": true,
	}
}

alerts contains {"it": rule, "at": [index, "contents", "groups", group, "rules", place]} if {
	some index, document in input
	some group, definition in each(document.contents.groups)
	some place, rule in each(definition.rules)
	rule.alert
}

alerts contains {"it": rule, "at": [index, "contents", "spec", "groups", group, "rules", place]} if {
	some index, document in input
	document.contents.kind == "PrometheusRule"
	some group, definition in each(document.contents.spec.groups)
	some place, rule in each(definition.rules)
	rule.alert
}

# The runbooks, and each of their headings as GitHub and GitLab address it: rollback.md, rollback.md#verify.
anchors contains file if {
	some text in texts
	file := regex.find_n(`[^/]+\.md$`, text.path, 1)[0]
}

anchors contains sprintf("%s#%s", [file, anchor]) if {
	some text in texts
	file := regex.find_n(`[^/]+\.md$`, text.path, 1)[0]
	some line in text.lines
	startswith(line, "#")
	words := lower(trim_space(trim_left(line, "#")))
	anchor := replace(regex.replace(words, `[^\p{L}\p{N} _-]`, ""), " ", "-")
}
