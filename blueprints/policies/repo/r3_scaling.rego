package repo

# METADATA
# title: One place says how many replicas run
# description: >-
#   Where an autoscaler and the manifest both set the number, every deployment throws away what the autoscaler decided: at the
#   peak, of all times.
# custom:
#   id: R3
#   lens: reliability
#   severity: deny
#   concerns: [HorizontalPodAutoscaler, ScaledObject]
#   fix: remove spec.replicas from the workload that an autoscaler scales
#   controls: []
deny contains result if {
	some index, it in workloads
	is_number(it.spec.replicas)
	some target in scaled_as[index]
	some scaler in named_scalers_of[target]
	result := {
		"rule": "R3",
		"msg": sprintf("%s sets replicas, and %s does too", [subject(it), scaler]),
		"at": [index, "contents", "spec", "replicas"],
	}
}

deny contains result if {
	some index, it in scalers
	not index in scaling
	result := {
		"rule": "R3",
		"msg": sprintf("%s scales a workload that is not there", [subject(it)]),
		"at": [index, "contents", "spec", "scaleTargetRef"],
	}
}

named_scalers_of[target] := {subject(scalers[scaler]) | some scaler in found} if some target, found in scalers_of

# The autoscalers whose workload is there.
scaling contains index if {
	some target, found in scalers_of
	target in targets
	some index in found
}

targets contains target if {
	some found in scaled_as
	some target in found
}
