package kubernetes

import data.lib as l

# METADATA
# title: T
# description: >-
#   D
# custom:
#   id: X1
#   lens: cost
#   severity: deny
#   fix: F
deny contains {"msg": sprintf("%s", [c]), "rule": "X1", "at": ["spec", 0]} if {
	some c in input.spec.a
	f(c)
	not regex.match(`^a+$`, c)
}

f(x) if x != null

else := [y | some y in numbers.range(1, 3)] if true

warn contains x if x := {k: v | some k, v in input}
