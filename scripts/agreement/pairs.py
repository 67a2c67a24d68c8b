"""Which of their checks asks what which of our guardrails asks, and why the two don't always say the same.

A unit is what a place is counted by: an `object` of Kubernetes, a `block` of Terraform, a `file`, or a `line`. The verdict
and its reason are ours, and were written after reading the places where only one of the two found something.
"""

import dataclasses
import re

@dataclasses.dataclass(frozen=True)
class Pair:
    rule: str
    # Which of the rule's messages are meant; one rule asks for several things.
    message: str
    tool: str
    checks: tuple
    unit: str
    reason: str = ""
    # What it is called on the page, where the pattern can't be read.
    asks: str = ""

    def ours(self, finding):
        return finding["rule"] == self.rule and re.search(self.message, finding["message"])


# Of pods in general, explained under the table.
KINDS = "kinds that only one side knows ¹"


def _k8s(rule, message, reason=KINDS, asks="", **tools):
    for tool, checks in tools.items():
        checks = (checks,) if isinstance(checks, str) else tuple(checks)
        yield Pair(rule, message, tool.replace("_", "-"), checks, "object", reason, asks)


# Images without a tag, or with `latest`.
UNTAGGED = r'runs "(?:[^"/]+/)*[^":@/]+(?::latest)?",'

