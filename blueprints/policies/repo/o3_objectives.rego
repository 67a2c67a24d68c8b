package repo

# METADATA
# title: The alerts count against the objectives that are written down
# description: >-
#   Once slo.yaml says 99.9 and the rules burn against 99.5, everybody talks about a budget that nobody measures.
# custom:
#   id: O3
#   lens: operability
#   severity: deny
#   concerns: [alerts]
#   fix: use the objective of slo.yaml in the rules, as 1 - objective / 100, and an alert of the name that it gives
#   controls: []
deny contains result if {
	some objective in objectives
	expected := objective.it.alerting.name
	not expected in names_of_alerts
	result := {
		"rule": "O3",
		"msg": sprintf("no rule alerts as %s, the name that the objective %s gives", [expected, objective.it.name]),
		"at": array.concat(objective.at, ["alerting", "name"]),
	}
}

objectives contains {"it": objective, "at": [index, "contents", "slos", place]} if {
	some index, document in input
	some place, objective in each(document.contents.slos)
}

names_of_alerts contains alert.it.alert if some alert in alerts
