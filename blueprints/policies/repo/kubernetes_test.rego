package repo_test

import data.repo

labels := {"app.kubernetes.io/name": "api", "environment": "prod"}

deployment := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "api", "namespace": "api-prod"},
	"spec": {"template": {"metadata": {"labels": labels}, "spec": {}}},
}

selector := {"matchLabels": {"app.kubernetes.io/name": "api"}}

budget := {
	"apiVersion": "policy/v1",
	"kind": "PodDisruptionBudget",
	"metadata": {"name": "api", "namespace": "api-prod"},
	"spec": {"maxUnavailable": 1, "selector": selector},
}

scaler := {
	"apiVersion": "autoscaling/v2",
	"kind": "HorizontalPodAutoscaler",
	"metadata": {"name": "api", "namespace": "api-prod"},
	"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "minReplicas": 3, "maxReplicas": 12},
}

policy := {
	"apiVersion": "networking.k8s.io/v1",
	"kind": "NetworkPolicy",
	"metadata": {"name": "api", "namespace": "api-prod"},
	"spec": {"podSelector": selector, "policyTypes": ["Ingress", "Egress"]},
}

good := [deployment, budget, scaler, policy]

# Where something may stand that is no map, list or number.
odd_places := {
	"/metadata",
	"/metadata/name",
	"/spec",
	"/spec/template",
	"/spec/template/metadata",
	"/spec/template/metadata/labels",
	"/spec/replicas",
	"/spec/selector",
	"/spec/selector/matchLabels",
	"/spec/selector/matchExpressions",
	"/spec/maxUnavailable",
	"/spec/scaleTargetRef",
	"/spec/scaleTargetRef/name",
	"/spec/minReplicas",
	"/spec/podSelector",
	"/spec/podSelector/matchLabels",
	"/spec/policyTypes",
	"/spec/workloadRef",
}

# The combined form of objects, and the messages of a rule about them.
files(objects) := [{"path": "build/manifests/prod.yaml", "contents": it} | some it in objects]

denied(objects, rule) := denied_files(files(objects), rule)

denied_files(list, rule) := {result.msg | some result in repo.deny with input as list; result.rule == rule}

warned(objects, rule) := {result.msg | some result in repo.warn with input as files(objects); result.rule == rule}

test_a_good_service_passes if {
	count(repo.deny) == 0 with input as files(good)
	count(repo.warn) == 0 with input as files(good)
}

test_odd_objects_break_nothing if {
	# Each place in each object at once, so that the rules are asked once for each odd thing.
	every odd in [null, "text", 1, [], [null], {"a": null}] {
		odds := [json.patch(it, [{"op": "add", "path": place, "value": odd}]) |
			some it in good
			some place in odd_places
			has_parent(it, place)
		]
		count(odds) > 30
		is_set(repo.deny) with input as files(array.concat(good, odds))
		is_set(repo.warn) with input as files(array.concat(good, odds))
	}
}

# Whether there is something to put the last part of a path into.
has_parent(it, place) if {
	parts := split(trim_prefix(place, "/"), "/")
	is_object(object.get(it, array.slice(parts, 0, count(parts) - 1), null))
}

test_an_empty_repository_passes if count(repo.deny) == 0 with input as []

test_odd_shapes_break_nothing if {
	every it in [null, "text", [], {"groups": null}, {"slos": "x"}, {"terraform": "x"}, {"provider": []}] {
		is_set(repo.deny) with input as [{"path": "x/y.yaml", "contents": it}]
	}
}

test_r1_a_server_without_a_budget_is_denied if {
	denied([deployment, scaler, policy], "R1") == {"Deployment api has no PodDisruptionBudget"}
}

test_r1_a_budget_of_another_namespace_or_selector_does_not_count if {
	other := object.union(budget, {"metadata": {"namespace": "api-dev"}})
	expected := {"Deployment api has no PodDisruptionBudget", "PodDisruptionBudget api selects no pod"}
	denied([deployment, scaler, policy, other], "R1") == expected
	wrong := object.union(budget, {"spec": {"selector": {"matchLabels": {"app.kubernetes.io/name": "other"}}}})
	denied([deployment, scaler, policy, wrong], "R1") == expected
}

test_r1_a_single_replica_needs_none if denied([deployment, policy], "R1") == set()

