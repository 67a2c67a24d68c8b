"""Judges of Kubernetes manifests, as rendered for each environment after a release."""

import json
import pathlib
import re
import shutil

import content
import install
import places
from engine import Judge
from judges.common import complaints, run, said

# Documents that have apiVersion and kind without being for a cluster: those of tools. And Gatekeeper's constraints, whose
# schema comes out of a template: gator holds them to it.
NOT_FOR_A_CLUSTER = (
    *("backstage.io/", "kustomize.config.k8s.io/", "openslo/", "sloth.slok.dev/", "sloth/", "kubelinter"),
    *("cli.kyverno.io/", "test.gatekeeper.sh/", "constraints.gatekeeper.sh/"),
)
TOP = re.compile(r"^apiVersion: *[\"']?([^\s\"']+)", re.MULTILINE)


def rendered(case):
    """{name: path} of the rendered manifests."""
    return {f"build/manifests/{name}.yaml": path for name, path in case.manifests().items()}


def loose(case):
    """Objects for a cluster that no overlay renders: GitOps applications, admission policies."""
    found = {}
    for name in case.files("*.yaml", "*.yml"):
        if name.startswith(("deploy/kustomize/", "deploy/helm/", "build/", ".github/", "blueprints/")):
            continue
        versions = TOP.findall(case.text(name))
        if versions and not any(version.startswith(NOT_FOR_A_CLUSTER) for version in versions):
            found[name] = case.tree / name
    return found


def objects(work):
    """{path: (case's name, name)} of the files with objects for a cluster that are to be judged."""
    return {
        str(path): (case.name, name)
        for case, items in work
        for name, path in {**rendered(case), **loose(case)}.items()
        if name in items
    }


def in_place(line, paths):
    """A finding that names a file by its path, as all others do: by its case and its name there."""
    for path, (case, name) in paths.items():
        if path in line:
            return f"[{case}] {line.replace(path, name)}"
    return line


class Kubeconform(Judge):
    name = "kubeconform"
    about = f"strict schemas of Kubernetes {', '.join(install.KUBERNETES)} and of custom resources; none may be unknown"
    tools = ("kubeconform", "kubernetes")
    together = True

    def items(self, case):
        return {name: content.of_file(path) for name, path in {**rendered(case), **loose(case)}.items()}

    def judge_all(self, work, bench):
        paths = objects(work)
        schemas = bench.tools.schemas
        findings = []
        for version in install.KUBERNETES:
            argv = [bench.tools["kubeconform"], "-strict", "-kubernetes-version", version]
            argv += ["-schema-location", f"{schemas}/kubernetes/v{version}/" + "{{.ResourceKind}}{{.KindSuffix}}.json"]
            custom = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
            argv += ["-schema-location", f"{schemas}/crds/{custom}"]
            result = run(bench, [*argv, *paths], work[0][0].tree)
            findings += [in_place(line, paths) for line in complaints(result)]
        return findings


class KubectlValidate(Judge):
    name = "kubectl-validate"
    about = "the API server's own validation code, custom resources' CEL rules included"
    tools = ("kubectl-validate", "kubernetes")
    together = True
    version = "1.30"  # the newest whose schemas the tool carries

    items = Kubeconform.items

    def judge_all(self, work, bench):
        paths = objects(work)
        argv = [bench.tools["kubectl-validate"], "--version", self.version, "--output", "json"]
        for folder in sorted((bench.tools.schemas / "crds-source").iterdir()):
            argv += ["--local-crds", folder]
        result = run(bench, [*argv, *paths], work[0][0].tree)
        if result.ok:
            return []
        try:
            told = json.loads(result.out[result.out.index("{") : result.out.rindex("}") + 1])
        except ValueError:
            return [in_place(line, paths) for line in complaints(result)]
        findings = []
        for path, verdicts in told.items():
            for verdict in verdicts:
                if verdict.get("status") != "Success":
                    findings.append(in_place(f"{path}: {verdict.get('message', verdict)}", paths))
        return findings or [in_place(line, paths) for line in complaints(result)]


class KubeScore(Judge):
    name = "kube-score"
    about = "best practice for workloads, warnings included"
    tools = ("kube-score",)

    def items(self, case):
        return {name: content.of_file(path) for name, path in rendered(case).items()}

    def judge(self, case, items, bench):
        version = "v" + install.KUBERNETES[1].rsplit(".", 1)[0]
        findings = []
        for name in items:
            argv = [bench.tools["kube-score"], "score", "--kubernetes-version", version, "--exit-one-on-warning"]
            argv += ["--enable-optional-test", "container-seccomp-profile", "--output-format", "ci"]
            result = run(bench, [*argv, rendered(case)[name]], case.tree)
            bad = said(case, result, lambda line: line.startswith(("[CRITICAL]", "[WARNING]")))
            findings += [line.replace(f"[{case.name}] ", f"[{case.name}] {name}: ", 1) for line in bad]
        return findings


