"""Which of their checks asks what which of our guardrails asks, and why the two don't always say the same.

A unit is what a place is counted by: an `object` of Kubernetes, a `block` of Terraform, a `file`, or a `line`. The verdict
and its reason are ours, and were written after reading the places where only one of the two found something.
"""

import dataclasses
import re

# Kinds whose pods a controller makes; other tools look at some of them only.
SAME = "agree"
DIFFERENT = "asks something else"


@dataclasses.dataclass(frozen=True)
class Pair:
    rule: str
    # Which of the rule's messages are meant; one rule asks for several things.
    message: str
    tool: str
    checks: tuple
    unit: str
    reason: str = ""

    def ours(self, finding):
        return finding["rule"] == self.rule and re.search(self.message, finding["message"])


def _k8s(rule, message, reason="", **tools):
    for tool, checks in tools.items():
        checks = (checks,) if isinstance(checks, str) else tuple(checks)
        yield Pair(rule, message, tool.replace("_", "-"), checks, "object", reason)


PAIRS = [
    *_k8s("S1", "runAsNonRoot", checkov="CKV_K8S_23", trivy="KSV-0012"),
    *_k8s("S1", "allowPrivilegeEscalation", checkov="CKV_K8S_20", trivy="KSV-0001"),
    *_k8s("S1", "drop ALL", checkov="CKV_K8S_37", trivy="KSV-0106"),
    *_k8s("S1", "seccomp", checkov="CKV_K8S_31", trivy="KSV-0104", kube_score="container-seccomp-profile"),
    *_k8s("S1", "privileged\\b", checkov="CKV_K8S_16", trivy="KSV-0017", kube_score="container-security-context-privileged"),
    *_k8s("S2", "runAsUser", checkov="CKV_K8S_40", trivy="KSV-0020"),
    *_k8s("S2", "runAsGroup", trivy="KSV-0021"),
    *_k8s("S2", "", kube_score="container-security-context-user-group-id"),
    *_k8s("S3", "", checkov="CKV_K8S_22", trivy="KSV-0014", kube_score="container-security-context-readonlyrootfilesystem"),
    *_k8s("S4", "mounts a token", checkov="CKV_K8S_38"),
    *_k8s("S5", "no digest", checkov="CKV_K8S_43"),
    *_k8s("S5", "latest|no tag", checkov="CKV_K8S_14", trivy="KSV-0013", kube_score="container-image-tag"),
    *_k8s("S6", "is behind no", kube_score="pod-networkpolicy", checkov="CKV2_K8S_6"),
    *_k8s("S7", "in the variable|environment", checkov="CKV_K8S_35"),
    *_k8s("S8", "secrets", trivy=("KSV-0041", "KSV-0113")),
    *_k8s("S8", "all (verbs|resources|groups)", checkov="CKV_K8S_49", trivy=("KSV-0044", "KSV-0045", "KSV-0046")),
    *_k8s("S9", "hostPID", checkov="CKV_K8S_17", trivy="KSV-0010"),
    *_k8s("S9", "hostNetwork", checkov="CKV_K8S_19", trivy="KSV-0009"),
    *_k8s("S9", "hostIPC", checkov="CKV_K8S_18", trivy="KSV-0008"),
    *_k8s("S9", "mounts files of the node", trivy="KSV-0023"),
    *_k8s("S9", "port of the node|hostPort", checkov="CKV_K8S_26", trivy="KSV-0024"),
    *_k8s("S9", "port on every node", kube_score="service-type"),
    *_k8s("C1", "requests.cpu", checkov="CKV_K8S_10", trivy="KSV-0015"),
    *_k8s("C1", "requests.memory", checkov="CKV_K8S_12", trivy="KSV-0016"),
    *_k8s("C1", "limits.memory", checkov="CKV_K8S_13", trivy="KSV-0018"),
    *_k8s("C1", "", kube_score="container-resources"),
    *_k8s("R1", "", kube_score="deployment-has-poddisruptionbudget"),
    *_k8s("R2", "runs with", kube_score="deployment-replicas"),
    *_k8s("R4", "readinessProbe", checkov="CKV_K8S_9"),
    *_k8s("R4", "livenessProbe", checkov="CKV_K8S_8"),
    *_k8s("R4", "no readinessProbe", kube_score="pod-probes"),
    *_k8s("R4", "same|differ|identical", kube_score="pod-probes-identical"),
    *_k8s("R5", "", kube_score=("deployment-has-host-podantiaffinity", "statefulset-has-host-podantiaffinity")),
    *_k8s("R8", "startingDeadlineSeconds", kube_score="cronjob-has-deadline"),
    *_k8s("R11", "", kube_score="statefulset-has-servicename"),
    Pair("S15", "root|no USER|runs as", "checkov", ("CKV_DOCKER_3", "CKV_DOCKER_8"), "file"),
    Pair("S15", "root|no USER|runs as", "trivy", ("DS-0002",), "file"),
    Pair("S15", "root|no USER|runs as", "hadolint", ("DL3002",), "file"),
    Pair("S15", "latest|no tag|no digest", "checkov", ("CKV_DOCKER_7",), "file"),
    Pair("S15", "latest|no tag|no digest", "hadolint", ("DL3006", "DL3007"), "file"),
    Pair("S15", "ADD ", "checkov", ("CKV_DOCKER_4",), "file"),
    Pair("S15", "ADD ", "trivy", ("DS-0005",), "file"),
    Pair("S15", "ADD ", "hadolint", ("DL3020",), "file"),
    Pair("S15", "sudo", "hadolint", ("DL3004",), "file"),
    Pair("S16", "not pinned", "zizmor", ("unpinned-uses",), "line"),
    Pair("S16", "not pinned", "zizmor", ("unpinned-images",), "line"),
    Pair("S17", "leaves the token", "zizmor", ("artipacked",), "step"),
    Pair("S17", "expression into", "zizmor", ("template-injection",), "step"),
    Pair("S17", "does not limit|may write|write-all|every job", "zizmor", ("excessive-permissions",), "file"),
    Pair("S17", "does not limit", "checkov", ("CKV2_GHA_1",), "file"),
    Pair("S17", "stranger|pull_request_target", "zizmor", ("dangerous-triggers",), "file"),
    Pair("C6", "concurrency", "zizmor", ("concurrency-limits",), "file"),
    Pair("S10", "", "checkov", ("CKV_AWS_355", "CKV_AWS_356", "CKV_AWS_289", "CKV_AWS_290"), "block"),
    Pair("S12", "encrypt", "checkov", ("CKV_AWS_16", "CKV_AWS_3", "CKV_AWS_17"), "block"),
    Pair("S14", "the module .* no commit", "checkov", ("CKV_TF_1",), "block"),
    Pair("S14", "required_version|provider", "trivy", (), "block"),
    Pair("R9", "", "checkov", ("CKV_AWS_293", "CKV_AWS_133"), "block"),
    Pair("S13", "written out", "checkov", ("CKV_AWS_41", "CKV_SECRET_6"), "block"),
]
PAIRS = [pair for pair in PAIRS if pair.checks]
