package kubernetes_test

test_c1_each_missing_size_is_denied if {
	denied(without_container(["resources"]), "C1") == {
		"Deployment api: container api has no resources.requests.cpu",
		"Deployment api: container api has no resources.requests.memory",
		"Deployment api: container api has no resources.limits.memory",
	}
	bare := object.remove(container, ["resources"])
	requests := {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
	denied(with_pod({"containers": [object.union(bare, requests)]}), "C1") == {
		"Deployment api: container api has no resources.limits.memory",
	}
}

scaler(kind, spec) := {"kind": kind, "metadata": {"name": "api", "labels": labels}, "spec": spec}

test_c2_a_ceiling_passes if {
	denied(scaler("HorizontalPodAutoscaler", {"maxReplicas": 12}), "C2") == set()
	denied(scaler("ScaledObject", {"maxReplicaCount": 50}), "C2") == set()
	denied(scaler("Deployment", {}), "C2") == set()
}

test_c2_no_ceiling_is_denied if {
	denied(scaler("ScaledObject", {}), "C2") == {"ScaledObject api scales out to unlimited replicas; the ceiling is 50"}
	denied(scaler("HorizontalPodAutoscaler", {"maxReplicas": 51}), "C2") == {
		"HorizontalPodAutoscaler api scales out to 51 replicas; the ceiling is 50",
	}
}

test_c3_pods_that_nobody_pays_for_are_denied if {
	unlabelled := {"spec": {"template": {"metadata": {"labels": {"team": "shop"}}, "spec": pod}}}
	bare := object.union(object.remove(deployment, ["spec"]), unlabelled)
	expected := {
		"the pods of Deployment api have no label cost-center",
		"the pods of Deployment api have no label environment",
	}
	denied(bare, "C3") == expected
	denied(object.union(object.remove(deployment, ["spec"]), {"spec": {"template": {"spec": pod}}}), "C3") == expected
}

test_c3_the_pods_of_a_cronjob_count if {
	template := {"spec": {"template": {"spec": pod}}}
	it := object.union(object.remove(cronjob(pod), ["spec"]), {"spec": {"jobTemplate": template}})
	"the pods of CronJob api have no label cost-center" in denied(it, "C3")
}

test_c3_volumes_that_nobody_pays_for_are_denied if {
	claim := {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "labels": {"environment": "prod"}}}
	denied(claim, "C3") == {"PersistentVolumeClaim data has no label cost-center"}
	denied(object.union(claim, {"metadata": {"labels": labels}}), "C3") == set()
}

gpu_pod := object.union(pod, {"containers": [object.union(container, {"resources": {"limits": {"nvidia.com/gpu": 1}}})]})

test_c7_gpus_on_any_node_are_denied if {
	denied(workload("Deployment", gpu_pod), "C7") == {"Deployment api uses GPUs and does not select GPU nodes"}
}

test_c7_gpus_on_gpu_nodes_pass if {
	selector := {"nodeSelector": {"nvidia.com/gpu.product": "A10"}}
	denied(workload("Deployment", object.union(gpu_pod, selector)), "C7") == set()
	terms := [{"matchExpressions": [{"key": "nvidia.com/gpu.present", "operator": "Exists"}]}]
	affinity := {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
	denied(workload("Deployment", object.union(gpu_pod, {"affinity": affinity})), "C7") == set()
}

test_c7_scratch_space_without_end_is_denied if {
	denied(with_pod({"volumes": [{"name": "tmp", "emptyDir": {}}]}), "C7") == {
		"Deployment api has the emptyDir tmp without a sizeLimit",
	}
	denied(with_pod({"volumes": [{"name": "tmp", "emptyDir": null}]}), "C7") == {
		"Deployment api has the emptyDir tmp without a sizeLimit",
	}
	denied(with_pod({"volumes": [{"name": "settings", "configMap": {"name": "api"}}]}), "C7") == set()
}
