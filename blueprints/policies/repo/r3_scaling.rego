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
#   fix: remove spec.replicas from the workload that an autoscaler scales
#   controls: []
deny contains result if {
	some workload in objects
	workload.it.kind in {"Deployment", "StatefulSet", "Rollout", "ReplicaSet"}
	is_number(workload.it.spec.replicas)
	some scaler in scalers(workload.it)
	result := {
		"rule": "R3",
		"msg": sprintf("%s sets replicas, and %s does too", [subject(workload.it), subject(scaler.it)]),
		"at": array.concat(workload.at, ["spec", "replicas"]),
	}
}

deny contains result if {
	some scaler in objects
	scaler.it.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
	count([workload | some workload in objects; some found in scalers(workload.it); found == scaler]) == 0
	result := {
		"rule": "R3",
		"msg": sprintf("%s scales a workload that is not there", [subject(scaler.it)]),
		"at": array.concat(scaler.at, ["spec", "scaleTargetRef"]),
	}
}
