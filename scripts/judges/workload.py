"""Do the objects of one rendered environment fit together? Prints a line for each flaw.

Runs in an environment that has PyYAML: workload.py MANIFEST. Schemas can't see any of this: a selector that selects
nothing, a port that nobody opens, a quota that the workload outgrows.
"""

import fractions
import pathlib
import re
import sys

import yaml

CLUSTER_WIDE = {
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "PriorityClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
THOUSANDTH = fractions.Fraction(1, 1000)
UNITS = {"": 1, "m": THOUSANDTH, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def amount(quantity):
    """A Kubernetes quantity as a number."""
    match = re.fullmatch(r"([\d.]+)([A-Za-z]*)", str(quantity))
    return fractions.Fraction(match.group(1)) * UNITS[match.group(2)]


def percent(value, total, up):
    """An IntOrString of a rolling update or a budget as a number of pods."""
    if isinstance(value, int):
        return value
    share = total * int(value.rstrip("%")) / 100
    return int(-(-share // 1)) if up else int(share)


def dig(value, *keys, default=None):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return default
    return value


def matches(selector, labels):
    return bool(selector) and all((labels or {}).get(key) == value for key, value in selector.items())


def bounds(scaler):
    """The smallest and the largest number of replicas that an autoscaler may choose."""
    spec = scaler["spec"]
    if scaler["kind"] == "ScaledObject":
        return spec.get("minReplicaCount", 0), spec["maxReplicaCount"]
    return spec.get("minReplicas", 1), spec["maxReplicas"]


def analysis_jobs(objects):
    """The jobs that AnalysisTemplates start, as the objects that they become."""
    for one in objects:
        if one["kind"] == "AnalysisTemplate":
            for metric in one["spec"]["metrics"]:
                job = dig(metric, "provider", "job")
                if job:
                    name = f"{one['metadata']['name']}.{metric['name']}"
                    yield {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": job["spec"]}


class Review:
    def __init__(self, objects):
        self.objects = objects
        self.flaws = []
        self.workloads = [one for one in [*objects, *analysis_jobs(objects)] if dig(one, "spec", "template", "spec", "containers")]

    def kind(self, *kinds):
        return [one for one in self.objects if one["kind"] in kinds]

    def named(self, kind, name):
        return next((one for one in self.kind(kind) if one["metadata"]["name"] == name), None)

    def flaw(self, one, text):
        self.flaws.append(f"{one['kind']}/{one['metadata']['name']}: {text}")

    def pods(self, selector):
        return [one for one in self.workloads if matches(selector, dig(one, "spec", "template", "metadata", "labels"))]

    def all(self):
        if not self.workloads:
            self.flaws.append("no workload in the manifest")
        for check in (
            self.names,
            self.pod_templates,
            self.references,
            self.services,
            self.routes,
            self.monitors,
            self.budgets,
            self.scaling,
            self.network,
            self.rollouts,
            self.quotas,
        ):
            check()
        return self.flaws

    def names(self):
        seen, namespaces = set(), {one["metadata"]["name"] for one in self.kind("Namespace")}
        for one in self.objects:
            key = (one["apiVersion"], one["kind"], dig(one, "metadata", "namespace"), one["metadata"]["name"])
            if key in seen:
                self.flaw(one, "is there twice")
            seen.add(key)
            namespace = dig(one, "metadata", "namespace")
            if one["kind"] in CLUSTER_WIDE:
                if namespace:
                    self.flaw(one, "has a namespace, but its kind has none")
            elif not namespace:
                self.flaw(one, "has no namespace")
            elif namespaces and namespace not in namespaces:
                self.flaw(one, f"is in the namespace {namespace}, which the manifest doesn't make")

        for kind in ("LimitRange", "ResourceQuota"):
            for namespace in namespaces:
                if not any(dig(one, "metadata", "namespace") == namespace for one in self.kind(kind)):
                    self.flaws.append(f"Namespace/{namespace}: has no {kind}")

    def pod_templates(self):
        for one in self.workloads:
            selector = dig(one, "spec", "selector", "matchLabels")
            if selector is not None and not matches(selector, dig(one, "spec", "template", "metadata", "labels")):
                self.flaw(one, "its selector doesn't match its own pods")
            pod = one["spec"]["template"]["spec"]
            volumes = {volume["name"] for volume in pod.get("volumes", [])}
            volumes |= {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
            mounted = set()
            for container in pod["containers"] + pod.get("initContainers", []):
                mounts = container.get("volumeMounts", [])
                mounted |= {mount["name"] for mount in mounts}
                for mount in mounts:
                    if mount["name"] not in volumes:
                        self.flaw(one, f"mounts {mount['name']}, which isn't a volume of the pod")
                if "@sha256:" not in container["image"]:
                    self.flaw(one, f"runs {container['image']}, which no digest pins")
                self.probes(one, container)
            for volume in pod.get("volumes", []):
                if volume["name"] not in mounted:
                    self.flaw(one, f"the volume {volume['name']} is mounted nowhere")
                if "emptyDir" in volume and not dig(volume, "emptyDir", "sizeLimit"):
                    self.flaw(one, f"the volume {volume['name']} has no size limit")
            grace = pod.get("terminationGracePeriodSeconds", 30)
            sleep = max((dig(c, "lifecycle", "preStop", "sleep", "seconds", default=0) for c in pod["containers"]))
            if one["kind"] in ("Deployment", "StatefulSet") and grace <= sleep:
                self.flaw(one, f"sleeps {sleep} s before stopping, but is killed after {grace} s")

    def probes(self, one, container):
        ports = {port.get("name") for port in container.get("ports", [])}
        ports |= {port["containerPort"] for port in container.get("ports", [])}
        probes = {name: container.get(name) for name in ("startupProbe", "livenessProbe", "readinessProbe")}
        for name, probe in probes.items():
            port = dig(probe, "httpGet", "port") if probe else None
            if port is not None and port not in ports:
                self.flaw(one, f"its {name} asks the port {port}, which the container doesn't name")
        if one["kind"] in ("Deployment", "StatefulSet"):
            for name in ("livenessProbe", "readinessProbe"):
                if not probes[name]:
                    self.flaw(one, f"has no {name}")
            if probes["livenessProbe"] and probes["livenessProbe"] == probes["readinessProbe"]:
                self.flaw(one, "its liveness and readiness probes are the same")

    def references(self):
        secrets = {one["metadata"]["name"] for one in self.kind("Secret")}
        for one in self.kind("ExternalSecret"):
            secrets.add(dig(one, "spec", "target", "name", default=one["metadata"]["name"]))
        maps = {one["metadata"]["name"] for one in self.kind("ConfigMap")}
        used = set()
        for one in self.workloads:
            pod = one["spec"]["template"]["spec"]
            account = pod.get("serviceAccountName")
            if not account or not self.named("ServiceAccount", account):
                self.flaw(one, f"its service account {account} isn't in the manifest")
            wanted_maps, wanted_secrets = set(), set()
            for volume in pod.get("volumes", []):
                wanted_maps.add(dig(volume, "configMap", "name"))
                wanted_secrets.add(dig(volume, "secret", "secretName"))
            for container in pod["containers"]:
                for source in container.get("envFrom", []):
                    wanted_maps.add(dig(source, "configMapRef", "name"))
                    wanted_secrets.add(dig(source, "secretRef", "name"))
                for variable in container.get("env", []):
                    wanted_maps.add(dig(variable, "valueFrom", "configMapKeyRef", "name"))
                    if dig(variable, "valueFrom", "secretKeyRef"):
                        self.flaw(one, f"takes the secret {variable['name']} from an environment variable")
            for name in sorted(wanted_maps - maps - {None}):
                self.flaw(one, f"its ConfigMap {name} isn't in the manifest")
            for name in sorted(wanted_secrets - secrets - {None}):
                self.flaw(one, f"its Secret {name} isn't in the manifest")
            used |= wanted_maps
        for name in sorted(maps - used):
            self.flaw(self.named("ConfigMap", name), "nothing uses it")

    def services(self):
        for one in self.kind("Service"):
            selector = dig(one, "spec", "selector")
            pods = self.pods(selector)
            if selector and not pods:
                self.flaw(one, "selects no pods")
            for pod in pods:
                open_ports = {}
                for container in pod["spec"]["template"]["spec"]["containers"]:
                    for port in container.get("ports", []):
                        open_ports[port.get("name")] = open_ports[port["containerPort"]] = True
                for port in one["spec"].get("ports", []):
                    target = port.get("targetPort", port["port"])
                    if target not in open_ports:
                        self.flaw(one, f"sends to the port {target}, which the pods don't open")

    def routes(self):
        for one in self.kind("HTTPRoute", "GRPCRoute"):
            for rule in one["spec"].get("rules", []):
                for backend in rule.get("backendRefs", []):
                    service = self.named("Service", backend["name"])
                    if not service:
                        self.flaw(one, f"routes to the Service {backend['name']}, which isn't in the manifest")
                    elif backend.get("port") not in [port["port"] for port in service["spec"]["ports"]]:
                        self.flaw(one, f"routes to the port {backend.get('port')}, which the Service doesn't have")

    def monitors(self):
        for one in self.kind("ServiceMonitor"):
            selector = dig(one, "spec", "selector", "matchLabels")
            services = [s for s in self.kind("Service") if matches(selector, dig(s, "metadata", "labels"))]
            if not services:
                self.flaw(one, "selects no Service")
            for endpoint in one["spec"].get("endpoints", []):
                holders = [
                    s for s in services if endpoint.get("port") in [port.get("name") for port in s["spec"]["ports"]]
                ]
                if not holders:
                    self.flaw(one, f"scrapes the port {endpoint.get('port')}, which its Services don't have")
                if len(holders) > 1:
                    names = ", ".join(s["metadata"]["name"] for s in holders)
                    self.flaw(one, f"scrapes the same pods by more than one Service: {names}")

    def least(self, workload):
        """The smallest number of replicas that a workload runs with."""
        for scaler in self.kind("HorizontalPodAutoscaler", "ScaledObject"):
            target = dig(scaler, "spec", "scaleTargetRef", default={})
            owner = self.named(target.get("kind"), target.get("name"))
            if owner is workload or self.referenced(owner) is workload:
                return bounds(scaler)
        for rollout in self.kind("Rollout"):
            if self.referenced(rollout) is workload:
                replicas = dig(rollout, "spec", "replicas", default=1)
                return replicas, replicas
        replicas = dig(workload, "spec", "replicas", default=1)
        return replicas, replicas

    def referenced(self, rollout):
        reference = dig(rollout, "spec", "workloadRef") if rollout else None
        return self.named(reference["kind"], reference["name"]) if reference else None

    def budgets(self):
        covered = []
        for one in self.kind("PodDisruptionBudget"):
            pods = self.pods(dig(one, "spec", "selector", "matchLabels"))
            covered += pods
            if not pods:
                self.flaw(one, "selects no pods")
            for pod in pods:
                least, _ = self.least(pod)
                allowed = dig(one, "spec", "maxUnavailable")
                if allowed is not None:
                    evictable = percent(allowed, least, up=True)
                else:
                    evictable = least - percent(dig(one, "spec", "minAvailable", default=0), least, up=True)
                if evictable < 1:
                    self.flaw(one, f"never lets one of {least} pods go, so no node can be drained")
        for one in self.workloads:
            if one["kind"] in ("Deployment", "StatefulSet") and one not in covered and self.least(one)[0] > 1:
                self.flaw(one, "no disruption budget covers it")

    def scaling(self):
        for one in self.kind("VerticalPodAutoscaler"):
            target = one["spec"]["targetRef"]
            owner = self.named(target["kind"], target["name"])
            if not owner or owner["apiVersion"] != target["apiVersion"]:
                self.flaw(one, f"watches {target['kind']}/{target['name']}, which isn't in the manifest")
            if dig(one, "spec", "updatePolicy", "updateMode") != "Off" and self.kind("HorizontalPodAutoscaler", "ScaledObject"):
                self.flaw(one, "and another autoscaler answer to the same use")
        for one in self.kind("HorizontalPodAutoscaler", "ScaledObject"):
            target = one["spec"]["scaleTargetRef"]
            owner = self.named(target["kind"], target["name"])
            if not owner:
                self.flaw(one, f"scales {target['kind']}/{target['name']}, which isn't in the manifest")
                continue
            if owner["apiVersion"] != target.get("apiVersion"):
                self.flaw(one, f"scales {target.get('apiVersion')}, the workload is {owner['apiVersion']}")
            if "replicas" in owner["spec"]:
                self.flaw(owner, "sets replicas although an autoscaler does")
            least, most = bounds(one)
            if least >= most:
                self.flaw(one, "has nothing to scale between its minimum and its maximum")
            if not least <= dig(one, "spec", "fallback", "replicas", default=least) <= most:
                self.flaw(one, "falls back to a number that it may not have otherwise")

    def network(self):
        covered = []
        for one in self.kind("NetworkPolicy"):
            selector = dig(one, "spec", "podSelector", "matchLabels")
            pods = self.pods(selector) if selector else self.workloads
            if not pods:
                self.flaw(one, "selects no pods")
            if {"Ingress", "Egress"} <= set(one["spec"].get("policyTypes", [])):
                covered += pods
            for direction, peers in (("ingress", "from"), ("egress", "to")):
                for rule in one["spec"].get(direction, []):
                    if not rule or {} in rule.get(peers, []) or (peers not in rule and "ports" not in rule):
                        self.flaw(one, f"a rule of {direction} allows everything")
        for one in self.workloads:
            if one not in covered:
                self.flaw(one, "no network policy covers both of its directions")

    def rollouts(self):
        for one in self.kind("Rollout"):
            reference = dig(one, "spec", "workloadRef")
            if reference and not self.referenced(one):
                self.flaw(one, f"refers to {reference['kind']}/{reference['name']}, which isn't in the manifest")
            strategies = dig(one, "spec", "strategy", default={})
            if len(strategies) != 1:
                self.flaw(one, f"has {len(strategies)} strategies")
            for strategy in strategies.values():
                for key in ("stableService", "canaryService", "activeService", "previewService"):
                    if strategy.get(key) and not self.named("Service", strategy[key]):
                        self.flaw(one, f"its {key} {strategy[key]} isn't in the manifest")
            for template in re.findall(r"'templateName': '([^']+)'", str(strategies)):
                if not self.named("AnalysisTemplate", template) and not self.named("ClusterAnalysisTemplate", template):
                    self.flaw(one, f"its analysis template {template} isn't in the manifest")

    def quotas(self):
        for one in self.kind("ResourceQuota"):
            hard = one["spec"].get("hard", {})
            for workload in self.workloads:
                if workload["kind"] != "Deployment":
                    continue
                _, most = self.least(workload)
                surge = dig(workload, "spec", "strategy", "rollingUpdate", "maxSurge", default="25%")
                pods = most + percent(surge, most, up=True)
                containers = workload["spec"]["template"]["spec"]["containers"]
                needs = {"pods": pods}
                for kind in ("requests", "limits"):
                    for name in ("cpu", "memory", "ephemeral-storage"):
                        needs[f"{kind}.{name}"] = pods * sum(
                            amount(dig(c, "resources", kind, name, default=0)) for c in containers
                        )
                for name, need in needs.items():
                    if name in hard and amount(hard[name]) < need:
                        self.flaw(one, f"{name} is {hard[name]}, but {pods} pods need {float(need):g}")
        for one in self.kind("LimitRange"):
            for limit in one["spec"]["limits"]:
                if limit["type"] != "Container":
                    continue
                for workload in self.workloads:
                    for container in workload["spec"]["template"]["spec"]["containers"]:
                        for name, value in dig(container, "resources", "limits", default={}).items():
                            if name in limit.get("max", {}) and amount(value) > amount(limit["max"][name]):
                                self.flaw(one, f"its maximum of {name} is below the container's {value}")
                        for name, value in dig(container, "resources", "requests", default={}).items():
                            if name in limit.get("min", {}) and amount(value) < amount(limit["min"][name]):
                                self.flaw(one, f"its minimum of {name} is above the container's {value}")


def main():
    documents = yaml.safe_load_all(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    flaws = Review([document for document in documents if document]).all()
    for flaw in flaws:
        print(flaw)
    sys.exit(1 if flaws else 0)


if __name__ == "__main__":
    main()
