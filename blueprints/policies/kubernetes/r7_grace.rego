package kubernetes

# METADATA
# title: The grace period is longer than the preStop hook
# description: >-
#   The preStop hook runs inside terminationGracePeriodSeconds. Where it uses the period up, the process is killed before
#   it may finish its requests.
# custom:
#   id: R7
#   lens: reliability
#   severity: deny
#   concerns: [Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout]
#   fix: set terminationGracePeriodSeconds above the preStop sleep and the time that the process needs to drain
#   controls: []
deny contains result if {
	some entry in containers
	grace := field(entry.pod.spec, "terminationGracePeriodSeconds", 30)
	sleep := sleeps(entry.it.lifecycle.preStop)
	sleep >= grace
	result := {
		"rule": "R7",
		"msg": sprintf("%s sleeps %v s in preStop, and its pod is killed after %v s", [called(entry), sleep, grace]),
		"at": array.concat(entry.way, ["terminationGracePeriodSeconds"]),
	}
}

# The native sleep, else one that a shell runs.
sleeps(hook) := seconds if {
	seconds := hook.sleep.seconds
} else := to_number(seconds) if {
	command := regex.find_n(`sleep [0-9]+`, concat(" ", hook.exec.command), 1)[0]
	seconds := trim_prefix(command, "sleep ")
}
