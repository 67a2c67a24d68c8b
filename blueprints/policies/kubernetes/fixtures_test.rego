# A workload that meets every rule, and ways to change it.
package kubernetes_test

import data.kubernetes

digest := "ghcr.io/acme/api@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

labels := {
	"app.kubernetes.io/name": "api",
	"app.kubernetes.io/part-of": "shop",
	"app.kubernetes.io/managed-by": "kustomize",
	"team": "shop",
	"cost-center": "cc-1",
	"environment": "prod",
}

container := {
	"name": "api",
	"image": digest,
	"resources": {
		"requests": {"cpu": "100m", "memory": "128Mi"},
		"limits": {"memory": "128Mi"},
	},
	"livenessProbe": {"httpGet": {"path": "/livez", "port": "http"}, "periodSeconds": 10},
	"readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5},
	"lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
	"securityContext": {
		"allowPrivilegeEscalation": false,
		"readOnlyRootFilesystem": true,
		"capabilities": {"drop": ["ALL"]},
	},
	"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
}

pod := {
	"serviceAccountName": "api",
	"automountServiceAccountToken": false,
	"terminationGracePeriodSeconds": 45,
	"securityContext": {
		"runAsNonRoot": true,
		"runAsUser": 65532,
		"runAsGroup": 65532,
		"seccompProfile": {"type": "RuntimeDefault"},
	},
	"topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
	"containers": [container],
	"volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
}

deployment := workload("Deployment", pod)

workload(kind, spec) := {
	"apiVersion": "apps/v1",
	"kind": kind,
	"metadata": {"name": "api", "labels": labels},
	"spec": {
		"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
		"template": {"metadata": {"labels": labels}, "spec": spec},
	},
}

cronjob(spec) := {
	"apiVersion": "batch/v1",
	"kind": "CronJob",
	"metadata": {"name": "api", "labels": labels},
	"spec": {
		"concurrencyPolicy": "Forbid",
		"startingDeadlineSeconds": 300,
		"jobTemplate": {"spec": {"template": {"metadata": {"labels": labels}, "spec": spec}}},
	},
}

job(spec) := {
	"apiVersion": "batch/v1",
	"kind": "Job",
	"metadata": {"name": "api", "labels": labels},
	"spec": {"ttlSecondsAfterFinished": 600, "template": {"metadata": {"labels": labels}, "spec": spec}},
}

bare_pod(spec) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "api", "labels": labels},
	"spec": spec,
}

# The deployment with something else in its specification, its pod or its container.
with_spec(changes) := object.union(deployment, {"spec": changes})

with_pod(changes) := workload("Deployment", object.union(pod, changes))

without_pod(keys) := workload("Deployment", object.remove(pod, keys))

with_container(changes) := with_pod({"containers": [object.union(container, changes)]})

without_container(keys) := with_pod({"containers": [object.remove(container, keys)]})

# The messages of a rule about an object.
denied(it, rule) := {result.msg | some result in kubernetes.deny with input as it; result.rule == rule}

# What warns in repositories that goldpath did not make.
conventions(it, rule) := {result.msg |
	some result in kubernetes.deny with input as it
	result.rule == rule
	result.convention
}

warned(it, rule) := {result.msg | some result in kubernetes.warn with input as it; result.rule == rule}

# Every kind of workload, with a pod in it.
kinds(spec) := [
	workload("Deployment", spec),
	workload("StatefulSet", spec),
	workload("DaemonSet", spec),
	workload("ReplicaSet", spec),
	workload("ReplicationController", spec),
	workload("Rollout", spec),
	cronjob(spec),
	job(spec),
	bare_pod(spec),
	{"kind": "PodTemplate", "metadata": {"name": "api"}, "template": {"metadata": {"labels": labels}, "spec": spec}},
]

test_a_workload_that_meets_every_rule if {
	every it in kinds(pod) {
		count(kubernetes.deny) == 0 with input as it
		count(kubernetes.warn) == 0 with input as it
	}
}

# Every kind of workload is looked into: the same fault is found in all of them, where the pod of each is described.
test_every_kind_is_looked_into if {
	bad := object.union(pod, {"containers": [object.union(container, {"securityContext": {"privileged": true}})]})
	found := {it.kind: result.at |
		some it in kinds(bad)
		some result in kubernetes.deny with input as it
		contains(result.msg, "is privileged")
	}
	template := ["spec", "template", "spec", "containers", 0, "securityContext"]
	found == {
		"Deployment": template,
		"StatefulSet": template,
		"DaemonSet": template,
		"ReplicaSet": template,
		"ReplicationController": template,
		"Rollout": template,
		"CronJob": ["spec", "jobTemplate", "spec", "template", "spec", "containers", 0, "securityContext"],
		"Job": template,
		"Pod": ["spec", "containers", 0, "securityContext"],
		"PodTemplate": ["template", "spec", "containers", 0, "securityContext"],
	}
}

# A pod with a fault for each rule that looks at pods, and the rules that hold for a kind.
faulty := {
	"hostNetwork": true,
	"terminationGracePeriodSeconds": 5,
	"containers": [{
		"name": "api",
		"image": "api",
		"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}}],
		"lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
	}],
	"volumes": [{"name": "tmp", "emptyDir": {}}],
}

of_all_pods := {"C1", "C7", "R7", "S1", "S2", "S3", "S4", "S5", "S7", "S9"}

of_servers := of_all_pods | {"R4", "R5"}

