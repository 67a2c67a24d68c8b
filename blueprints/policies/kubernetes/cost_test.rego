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
	denied(bare, "C3") == {"the pods of Deployment api have no label app.kubernetes.io/name, cost-center, environment"}
	conventions(bare, "C3") == denied(bare, "C3")
	none := object.union(object.remove(deployment, ["spec"]), {"spec": {"template": {"spec": pod}}})
	denied(none, "C3") == {"the pods of Deployment api have no label app.kubernetes.io/name, team, cost-center, environment"}
}

test_c3_the_pods_of_a_cronjob_count if {
	template := {"spec": {"template": {"spec": pod}}}
	it := object.union(object.remove(cronjob(pod), ["spec"]), {"spec": {"jobTemplate": template}})
	denied(it, "C3") == {"the pods of CronJob api have no label app.kubernetes.io/name, team, cost-center, environment"}
}

test_c3_volumes_that_nobody_pays_for_are_denied if {
	claim := {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "labels": object.remove(labels, ["cost-center"])}}
	denied(claim, "C3") == {"PersistentVolumeClaim data has no label cost-center"}
	denied(object.union(claim, {"metadata": {"labels": labels}}), "C3") == set()
}

gpu_pod := object.union(pod, {"containers": [object.union(container, {"resources": {"limits": {"nvidia.com/gpu": 1}}})]})

toleration := {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]}

selector := {"nodeSelector": {"nvidia.com/gpu.product": "A10"}}

affinity(operator) := {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{
	"key": "nvidia.com/gpu.present",
	"operator": operator,
}]}]}}}}

test_c7_gpus_on_any_node_are_denied if {
	expected := {"Deployment api uses GPUs and does not select GPU nodes"}
	denied(workload("Deployment", object.union(gpu_pod, toleration)), "C7") == expected
	away := object.union(object.union(gpu_pod, toleration), affinity("DoesNotExist"))
	denied(workload("Deployment", away), "C7") == expected
}

test_c7_gpus_in_a_pool_that_is_open_to_all_are_denied if {
	expected := {"Deployment api uses GPUs and does not tolerate the taint of their pool"}
	denied(workload("Deployment", object.union(gpu_pod, selector)), "C7") == expected
	other := {"tolerations": [{"key": "spot", "operator": "Exists"}]}
	denied(workload("Deployment", object.union(object.union(gpu_pod, selector), other)), "C7") == expected
}

test_c7_gpus_on_gpu_nodes_pass if {
	denied(workload("Deployment", object.union(object.union(gpu_pod, selector), toleration)), "C7") == set()
	every_taint := {"tolerations": [{"operator": "Exists"}]}
	denied(workload("Deployment", object.union(object.union(gpu_pod, affinity("Exists")), every_taint)), "C7") == set()
}

test_c7_ordinary_pods_on_gpu_nodes_are_denied if {
	expected := {"Deployment api takes a place on a GPU node and uses no GPU"}
	denied(with_pod(selector), "C7") == expected
	denied(with_pod(affinity("Exists")), "C7") == expected
	denied(with_pod(affinity("NotIn")), "C7") == set()
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

test_c1_a_container_that_looks_into_a_pod_needs_none if {
	debugger := {"ephemeralContainers": [object.remove(container, ["resources"])]}
	denied(bare_pod(object.union(pod, debugger)), "C1") == set()
}

dev_labels := object.union(labels, {"environment": "dev"})

# A deployment whose pods are labelled with an environment and request this.
sized(environment, requests) := {
	"kind": "Deployment",
	"metadata": {"name": "api"},
	"spec": {"template": {
		"metadata": {"labels": {"environment": environment}},
		"spec": {"containers": [{"name": "api", "resources": {"requests": requests}}]},
	}},
}

test_c5_small_sizes_outside_production_pass if {
	every requests in [{}, {"cpu": "1", "memory": "2Gi"}, {"cpu": 1, "memory": 134217728}, {"cpu": "1000m"}, {"cpu": "500m"}] {
		warned(sized("dev", requests), "C5") == set()
	}
}

test_c5_large_sizes_outside_production_are_warned_of if {
	every cpu in ["2", 2, "1500m"] {
		warned(sized("staging", {"cpu": cpu}), "C5") == {
			sprintf("Deployment api: container api requests %v of cpu in staging", [cpu]),
		}
	}
	every memory in ["4Gi", "3000M", 4294967296] {
		warned(sized("test", {"memory": memory}), "C5") == {
			sprintf("Deployment api: container api requests %v of memory in test", [memory]),
		}
	}
}

test_c5_production_and_what_says_nothing_may_be_large if {
	warned(sized("prod", {"cpu": "8"}), "C5") == set()
	warned(sized(null, {"cpu": "8"}), "C5") == set()
	warned(object.union(scaler("HorizontalPodAutoscaler", {"minReplicas": 9, "maxReplicas": 20}), {}), "C5") == set()
}

test_c5_many_replicas_outside_production_are_warned_of if {
	many := object.union(sized("dev", {}), {"spec": {"replicas": 4}})
	warned(many, "C5") == {"Deployment api runs 4 replicas in dev"}
	warned(object.union(sized("dev", {}), {"spec": {"replicas": 3}}), "C5") == set()
	keda := {"kind": "ScaledObject", "metadata": {"name": "api", "labels": dev_labels}, "spec": {"minReplicaCount": 5}}
	warned(keda, "C5") == {"ScaledObject api runs 5 replicas in dev"}
}