class Workload(Judge):
    name = "workload"
    about = "objects fit together: selectors, ports, scale targets, budgets, names (our own)"

    def items(self, case):
        code = (places.HERE / "workload.py").read_bytes()
        return {name: content.of(code, content.of_file(path)) for name, path in rendered(case).items()}

    def judge(self, case, items, bench):
        findings = []
        for name in items:
            argv = [bench.tools.pythons["lint"], "-B", places.HERE / "workload.py", rendered(case)[name]]
            result = run(bench, argv, case.tree)
            findings += [f"[{case.name}] {name}: {line}" for line in result.lines()]
            if not result.ok and not result.out.strip():
                findings.append(f"[{case.name}] {name}: exit {result.code}")
        return findings


class Access(Judge):
    name = "access"
    about = "whoever applies the manifests may change what is rendered and nothing else (our own)"

    def items(self, case):
        code = (places.HERE / "access.py").read_bytes()
        rights = case.digest(*case.files("gitops/*.yaml", "deploy/access/*.yaml"))
        return {name: content.of(code, rights, content.of_file(path)) for name, path in rendered(case).items()}

    def judge(self, case, items, bench):
        findings = []
        for name in items:
            path = rendered(case)[name]
            argv = [bench.tools.pythons["lint"], "-B", places.HERE / "access.py", case.tree, path, path.stem]
            result = run(bench, argv, case.tree)
            findings += said(case, result, lambda line: bool(line.strip()))
            if not result.ok and not result.out.strip():
                findings.append(f"[{case.name}] {name}: exit {result.code}")
        return findings


# Trivy asks every single document for a limit range and a quota of its namespace, instead of the namespace (its issue
# 8635). Only what it says about those two kinds themselves counts; that both are there is the judge Workload's part.
PER_NAMESPACE = {"KSV-0039": "LimitRange", "KSV-0040": "ResourceQuota"}


def kind_at(text, line):
    """The kind of the YAML document that a line is in."""
    kind = ""
    for at, row in enumerate(text.splitlines(), 1):
        if row.startswith("---"):
            if at > line:
                break
            kind = ""
        elif row.startswith("kind: "):
            kind = row[6:].strip()
    return kind


class Trivy(Judge):
    name = "trivy"
    about = "misconfiguration of manifests, Dockerfile and Terraform"
    tools = ("trivy",)
    weight = 5

    def items(self, case):
        settings = case.digest("trivy.yaml", ".trivyignore", ".trivyignore.yaml")
        found = {name: content.of(settings, content.of_file(path)) for name, path in rendered(case).items()}
        for name in case.files("Dockerfile"):
            found[name] = content.of(settings, case.digest(name))
        infra = case.files("infra/*")
        if infra:
            found["infra"] = content.of(settings, case.digest(*infra))
        return found

    def judge(self, case, items, bench):
        with bench.scratch() as place:
            names = [name for item in items for name in case.files(item, f"{item}/*")]
            case.stage([*names, *case.files("trivy.yaml", ".trivyignore", ".trivyignore.yaml")], place)
            for name, path in rendered(case).items():
                if name in items:
                    target = pathlib.Path(place) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, target)
            argv = [bench.tools["trivy"], "config", "--quiet", "--skip-check-update", "--skip-version-check"]
            argv += ["--disable-telemetry", "--exit-code", "1", "--format", "json", "--cache-dir", f"{place}/.cache"]
            argv += ["--config-data", places.HERE / "trivy-data", "--skip-dirs", ".cache", "."]
            result = run(bench, argv, place)
        try:
            told = json.loads(result.out[result.out.index("{\n") :])
        except ValueError:
            return said(case, result) or [f"[{case.name}] trivy's answer can't be read"]
        findings = []
        for part in told.get("Results") or []:
            for bad in part.get("Misconfigurations") or []:
                line = bad.get("CauseMetadata", {}).get("StartLine", 0)
                asked = PER_NAMESPACE.get(bad["ID"])
                if asked and kind_at(rendered(case)[part["Target"]].read_text(encoding="utf-8"), line) != asked:
                    continue
                where = f"[{case.name}] {part['Target']}:{line}"
                findings.append(f"{where}: {bad['ID']} {bad['Severity']} {bad['Message']}")
        return findings if result.code in (0, 1) else [*findings, *said(case, result)]
