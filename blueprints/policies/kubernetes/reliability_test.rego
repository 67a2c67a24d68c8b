package kubernetes_test

test_r4_a_missing_probe_is_denied if {
	denied(without_container(["livenessProbe"]), "R4") == {"Deployment api: container api has no livenessProbe"}
	denied(without_container(["readinessProbe"]), "R4") == {"Deployment api: container api has no readinessProbe"}
}

test_r4_equal_probes_are_denied if {
	same := with_container({"livenessProbe": {"httpGet": {"path": "/readyz", "port": "http"}}})
	denied(same, "R4") == {"Deployment api: container api asks the same in its livenessProbe and its readinessProbe"}
}

test_r4_jobs_need_no_probe if {
	quiet := object.union(pod, {"containers": [object.remove(container, ["livenessProbe", "readinessProbe"])]})
	denied(job(quiet), "R4") == set()
	denied(cronjob(quiet), "R4") == set()
	denied(bare_pod(quiet), "R4") == set()
}

test_r5_replicas_that_are_not_spread_are_denied if {
	expected := {"Deployment api says nothing about how its replicas are spread"}
	denied(without_pod(["topologySpreadConstraints"]), "R5") == expected
	denied(with_pod({"topologySpreadConstraints": []}), "R5") == expected
}

test_r5_anti_affinity_spreads_too if {
	spread := {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100}]}}}
	denied(workload("Deployment", object.union(object.remove(pod, ["topologySpreadConstraints"]), spread)), "R5") == set()
}

test_r5_a_single_replica_cannot_be_spread if {
	single := object.union(without_pod(["topologySpreadConstraints"]), {"spec": {"replicas": 1}})
	denied(single, "R5") == set()
}

test_r6_recreate_is_denied if {
	denied(with_spec({"strategy": {"type": "Recreate"}}), "R6") == {"Deployment api stops all its pods before it starts new ones"}
}

test_r6_lost_capacity_is_denied if {
	expected := {"Deployment api may lose 25% of its pods during an update"}
	denied(with_spec({"strategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}), "R6") == expected
	conventions(with_spec({"strategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}), "R6") == expected
	conventions(with_spec({"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}), "R6") == set()
	denied(object.union(object.remove(deployment, ["spec"]), {"spec": object.remove(deployment.spec, ["strategy"])}), "R6") == expected
	denied(with_spec({"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}), "R6") == {
		"Deployment api may lose 1 of its pods during an update",
	}
}

test_r6_gpus_are_exempt if {
	gpu := object.union(container, {"resources": {"limits": {"nvidia.com/gpu": 1}}})
	busy := workload("Deployment", object.union(pod, {"containers": [gpu]}))
	denied(object.union(busy, {"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}}), "R6") == set()
	denied(object.union(busy, {"spec": {"strategy": {"type": "Recreate"}}}), "R6") == set()
}

test_r7_a_hook_that_uses_the_grace_period_up_is_denied if {
	denied(with_pod({"terminationGracePeriodSeconds": 10}), "R7") == {
		"Deployment api: container api sleeps 10 s in preStop, and its pod is killed after 10 s",
	}
	slow := {"lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 60; kill 1"]}}}}
	shell := object.union(object.remove(container, ["lifecycle"]), slow)
	denied(with_pod({"containers": [shell]}), "R7") == {
		"Deployment api: container api sleeps 60 s in preStop, and its pod is killed after 45 s",
	}
	denied(without_pod(["terminationGracePeriodSeconds"]), "R7") == set()
}

test_r8_a_cronjob_that_overlaps_is_denied if {
	expected := {"CronJob api starts a new run while the last one still runs"}
	denied(object.union(cronjob(pod), {"spec": {"concurrencyPolicy": "Allow"}}), "R8") == expected
	unset := object.remove(cronjob(pod).spec, ["concurrencyPolicy"])
	denied(object.union(object.remove(cronjob(pod), ["spec"]), {"spec": unset}), "R8") == expected
}

test_r8_a_cronjob_without_a_deadline_is_denied if {
	unset := object.remove(cronjob(pod).spec, ["startingDeadlineSeconds"])
	denied(object.union(object.remove(cronjob(pod), ["spec"]), {"spec": unset}), "R8") == {
		"CronJob api has no startingDeadlineSeconds",
	}
}

test_r8_a_job_that_stays_is_denied if {
	unset := object.remove(job(pod).spec, ["ttlSecondsAfterFinished"])
	denied(object.union(object.remove(job(pod), ["spec"]), {"spec": unset}), "R8") == {
		"Job api has no ttlSecondsAfterFinished",
	}
}

test_r8_a_job_may_go_at_once if denied(object.union(job(pod), {"spec": {"ttlSecondsAfterFinished": 0}}), "R8") == set()

test_r4_a_probe_that_is_left_empty_is_denied if {
	denied(with_container({"livenessProbe": null}), "R4") == {"Deployment api: container api has no livenessProbe"}
}

test_r4_only_what_serves_is_asked if {
	init := {"initContainers": [object.remove(container, ["livenessProbe", "readinessProbe"])]}
	denied(with_pod(init), "R4") == set()
}

test_r5_a_daemonset_runs_on_every_node if {
	denied(workload("DaemonSet", object.remove(pod, ["topologySpreadConstraints"])), "R5") == set()
}

test_r5_an_affinity_that_says_nothing_is_denied if {
	expected := {"Deployment api says nothing about how its replicas are spread"}
	denied(with_pod({"topologySpreadConstraints": [], "affinity": {"podAntiAffinity": {}}}), "R5") == expected
}

rollout(strategy) := {
	"kind": "Rollout",
	"metadata": {"name": "api", "labels": labels},
	"spec": {"strategy": strategy, "workloadRef": {"kind": "Deployment", "name": "api"}},
}

test_r6_a_canary_that_loses_capacity_is_denied if {
	denied(rollout({"canary": {"maxUnavailable": 0}}), "R6") == set()
	denied(rollout({"canary": {"trafficRouting": {"plugins": {}}}}), "R6") == set()
	denied(rollout({"blueGreen": {"activeService": "api"}}), "R6") == set()
	denied(rollout({"canary": {"maxSurge": 1}}), "R6") == {"Rollout api may lose 25% of its pods during an update"}
}

test_r6_a_strategy_that_is_left_empty_is_the_default if {
	denied(with_spec({"strategy": null}), "R6") == {"Deployment api may lose 25% of its pods during an update"}
}

test_r6_an_update_in_place_is_exempt if {
	denied(workload("StatefulSet", pod), "R6") == set()
	denied(workload("DaemonSet", pod), "R6") == set()
}

test_r8_a_cronjob_may_start_at_once if {
	denied(object.union(cronjob(pod), {"spec": {"startingDeadlineSeconds": 0}}), "R8") == set()
}