test_every_rule_about_pods_holds_for_every_kind if {
	found := {it.kind: rules |
		some it in kinds(faulty)
		rules := {result.rule | some result in kubernetes.deny with input as object.union(it, {"metadata": {"labels": labels}})}
	}
	found == {
		"Deployment": of_servers,
		"StatefulSet": of_servers,
		"DaemonSet": of_servers - {"R5"},
		"ReplicaSet": of_servers,
		"ReplicationController": of_servers,
		"Rollout": of_servers,
		"CronJob": of_all_pods,
		"Job": of_all_pods,
		"Pod": of_all_pods,
		"PodTemplate": of_all_pods,
	}
}

# Init containers and those that look into a running pod are held to what holds for every container.
test_every_sort_of_container_is_looked_into if {
	found := {list: rules |
		some list in ["containers", "initContainers", "ephemeralContainers"]
		bad := bare_pod(object.union(pod, {list: [{"name": "bad", "image": "bad"}]}))
		rules := {result.rule |
			some result in kubernetes.deny with input as bad
			contains(result.msg, "container bad")
		}
	}
	every_container := {"S1", "S3", "S5"}
	found == {
		"containers": (every_container | {"C1"}),
		"initContainers": (every_container | {"C1"}),
		"ephemeralContainers": every_container,
	}
}

# What a List holds is judged as if it stood alone, and a finding leads into the List.
test_lists_are_looked_into if {
	service := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "labels": labels}, "spec": {"type": "NodePort"}}
	bad := with_pod({"hostPID": true})
	every kind in ["List", "DeploymentList"] {
		list := {"apiVersion": "v1", "kind": kind, "items": [deployment, service, bad]}
		found := {[result.rule, result.at] | some result in kubernetes.deny with input as list}
		found == {
			["S9", ["items", 1, "spec", "type"]],
			["S9", ["items", 2, "spec", "template", "spec", "hostPID"]],
		}
	}
	dev := object.union(workload("Deployment", pod), {"spec": {"replicas": 9, "template": {"metadata": {"labels": {"environment": "dev"}}}}})
	warnings := {result.at | some result in kubernetes.warn with input as {"kind": "List", "items": [dev]}}
	warnings == {["items", 0, "spec", "replicas"]}
}

# A Rollout that takes its pods from a Deployment has none of its own to judge.
test_a_rollout_without_a_template if {
	rollout := {
		"apiVersion": "argoproj.io/v1alpha1",
		"kind": "Rollout",
		"metadata": {"name": "api", "labels": labels},
		"spec": {"workloadRef": {"kind": "Deployment", "name": "api"}},
	}
	count(kubernetes.deny) == 0 with input as rollout
}

# Files from elsewhere hold what nobody expects; a rule that can't apply stays silent and breaks nothing.
test_odd_shapes_break_nothing if {
	specs := [null, "text", [], {"containers": null}, {"containers": "text"}, {"containers": [null, "text", []]}]
	objects := [it | some spec in specs; some it in kinds(spec)]
	is_set(kubernetes.deny) with input as all_of(objects)
	is_set(kubernetes.warn) with input as all_of(objects)
	count(kubernetes.deny) == 0 with input as {"apiVersion": "v1", "kind": "List"}
	every it in [null, "text", [], {}, {"kind": 1}, {"kind": "List", "items": [null, "text", {"kind": null}]}] {
		count(kubernetes.deny) == 0 with input as it
		count(kubernetes.warn) == 0 with input as it
	}
}

odd_values := [null, "text", {"a": null}]

# Null, text and maps in the place of what a rule looks at. A List holds them all, and one evaluation judges them.
all_of(items) := {"kind": "List", "items": items}

test_odd_pods_break_nothing if {
	keys := ["affinity", "nodeSelector", "tolerations", "initContainers", "securityContext", "volumes", "serviceAccountName"]
	pods := [bare_pod({"containers": [{"name": "api"}], key: odd}) | some key in keys; some odd in odd_values]
	is_set(kubernetes.deny) with input as all_of(pods)
	is_set(kubernetes.warn) with input as all_of(pods)
}

test_odd_containers_break_nothing if {
	keys := ["image", "env", "envFrom", "ports", "resources", "lifecycle", "livenessProbe", "securityContext", "name"]
	containers := [it | some key in keys; some odd in odd_values; some it in [{key: odd}, {key: {"preStop": odd, "limits": odd}}]]
	is_set(kubernetes.deny) with input as workload("Rollout", {"containers": containers})
	is_set(kubernetes.warn) with input as workload("Rollout", {"containers": containers})
}

test_odd_objects_break_nothing if {
	kinds_ := ["Deployment", "CronJob", "Pod", "Service", "NetworkPolicy", "Role", "RoleBinding", "Secret", "Rollout"]
	objects := [it |
		some kind in kinds_
		some odd in odd_values
		some it in [
			{"kind": kind, "metadata": odd, "spec": odd, "rules": odd, "data": odd, "subjects": odd},
			{"kind": kind, "metadata": {"labels": odd}, "spec": {"template": odd, "strategy": odd}},
			{
				"kind": kind,
				"spec": {"policyTypes": odd, "ingress": [{"from": odd}, {"from": [odd]}, odd], "externalIPs": odd},
				"rules": [{"verbs": odd, "resources": odd, "apiGroups": odd}, odd],
			},
		]
	]
	is_set(kubernetes.deny) with input as all_of(objects)
	is_set(kubernetes.warn) with input as all_of(objects)
}

# Without a name there still is a message.
test_a_name_is_not_needed if {
	it := object.union(object.remove(job(pod), ["metadata"]), {"metadata": {"generateName": "x-", "labels": labels}})
	denied(object.union(it, {"spec": {"ttlSecondsAfterFinished": null}}), "R8") == {"Job without a name has no ttlSecondsAfterFinished"}
}