test_r1_a_budget_that_blocks_is_denied if {
	every most in [0, "0%"] {
		tight := object.union(budget, {"spec": {"maxUnavailable": most}})
		denied([deployment, scaler, policy, tight], "R1") == {"PodDisruptionBudget api lets no pod go"}
	}
	bare := object.union(budget, {"spec": {"selector": selector}})
	every least in ["100%", 3] {
		tight := object.union(object.remove(bare, ["spec"]), {"spec": {"selector": selector, "minAvailable": least}})
		denied([deployment, scaler, policy, tight], "R1") == {"PodDisruptionBudget api lets no pod go while 3 run"}
	}
	loose := object.union(object.remove(bare, ["spec"]), {"spec": {"selector": selector, "minAvailable": 2}})
	denied([deployment, scaler, policy, loose], "R1") == set()
}

test_r1_selectors_by_expression_count if {
	every expression, met in {
		{"key": "environment", "operator": "In", "values": ["prod"]}: true,
		{"key": "environment", "operator": "In", "values": ["dev"]}: false,
		{"key": "environment", "operator": "NotIn", "values": ["dev"]}: true,
		{"key": "environment", "operator": "NotIn", "values": ["prod"]}: false,
		{"key": "environment", "operator": "Exists"}: true,
		{"key": "missing", "operator": "Exists"}: false,
		{"key": "missing", "operator": "DoesNotExist"}: true,
		{"key": "environment", "operator": "DoesNotExist"}: false,
	} {
		spec := {"maxUnavailable": 1, "selector": {"matchExpressions": [expression]}}
		it := object.union(object.remove(budget, ["spec"]), {"spec": spec})
		denied([deployment, scaler, policy, it], "R1") == set() == met
	}
}

test_r2_few_replicas_in_production_are_denied if {
	denied([deployment, policy], "R2") == {"Deployment api runs with 1 replicas in production"}
	two := object.union(scaler, {"spec": {"minReplicas": 2}})
	denied([deployment, budget, two, policy], "R2") == {"Deployment api runs with 2 replicas in production"}
	fixed := object.union(deployment, {"spec": {"replicas": 3}})
	denied([fixed, budget, policy], "R2") == set()
}

test_r2_one_replica_elsewhere_is_a_warning if {
	dev := object.union(deployment, {"spec": {"template": {"metadata": {"labels": {"environment": "dev"}}}}})
	denied([dev], "R2") == set()
	warned([dev], "R2") == {"Deployment api runs with 1 replicas"}
	warned([object.union(dev, {"spec": {"replicas": 2}})], "R2") == set()
}

test_r2_keda_counts if {
	keda := {
		"apiVersion": "keda.sh/v1alpha1",
		"kind": "ScaledObject",
		"metadata": {"name": "api", "namespace": "api-prod"},
		"spec": {"scaleTargetRef": {"name": "api"}, "minReplicaCount": 3},
	}
	denied([deployment, budget, keda, policy], "R2") == set()
	denied([deployment, budget, keda, policy], "R3") == set()
}

test_r3_two_places_that_set_the_replicas_are_denied if {
	fixed := object.union(deployment, {"spec": {"replicas": 3}})
	denied([fixed, budget, scaler, policy], "R3") == {
		"Deployment api sets replicas, and HorizontalPodAutoscaler api does too",
	}
}

test_r3_a_scaler_of_nothing_is_denied if {
	denied([scaler], "R3") == {"HorizontalPodAutoscaler api scales a workload that is not there"}
}

# A Rollout runs the pods that the Deployment describes.
test_a_rollout_takes_the_place_of_its_deployment if {
	rollout := {
		"apiVersion": "argoproj.io/v1alpha1",
		"kind": "Rollout",
		"metadata": {"name": "api", "namespace": "api-prod"},
		"spec": {"workloadRef": {"kind": "Deployment", "name": "api"}},
	}
	target := object.union(scaler, {"spec": {"scaleTargetRef": {"kind": "Rollout"}}})
	count(repo.deny) == 0 with input as files([deployment, rollout, budget, target, policy])
	count(repo.deny) == 0 with input as files([rollout, deployment, budget, target, policy])
	denied([deployment, rollout, target, policy], "R1") == {"Rollout api has no PodDisruptionBudget"}
}

test_r11_a_headless_service_is_needed if {
	set_ := object.union(deployment, {"kind": "StatefulSet", "spec": {"serviceName": "api", "replicas": 3}})
	service := {
		"apiVersion": "v1",
		"kind": "Service",
		"metadata": {"name": "api", "namespace": "api-prod"},
		"spec": {"clusterIP": "None"},
	}
	denied([set_, budget, policy, service], "R11") == set()
	expected := {"StatefulSet api names no headless service that is there"}
	denied([set_, budget, policy], "R11") == expected
	denied([set_, budget, policy, object.union(service, {"spec": {"clusterIP": "10.0.0.1"}})], "R11") == expected
}