PAIRS = [
    *_k8s("S1", "runAsNonRoot", "checkov takes a high runAsUser for it; the restricted standard demands the setting", checkov="CKV_K8S_23"),
    *_k8s("S1", "runAsNonRoot", trivy="KSV-0012"),
    *_k8s("S1", "allowPrivilegeEscalation", checkov="CKV_K8S_20", trivy="KSV-0001"),
    *_k8s("S1", "drop ALL", checkov="CKV_K8S_37"),
    *_k8s("S1", "drop ALL", "trivy tells here of added capabilities too, as S1 does in a message of its own ¹", trivy="KSV-0106"),
    *_k8s("S1", "seccomp", checkov="CKV_K8S_31", trivy="KSV-0104", kube_score="container-seccomp-profile"),
    *_k8s("S1", "is privileged", checkov="CKV_K8S_16", trivy="KSV-0017", kube_score="container-security-context-privileged"),
    *_k8s("S2", "runAsUser", checkov="CKV_K8S_40"),
    *_k8s("S2", "runAsUser", "trivy wants more than 10000, we 10000 or more, as checkov and kube-score do", trivy="KSV-0020"),
    *_k8s("S2", "runAsGroup", "trivy wants more than 10000, we 10000 or more", trivy="KSV-0021"),
    *_k8s("S2", "", kube_score="container-security-context-user-group-id"),
    *_k8s("S3", "", checkov="CKV_K8S_22", trivy="KSV-0014", kube_score="container-security-context-readonlyrootfilesystem"),
    *_k8s("S4", "mounts a token", checkov="CKV_K8S_38"),
    *_k8s("S5", "no digest", checkov="CKV_K8S_43"),
    *_k8s("S5", UNTAGGED, "they take a container without any image, a patch, for one without a tag", asks="no tag, or latest", checkov="CKV_K8S_14", trivy="KSV-0013", kube_score="container-image-tag"),
    *_k8s("S6", "is behind no", "we want both directions limited, checkov one; checkov asks Jobs and DaemonSets too, we what serves", checkov="CKV2_K8S_6"),
    *_k8s("S6", "is behind no", "kube-score reads each file alone and asks the pods of Jobs too; we take the repository together", kube_score="pod-networkpolicy"),
    *_k8s("S7", "a secret in", checkov="CKV_K8S_35"),
    *_k8s("S8", "on secrets", "reading one secret by its name is least privilege; trivy doesn't look at resourceNames", trivy=("KSV-0041", "KSV-0113")),
    *_k8s("S8", "grants all", checkov="CKV_K8S_49", trivy=("KSV-0044", "KSV-0045", "KSV-0046")),
    *_k8s("S9", "hostPID", checkov="CKV_K8S_17", trivy="KSV-0010"),
    *_k8s("S9", "hostNetwork", checkov="CKV_K8S_19", trivy="KSV-0009"),
    *_k8s("S9", "hostIPC", checkov="CKV_K8S_18", trivy="KSV-0008"),
    *_k8s("S9", "mounts files of the node", trivy="KSV-0023"),
    *_k8s("S9", r"opens port \d+ of the node", asks="hostPort", checkov="CKV_K8S_26", trivy="KSV-0024"),
    *_k8s("S9", "port on every node", kube_score="service-type"),
    *_k8s("C1", "requests.cpu", "checkov takes `resources: {}` for requests", checkov="CKV_K8S_10"),
    *_k8s("C1", "requests.cpu", trivy="KSV-0015"),
    *_k8s("C1", "requests.memory", "checkov takes `resources: {}` for requests", checkov="CKV_K8S_12"),
    *_k8s("C1", "requests.memory", trivy="KSV-0016"),
    *_k8s("C1", "limits.memory", checkov="CKV_K8S_13", trivy="KSV-0018"),
    *_k8s("C1", "", "kube-score wants a limit of processor time too, which C1 leaves to the team", kube_score="container-resources"),
    *_k8s("R1", "has no Pod", "a budget can't keep one replica: R2 tells of it, and R1 starts at two; kube-score asks Deployments of one too, and no Rollouts", kube_score="deployment-has-poddisruptionbudget"),
    *_k8s("R2", "runs with", "we ask StatefulSets, Rollouts and scaled ones too; for us an autoscaler of that name in another file of the repository counts", kube_score="deployment-replicas"),
    *_k8s("R4", "has no readinessProbe", "checkov asks bare Pods too", checkov="CKV_K8S_9"),
    *_k8s("R4", "has no livenessProbe", "checkov asks bare Pods too", checkov="CKV_K8S_8"),
    *_k8s("R4", "has no (readiness|liveness)Probe", "kube-score asks only pods that a Service in the same file selects", "no probe", kube_score="pod-probes"),
    *_k8s("R4", "asks the same", "kube-score doesn't compare gRPC and exec probes, and calls probes the same whose headers differ", kube_score="pod-probes-identical"),
    *_k8s("R5", "", "kube-score demands that nodes keep the pods apart, we take any spread or anti-affinity, and ask of one replica, too", kube_score=("deployment-has-host-podantiaffinity", "statefulset-has-host-podantiaffinity")),
    *_k8s("R8", "startingDeadlineSeconds", kube_score="cronjob-has-deadline"),
    *_k8s("R11", "", "kube-score leaves out apps/v1beta2", kube_score="statefulset-has-servicename"),
    Pair("S15", "root|no USER|runs as", "checkov", ("CKV_DOCKER_3", "CKV_DOCKER_8"), "file", "we ask for a number too: the kubelet can't check a name", "runs as root"),
    Pair("S15", "root|no USER|runs as", "trivy", ("DS-0002",), "file", "we ask for a number too", "runs as root"),
    Pair("S15", "no digest", "checkov", ("CKV_DOCKER_7",), "file", "a tag can move: we ask for a digest; checkov takes a variable for no tag, we look at its default"),
    Pair("S15", "no digest", "hadolint", ("DL3006", "DL3007"), "file", "a tag can move: we ask for a digest"),
    Pair("S15", "ADD ", "checkov", ("CKV_DOCKER_4",), "file"),
    Pair("S15", "ADD ", "trivy", ("DS-0005",), "file"),
    Pair("S15", "ADD ", "hadolint", ("DL3020",), "file"),
    Pair("S15", "sudo", "hadolint", ("DL3004",), "file"),
    Pair("S15", "sudo", "trivy", ("DS-0010",), "file"),
    Pair("S16", "not pinned|runs the image", "zizmor", ("unpinned-uses", "unpinned-images"), "line", "SLSA's generator can only be called by its release: its verifier says so; zizmor leaves out an action without a name", "not pinned"),
    Pair("S17", "leaves the token", "zizmor", ("artipacked",), "step"),
    Pair("S17", "expression into", "zizmor", ("template-injection",), "step", "zizmor leaves out an action without a name"),
    Pair("S17", "does not limit|may write|write-all|every job", "zizmor", ("excessive-permissions",), "file", asks="rights of the token"),
    Pair("S17", "does not limit", "checkov", ("CKV2_GHA_1",), "file", "checkov takes read-all, or rights of each job, for a limit of the whole", "rights of the token"),
    Pair("S17", "stranger", "zizmor", ("dangerous-triggers",), "file", "zizmor tells of every workflow_run and issue_comment, we where such a run fetches the change"),
    Pair("C6", "no concurrency", "zizmor", ("concurrency-limits",), "file", "zizmor leaves out workflows whose jobs only call others"),
    Pair("S10", "", "checkov", ("CKV_AWS_111", "CKV_AWS_355", "CKV_AWS_356", "CKV_AWS_289", "CKV_AWS_290"), "block", "checkov lets actions through that can't be limited to a resource"),
    Pair("S12", "^(resource\\.)?aws.*encrypt", "checkov", ("CKV_AWS_3", "CKV_AWS_16"), "block", "a variable decides; checkov takes its default, we leave it to the caller and to the plan", "encryption in AWS"),
    Pair("S14", "the module .* no commit", "checkov", ("CKV_TF_1",), "block", "checkov doesn't know the address of a folder inside a registry module"),
    Pair("R9", "", "checkov", ("CKV_AWS_133", "CKV_AWS_293"), "block", "a variable decides; checkov takes its default, we leave it to the caller and to the plan"),
]
