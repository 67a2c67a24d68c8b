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
	some scaler in scalers_of[index]
	result := {
		"rule": "R3",
		"msg": sprintf("%s sets replicas, and %s does too", [subject(it), subject(scalers[scaler])]),
		"at": [index, "contents", "spec", "replicas"],
	}
}

deny contains result if {
	some index, it in scalers
	count([workload | some workload, found in scalers_of; index in found]) == 0
	result := {
		"rule": "R3",
		"msg": sprintf("%s scales a workload that is not there", [subject(it)]),
		"at": [index, "contents", "spec", "scaleTargetRef"],
	}
}
