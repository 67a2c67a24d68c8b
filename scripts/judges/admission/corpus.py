"""Objects for admission: a good one of each kind, and everything that is one change away from it.

A change is there for every condition of every rule that admission policies hold, in both directions, in every kind that
it can be made in. Nothing is random: the same corpus comes out each time.
"""

import copy
import dataclasses

DIGEST = "sha256:" + "0123456789abcdef" * 4
WORKLOADS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "Job",
    "CronJob",
    "Pod",
)
VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Rollout": "argoproj.io/v1alpha1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}
LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "team")
CHOSEN = {"matchLabels": {"app.kubernetes.io/name": "sample"}}


# Only a pod that runs has such containers: the API server takes them nowhere else.
ONLY_RUNNING = ("ephemeral", "ephemeral-without-resources")


@dataclasses.dataclass(frozen=True)
class Sample:
    """One object, and the change that made it from the good one of its kind."""

    kind: str
    change: str
    object: dict

    @property
    def name(self):
        return self.object["metadata"]["name"]


def _container(name, registry, probes):
    container = {
        "name": name,
        "image": f"{registry}/sample@{DIGEST}",
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsGroup": 65532,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if probes:
        container["readinessProbe"] = {"httpGet": {"path": "/readyz", "port": 8080, "scheme": "HTTP"}}
        container["livenessProbe"] = {"httpGet": {"path": "/livez", "port": 8080, "scheme": "HTTP"}}
    return container


def _pod(kind, registry):
    spec = {
        "serviceAccountName": "sample",
        "automountServiceAccountToken": False,
        "initContainers": [_container("prepare", registry, probes=False)],
        "containers": [_container("service", registry, probes=True)],
    }
    if kind in ("Job", "CronJob"):
        spec["restartPolicy"] = "Never"
    return spec


def _spec(kind, registry):
    template = {"metadata": {"labels": dict.fromkeys(LABELS, "sample")}, "spec": _pod(kind, registry)}
    if kind == "Pod":
        return template["spec"]
    if kind == "Job":
        return {"template": template}
    if kind == "CronJob":
        return {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    if kind == "ReplicationController":
        return {"selector": dict(CHOSEN["matchLabels"]), "template": template}
    spec = {"selector": copy.deepcopy(CHOSEN), "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = "sample"
    if kind == "Rollout":
        spec["strategy"] = {"canary": {}}
    return spec


def _good(kind, registry):
    """An object that keeps every rule."""
    made = {"apiVersion": VERSIONS.get(kind, "v1"), "kind": kind}
    made["metadata"] = {"name": "good", "labels": dict.fromkeys(LABELS, "sample")}
    if kind in WORKLOADS:
        made["spec"] = _spec(kind, registry)
    elif kind == "ServiceAccount":
        made["automountServiceAccountToken"] = False
    elif kind == "Service":
        made["spec"] = {"selector": dict(CHOSEN["matchLabels"]), "ports": [{"name": "http", "port": 80}]}
    elif kind == "NetworkPolicy":
        peer = {"podSelector": copy.deepcopy(CHOSEN)}
        made["spec"] = {"podSelector": copy.deepcopy(CHOSEN), "policyTypes": ["Ingress", "Egress"]}
        made["spec"].update(ingress=[{"from": [peer]}], egress=[{"to": [copy.deepcopy(peer)]}])
    elif kind == "HorizontalPodAutoscaler":
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sample"}
        made["spec"] = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 12}
    elif kind == "PodDisruptionBudget":
        made["spec"] = {"maxUnavailable": 1, "selector": copy.deepcopy(CHOSEN)}
    elif kind == "PersistentVolumeClaim":
        made["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    elif kind == "ConfigMap":
        made["data"] = {"key": "value"}
    return made


def pod_of(made):
    """The description of an object's pods."""
    spec = made["spec"]
    if made["kind"] == "Pod":
        return spec
    if made["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]["spec"]


def _set(place, *path):
    """Sets the value at the end of a path to what comes last; None takes the key away."""
    *keys, last, value = path
    for key in keys:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


HTTP = {"httpGet": {"path": "/readyz", "port": 8080, "scheme": "HTTP"}}
TCP = {"tcpSocket": {"port": 8080}}
EXEC = {"exec": {"command": ["/app/healthy"]}}
GRPC = {"grpc": {"port": 8080, "service": "ready"}}


def _probes(pod, readiness, liveness):
    container = pod["containers"][0]
    _set(container, "readinessProbe", readiness and copy.deepcopy(readiness))
    _set(container, "livenessProbe", liveness and copy.deepcopy(liveness))


def _second(pod, **changes):
    other = copy.deepcopy(pod["containers"][0])
    other.update(name="other")
    for key, value in changes.items():
        _set(other, key, value)
    pod["containers"].append(other)


def _ephemeral(pod, *change):
    other = copy.deepcopy(pod["initContainers"][0])
    other.update(name="look")
    if change:
        _set(other, *change)
    pod["ephemeralContainers"] = [other]


def _inherit(pod, key, here, there):
    """A setting of the pod's security context, and of the service's own; the other container keeps its own."""
    _set(pod, "securityContext", key, here)
    _set(pod["containers"][0], "securityContext", key, there)


# Changes of a pod: each gets the pod's description.
def _of_pods(registry):
    changes = {
        # R4
        "no-readiness": lambda pod: _probes(pod, None, HTTP),
        "no-liveness": lambda pod: _probes(pod, HTTP, None),
        "no-probes": lambda pod: _probes(pod, None, None),
        "same-http": lambda pod: _probes(pod, HTTP, HTTP),
        "same-http-other-times": lambda pod: _probes(pod, HTTP, {**HTTP, "periodSeconds": 30}),
        "same-tcp": lambda pod: _probes(pod, TCP, TCP),
        "same-exec": lambda pod: _probes(pod, EXEC, EXEC),
        "same-grpc": lambda pod: _probes(pod, GRPC, GRPC),
        "other-port": lambda pod: _probes(pod, HTTP, {"httpGet": {**HTTP["httpGet"], "port": 8081}}),
        "other-handler": lambda pod: _probes(pod, HTTP, TCP),
        "other-command": lambda pod: _probes(pod, EXEC, {"exec": {"command": ["/app/alive"]}}),
        "other-service": lambda pod: _probes(pod, GRPC, {"grpc": {"port": 8080, "service": "live"}}),
        "second-good": _second,
        "second-no-liveness": lambda pod: _second(pod, livenessProbe=None),
        "no-init": lambda pod: _set(pod, "initContainers", None),
        # S4
        "no-account": lambda pod: _set(pod, "serviceAccountName", None),
        "default-account": lambda pod: _set(pod, "serviceAccountName", "default"),
        "token-unsaid": lambda pod: _set(pod, "automountServiceAccountToken", None),
        "token": lambda pod: _set(pod, "automountServiceAccountToken", True),
        # S9
        "host-network": lambda pod: _set(pod, "hostNetwork", True),
        "host-pid": lambda pod: _set(pod, "hostPID", True),
        "host-ipc": lambda pod: _set(pod, "hostIPC", True),
        "host-nothing": lambda pod: pod.update(hostNetwork=False, hostPID=False, hostIPC=False),
        "host-path": lambda pod: _set(pod, "volumes", [{"name": "node", "hostPath": {"path": "/etc"}}]),
        "empty-dir": lambda pod: _set(pod, "volumes", [{"name": "tmp", "emptyDir": {"sizeLimit": "1Mi"}}]),
        "host-port": lambda pod: _set(pod["containers"][0], "ports", [{"containerPort": 80, "hostPort": 80}]),
        "port": lambda pod: _set(pod["containers"][0], "ports", [{"containerPort": 8080}]),
        "host-port-init": lambda pod: _set(pod["initContainers"][0], "ports", [{"containerPort": 80, "hostPort": 80}]),
        # S1: the pod's own
        "sysctl": lambda pod: _set(pod, "securityContext", "sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
        "sysctl-safe": lambda pod: _set(
            pod, "securityContext", "sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]
        ),
        "nfs": lambda pod: _set(pod, "volumes", [{"name": "far", "nfs": {"server": "files", "path": "/"}}]),
        "secret": lambda pod: _set(pod, "volumes", [{"name": "key", "secret": {"secretName": "key"}}]),
        "apparmor-none": lambda pod: _inherit(pod, "appArmorProfile", None, {"type": "Unconfined"}),
        "apparmor-none-inherited": lambda pod: _inherit(pod, "appArmorProfile", {"type": "Unconfined"}, None),
        "apparmor": lambda pod: _inherit(pod, "appArmorProfile", None, {"type": "RuntimeDefault"}),
        "selinux-user": lambda pod: _inherit(pod, "seLinuxOptions", None, {"user": "system_u"}),
        "selinux-role": lambda pod: _inherit(pod, "seLinuxOptions", {"role": "sysadm_r"}, None),
        "selinux-type": lambda pod: _inherit(pod, "seLinuxOptions", None, {"type": "spc_t"}),
        "selinux-container": lambda pod: _inherit(pod, "seLinuxOptions", None, {"type": "container_t"}),
        "all-of-proc": lambda pod: (_set(pod, "hostUsers", False), _inherit(pod, "procMount", None, "Unmasked")),
        "proc": lambda pod: _inherit(pod, "procMount", None, "Default"),
        "windows-host": lambda pod: _inherit(pod, "windowsOptions", None, {"hostProcess": True}),
        "ephemeral": lambda pod: _ephemeral(pod),
        "ephemeral-without-resources": lambda pod: _ephemeral(pod, "resources", None),
        "ephemeral-root-fs": lambda pod: _ephemeral(pod, "securityContext", "readOnlyRootFilesystem", False),
        "ephemeral-user": lambda pod: _ephemeral(pod, "securityContext", "runAsUser", 1000),
        "ephemeral-tag": lambda pod: _ephemeral(pod, "image", "docker.io/library/sample:v1"),
        "ephemeral-escalation": lambda pod: _ephemeral(pod, "securityContext", "allowPrivilegeEscalation", True),
        # S1, S2: what the pod says counts where the container says nothing.
        "root-unsaid": lambda pod: _inherit(pod, "runAsNonRoot", None, None),
        "root-inherited": lambda pod: _inherit(pod, "runAsNonRoot", True, None),
        "root-own-false": lambda pod: _inherit(pod, "runAsNonRoot", True, False),
        "root-own-true": lambda pod: _inherit(pod, "runAsNonRoot", False, True),
        "seccomp-unsaid": lambda pod: _inherit(pod, "seccompProfile", None, None),
        "seccomp-inherited": lambda pod: _inherit(pod, "seccompProfile", {"type": "RuntimeDefault"}, None),
        "seccomp-own": lambda pod: _inherit(
            pod, "seccompProfile", {"type": "RuntimeDefault"}, {"type": "Unconfined"}
        ),
        "seccomp-local": lambda pod: _inherit(
            pod, "seccompProfile", None, {"type": "Localhost", "localhostProfile": "a.json"}
        ),
        "user-unsaid": lambda pod: _inherit(pod, "runAsUser", None, None),
        "user-inherited": lambda pod: _inherit(pod, "runAsUser", 10001, None),
        "user-inherited-low": lambda pod: _inherit(pod, "runAsUser", 1000, None),
        "user-own-low": lambda pod: _inherit(pod, "runAsUser", 10001, 1000),
        "user-own-high": lambda pod: _inherit(pod, "runAsUser", 1000, 10001),
        "user-9999": lambda pod: _inherit(pod, "runAsUser", None, 9999),
        "user-10000": lambda pod: _inherit(pod, "runAsUser", None, 10000),
        "user-10001": lambda pod: _inherit(pod, "runAsUser", None, 10001),
        "group-unsaid": lambda pod: _inherit(pod, "runAsGroup", None, None),
        "group-inherited": lambda pod: _inherit(pod, "runAsGroup", 10001, None),
        "group-own-low": lambda pod: _inherit(pod, "runAsGroup", 10001, 1000),
        "group-9999": lambda pod: _inherit(pod, "runAsGroup", None, 9999),
        "group-10000": lambda pod: _inherit(pod, "runAsGroup", None, 10000),
        "group-10001": lambda pod: _inherit(pod, "runAsGroup", None, 10001),
    }
    # What holds for containers that prepare the pod as well as for those that run in it.
    for where, key in (("", "containers"), ("-init", "initContainers")):

        def at(*path, key=key):
            return lambda pod: _set(pod[key][0], *path)

        def both(first, second):
            return lambda pod: (first(pod), second(pod))

        security = "securityContext"
        more = {
            # S1
            "escalation-unsaid": at(security, "allowPrivilegeEscalation", None),
            "escalation": at(security, "allowPrivilegeEscalation", True),
            "privileged": both(at(security, "privileged", True), at(security, "allowPrivilegeEscalation", None)),
            "privileged-false": at(security, "privileged", False),
            "no-drop": at(security, "capabilities", "drop", None),
            "no-capabilities": at(security, "capabilities", None),
            "drop-one": at(security, "capabilities", "drop", ["NET_RAW"]),
            "drop-all-lower": at(security, "capabilities", "drop", ["all"]),
            "drop-all-and-one": at(security, "capabilities", "drop", ["NET_RAW", "ALL"]),
            "add-bind": at(security, "capabilities", "add", ["NET_BIND_SERVICE"]),
            "add-admin": at(security, "capabilities", "add", ["NET_BIND_SERVICE", "NET_ADMIN"]),
            "no-context": at(security, None),
            # S3
            "root-fs-unsaid": at(security, "readOnlyRootFilesystem", None),
            "root-fs": at(security, "readOnlyRootFilesystem", False),
            # S5
            "tag": at("image", f"{registry}/sample:v1"),
            "no-image": at("image", None),
            "no-tag": at("image", f"{registry}/sample"),
            "tag-and-digest": at("image", f"{registry}/sample:v1@{DIGEST}"),
            "short-digest": at("image", f"{registry}/sample@{DIGEST[:-1]}"),
            "other-registry": at("image", f"docker.io/library/sample@{DIGEST}"),
            "like-registry": at("image", f"{registry}-mirror/sample@{DIGEST}"),
            "no-registry": at("image", f"sample@{DIGEST}"),
            "no-registry-path": at("image", f"library/sample@{DIGEST}"),
            "local-registry": at("image", f"localhost/sample@{DIGEST}"),
            "unreleased": at("image", f"{registry}/sample:unreleased"),
            # C1
            "no-resources": at("resources", None),
            "no-requests": at("resources", "requests", None),
            "no-limits": at("resources", "limits", None),
            "no-cpu-request": at("resources", "requests", "cpu", None),
            "no-memory-request": at("resources", "requests", "memory", None),
            "no-memory-limit": at("resources", "limits", "memory", None),
            "no-cpu-limit": at("resources", "limits", "cpu", None),
        }
        changes.update({f"{name}{where}": change for name, change in more.items()})
    return changes


# Changes of the labels: each gets the object.
def _of_labels():
    changes = {
        f"no-{label.rsplit('/')[-1]}": lambda made, label=label: made["metadata"]["labels"].pop(label)
        for label in LABELS
    }
    changes["no-labels"] = lambda made: made["metadata"].pop("labels")
    changes["empty-team"] = lambda made: made["metadata"]["labels"].update(team="")
    changes["more-labels"] = lambda made: made["metadata"]["labels"].update(other="one")
    return changes


EVERYBODY = {"namespaceSelector": {}}
NETWORK = {
    "ingress-only": lambda spec: spec.update(policyTypes=["Ingress"]),
    "egress-only": lambda spec: spec.update(policyTypes=["Egress"]),
    "types-unsaid": lambda spec: spec.pop("policyTypes"),
    "types-unsaid-ingress": lambda spec: [spec.pop(key) for key in ("policyTypes", "egress")],
    "nothing-allowed": lambda spec: [spec.pop(key) for key in ("ingress", "egress")],
    "none-in": lambda spec: spec.update(ingress=[]),
    "anybody-in": lambda spec: spec.update(ingress=[{}]),
    "anybody-in-on-port": lambda spec: spec.update(ingress=[{"ports": [{"port": 80}]}]),
    "anybody-out": lambda spec: spec["egress"].append({}),
    "empty-from": lambda spec: spec.update(ingress=[{"from": []}]),
    "empty-to": lambda spec: spec.update(egress=[{"to": []}]),
    "empty-peer-in": lambda spec: spec.update(ingress=[{"from": [{}]}]),
    "empty-peer-out": lambda spec: spec["egress"][0]["to"].append({}),
    "all-namespaces-in": lambda spec: spec.update(ingress=[{"from": [EVERYBODY]}]),
    "all-namespaces-out": lambda spec: spec["egress"][0]["to"].append(EVERYBODY),
    "all-pods-of-all": lambda spec: spec.update(ingress=[{"from": [{**EVERYBODY, "podSelector": {}}]}]),
    "some-pods-of-all": lambda spec: spec.update(ingress=[{"from": [{**EVERYBODY, "podSelector": CHOSEN}]}]),
    "all-pods-of-some": lambda spec: spec.update(
        ingress=[{"from": [{"namespaceSelector": CHOSEN, "podSelector": {}}]}]
    ),
    "own-namespace": lambda spec: spec.update(ingress=[{"from": [{"podSelector": {}}]}]),
    "some-namespaces": lambda spec: spec.update(ingress=[{"from": [{"namespaceSelector": CHOSEN}]}]),
    "every-address": lambda spec: spec.update(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
    "every-address-6": lambda spec: spec.update(ingress=[{"from": [{"ipBlock": {"cidr": "::/0"}}]}]),
    "most-addresses": lambda spec: spec.update(
        egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]
    ),
    "addresses": lambda spec: spec.update(egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
}
SERVICE = {
    "node-port": lambda spec: spec.update(type="NodePort"),
    "load-balancer": lambda spec: spec.update(type="LoadBalancer"),
    "cluster-ip": lambda spec: spec.update(type="ClusterIP"),
    "external-ip": lambda spec: spec.update(externalIPs=["192.0.2.1"]),
    "no-external-ip": lambda spec: spec.update(externalIPs=[]),
}
ACCOUNT = {
    "token-unsaid": lambda made: made.pop("automountServiceAccountToken"),
    "token": lambda made: made.update(automountServiceAccountToken=True),
}


def build(namespace, registry):
    """All samples, as they are put into one namespace; `registry` is the one that the service's images come from."""
    samples = []

    def add(kind, change="good", edit=lambda made: None, name=None):
        made = _good(kind, registry)
        edit(made)
        made["metadata"].update(name=name or f"{kind.lower()[:22]}-{change}", namespace=namespace)
        samples.append(Sample(kind, change, made))

    for kind in WORKLOADS:
        add(kind)
        for change, edit in _of_pods(registry).items():
            add(kind, change, lambda made, edit=edit: edit(pod_of(made)))
    others = ("Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap", "PersistentVolumeClaim")
    for kind in (*others, "ServiceAccount", "NetworkPolicy"):
        add(kind)
    for kind in (*WORKLOADS, *others, "ServiceAccount", "NetworkPolicy"):
        for change, edit in _of_labels().items():
            add(kind, change, edit)
    for change, edit in NETWORK.items():
        add("NetworkPolicy", change, lambda made, edit=edit: edit(made["spec"]))
    for change, edit in SERVICE.items():
        add("Service", change, lambda made, edit=edit: edit(made["spec"]))
    for change, edit in ACCOUNT.items():
        add("ServiceAccount", change, edit)

    add("ServiceAccount", "default", ACCOUNT["token-unsaid"], name="default")

    def refers(made):
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sample"}
        made["spec"] = {"workloadRef": reference, "strategy": {"canary": {}}}

    add("Rollout", "refers", refers)
    return [dataclasses.replace(sample, object=copy.deepcopy(sample.object)) for sample in samples]
