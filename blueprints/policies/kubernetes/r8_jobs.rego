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
#   fix: set concurrencyPolicy to Forbid or Replace, startingDeadlineSeconds, and ttlSecondsAfterFinished on Jobs
#   controls: []
deny contains result if {
	input.kind == "CronJob"
	not object.get(input.spec, "concurrencyPolicy", "Allow") in {"Forbid", "Replace"}
	result := {
		"rule": "R8",
		"msg": sprintf("%s starts a new run while the last one still runs", [subject]),
		"at": ["spec", "concurrencyPolicy"],
	}
}

deny contains result if {
	input.kind == "CronJob"
	not input.spec.startingDeadlineSeconds
	result := {
		"rule": "R8",
		"msg": sprintf("%s has no startingDeadlineSeconds", [subject]),
		"at": ["spec"],
	}
}

deny contains result if {
	input.kind == "Job"
	ttl := object.get(input.spec, "ttlSecondsAfterFinished", null)
	not is_number(ttl)
	result := {
		"rule": "R8",
		"msg": sprintf("%s has no ttlSecondsAfterFinished", [subject]),
		"at": ["spec"],
	}
}
