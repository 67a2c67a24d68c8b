package kubernetes

# METADATA
# title: Jobs do not pile up
# description: >-
#   A CronJob that allows concurrent runs stacks them when one is slow; without a starting deadline it stops for good after
#   a hundred missed runs. A finished Job without a time to live stays, with its pods, for ever.
# custom:
#   id: R8
#   lens: reliability
#   severity: deny
#   concerns: [Job, CronJob]
#   fix: set concurrencyPolicy to Forbid or Replace, startingDeadlineSeconds, and ttlSecondsAfterFinished on Jobs
#   controls: []
deny contains result if {
	some place, it in objects
	it.kind == "CronJob"
	not field(field(it, "spec", {}), "concurrencyPolicy", "Allow") in {"Forbid", "Replace"}
	result := {
		"rule": "R8",
		"msg": sprintf("%s starts a new run while the last one still runs", [subject(it)]),
		"at": array.concat(place, ["spec", "concurrencyPolicy"]),
	}
}

deny contains result if {
	some place, it in objects
	some kind, key in {"CronJob": "startingDeadlineSeconds", "Job": "ttlSecondsAfterFinished"}
	it.kind == kind
	not is_number(field(field(it, "spec", {}), key, "unset"))
	result := {
		"rule": "R8",
		"msg": sprintf("%s has no %s", [subject(it), key]),
		"at": array.concat(place, ["spec"]),
	}
}
