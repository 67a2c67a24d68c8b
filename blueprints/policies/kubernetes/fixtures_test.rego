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

warned(it, rule) := {result.msg | some result in kubernetes.warn with input as it; result.rule == rule}

test_a_workload_that_meets_every_rule if {
	every it in [
		deployment,
		workload("StatefulSet", pod),
		workload("DaemonSet", pod),
		workload("Rollout", pod),
		cronjob(pod),
		job(pod),
		bare_pod(pod),
	] {
		count(kubernetes.deny) == 0 with input as it
		count(kubernetes.warn) == 0 with input as it
	}
}

# Every kind of workload is looked into: the same fault is found in all of them, where the pod of each is described.
test_every_kind_is_looked_into if {
	bad := object.union(pod, {"containers": [object.union(container, {"securityContext": {"privileged": true}})]})
	found := {it.kind: result.at |
		some it in [
			workload("Deployment", bad),
			workload("StatefulSet", bad),
			workload("DaemonSet", bad),
			workload("Rollout", bad),
			cronjob(bad),
			job(bad),
			bare_pod(bad),
		]
		some result in kubernetes.deny with input as it
		contains(result.msg, "is privileged")
	}
	template := ["spec", "template", "spec", "containers", 0, "securityContext"]
	found == {
		"Deployment": template,
		"StatefulSet": template,
		"DaemonSet": template,
		"Rollout": template,
		"CronJob": ["spec", "jobTemplate", "spec", "template", "spec", "containers", 0, "securityContext"],
		"Job": template,
		"Pod": ["spec", "containers", 0, "securityContext"],
	}
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
	every spec in [null, "text", [], {"containers": null}, {"containers": "text"}, {"containers": [null, "text", []]}] {
		is_set(kubernetes.deny) with input as workload("Deployment", spec)
	}
	count(kubernetes.deny) == 0 with input as {"apiVersion": "v1", "kind": "List"}
}

# Without a name there still is a message.
test_a_name_is_not_needed if {
	it := object.union(object.remove(job(pod), ["metadata"]), {"metadata": {"generateName": "x-", "labels": labels}})
	denied(object.union(it, {"spec": {"ttlSecondsAfterFinished": null}}), "R8") == {"Job without a name has no ttlSecondsAfterFinished"}
}