test_s6_a_server_without_a_policy_is_denied if {
	denied([deployment, budget, scaler], "S6") == {
		"Deployment api is behind no NetworkPolicy for Ingress",
		"Deployment api is behind no NetworkPolicy for Egress",
	}
	ingress := object.union(policy, {"spec": {"policyTypes": ["Ingress"]}})
	denied([deployment, budget, scaler, ingress], "S6") == {"Deployment api is behind no NetworkPolicy for Egress"}
	all_pods := object.union(object.remove(policy, ["spec"]), {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
	denied([deployment, budget, scaler, all_pods], "S6") == set()
}

test_s6_a_policy_for_other_pods_does_not_count if {
	other := object.union(policy, {"spec": {"podSelector": {"matchLabels": {"environment": "prod", "tier": "web"}}}})
	count(denied([deployment, budget, scaler, other], "S6")) == 2
	both := object.union(policy, {"spec": {"podSelector": {"matchLabels": {"environment": "prod"}}}})
	denied([deployment, budget, scaler, both], "S6") == set()
	expressed := object.union(object.remove(policy, ["spec"]), {"spec": {
		"podSelector": {"matchExpressions": [{"key": "environment", "operator": "In", "values": ["prod"]}]},
		"policyTypes": ["Ingress", "Egress"],
	}})
	denied([deployment, budget, scaler, expressed], "S6") == set()
}

# What two roots render: without the others, or with all of them, by where conftest and goldpath have it.
rendered(first, second) := [{"path": path, "contents": it} |
	some path, objects in {first[0]: first[1], second[0]: second[1]}
	some it in objects
]

roots := [
	["build/manifests/dev.yaml", "build/manifests/prod.yaml"],
	["deploy/overlays/dev/kustomization.yaml", "deploy/overlays/prod/kustomization.yaml"],
	["charts/api/values-dev.yaml", "charts/api/values-prod.yaml"],
]

test_what_one_environment_has_does_not_make_up_for_what_another_lacks if {
	every pair in roots {
		list := rendered([pair[0], good], [pair[1], [deployment]])
		denied_files(list, "R1") == set()
		denied_files(list, "R2") == {"Deployment api runs with 1 replicas in production"}
		denied_files(list, "S6") == {
			"Deployment api is behind no NetworkPolicy for Ingress",
			"Deployment api is behind no NetworkPolicy for Egress",
		}
		{result.at[0] | some result in repo.deny with input as list} == {4}
	}
}

test_an_autoscaler_does_not_scale_what_another_environment_has if {
	every pair in roots {
		list := rendered([pair[0], [deployment, budget, policy]], [pair[1], [deployment, budget, scaler, policy]])
		denied_files(list, "R2") == {"Deployment api runs with 1 replicas in production"}
		without := rendered([pair[0], [deployment, budget, policy, scaler]], [pair[1], [scaler]])
		denied_files(without, "R3") == {"HorizontalPodAutoscaler api scales a workload that is not there"}
	}
}

# As where a platform team has the policies of a namespace in a root of its own.
test_roots_that_render_different_objects_meet_in_a_namespace_with_a_name if {
	every pair in roots {
		denied_files(rendered([pair[0], [deployment, scaler]], [pair[1], [policy, budget]]), "S6") == set()
		denied_files(rendered([pair[0], [deployment, scaler]], [pair[1], [policy, budget]]), "R1") == set()
		nameless := [object.remove(it, ["metadata"]) | some it in [policy, budget]]
		denied_files(rendered([pair[0], [deployment, scaler]], [pair[1], nameless]), "R1") == {
			"Deployment api has no PodDisruptionBudget",
			"PodDisruptionBudget  selects no pod",
		}
	}
}

test_what_is_rendered_by_nobody_meets_it_too if {
	list := rendered(["platform/policies.yaml", [policy, budget]], ["deploy/kustomization.yaml", [deployment, scaler]])
	denied_files(list, "S6") == set()
	denied_files(list, "R1") == set()
}

test_a_finding_leads_to_its_document if {
	some result in repo.deny with input as files([deployment, scaler, policy])
	result.rule == "R1"
	result.at == [0, "contents"]
}
