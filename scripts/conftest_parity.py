#!/usr/bin/env python3
"""Compares goldpath's in-process guardrails with conftest: the same files, the same policies, the same findings.

    scripts/conftest_parity.py DIR...            each directory as it is
    scripts/conftest_parity.py --break DIR...    emitted repositories, each with one fault after the other put into it

Needs conftest and kubectl (or kustomize) on PATH, and the example `evaluate` (built here where --evaluate names none). What
Kustomize sources render comes from kubectl on conftest's side and from goldpath's own rendering on the other, so that is
compared too. Exit code 1: a finding differs.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LEFT_OUT = {".git", ".terraform", "node_modules", "vendor"}

# One fault each: which files, what to look for, what to put in its place. It has to be found, by both sides alike.
FAULTS = [
    ("deploy/kustomize/base/deployment.yaml", r"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    ("deploy/kustomize/base/deployment.yaml", r"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    ("deploy/kustomize/base/deployment.yaml", r"runAsUser: 65532", "runAsUser: 0"),
    ("deploy/kustomize/base/deployment.yaml", r"automountServiceAccountToken: false", "automountServiceAccountToken: true"),
    ("deploy/kustomize/base/deployment.yaml", r"path: /readyz", "path: /livez"),
    ("deploy/kustomize/base/deployment.yaml", r"terminationGracePeriodSeconds: \d+", "terminationGracePeriodSeconds: 5"),
    ("deploy/kustomize/base/deployment.yaml", r"sizeLimit: \w+", "medium: Memory"),
    ("deploy/kustomize/base/deployment.yaml", r"maxUnavailable: 0", "maxUnavailable: 1"),
    ("deploy/kustomize/base/deployment.yaml", r"(?m)^( +)volumes:$", r"\1hostNetwork: true\n\1volumes:"),
    ("deploy/kustomize/base/poddisruptionbudget.yaml", r"maxUnavailable: 1", "maxUnavailable: 0"),
    ("deploy/kustomize/base/poddisruptionbudget.yaml", r"(name: [\w-]+)\s*\Z", r"\1-other"),
    ("deploy/kustomize/base/networkpolicy.yaml", r"    - Egress\n", ""),
    ("deploy/kustomize/base/kustomization.yaml", r"  - networkpolicy.yaml\n", ""),
    ("deploy/kustomize/base/service.yaml", r"type: ClusterIP", "type: NodePort"),
    ("deploy/kustomize/overlays/*/image/kustomization.yaml", r"newTag: unreleased", "newTag: latest"),
    ("deploy/kustomize/components/labels/kustomization.yaml", r" +team: .*\n", ""),
    ("deploy/kustomize/overlays/*/kustomization.yaml", r"environment: ", "stage: "),
    ("Dockerfile", r"@sha256:[0-9a-f]{64}", ""),
    ("Dockerfile", r"USER .*", "USER root"),
    ("Dockerfile", r"(?m)^COPY (?!--)", "ADD "),
    (".github/workflows/*.yaml", r"@[0-9a-f]{40} # ", "@"),
    (".github/workflows/*.yaml", r"timeout-minutes: .*", ""),
    (".github/workflows/*.yaml", r"(?m)^permissions: \{\}", "permissions: write-all"),
    (".github/workflows/*.yaml", r"persist-credentials: false", "persist-credentials: true"),
    (".github/workflows/*.yaml", r"run: make verify", "run: make verify REF=${{ github.head_ref }}"),
    (".gitlab-ci.yml", r"@sha256:[0-9a-f]{64}", ""),
    (".gitlab-ci.yml", r"timeout: .*", ""),
    ("infra/environments/*/backend.tf", r"use_lockfile = true", "use_lockfile = false"),
    ("infra/environments/*/backend.tf", r'key( +)= ".*"', r'key\1= "terraform.tfstate"'),
    ("infra/environments/*/terraform.tf", r", < 7.0", ""),
    ("infra/environments/*/providers.tf", r"default_tags", "ignore_tags"),
    ("infra/modules/service/logs.tf", r" +retention_in_days .*\n", ""),
    ("infra/modules/service/logs.tf", r" +kms_key_id .*\n", ""),
    ("infra/modules/foundation/*.tf", r'"s3:GetObject"', '"s3:*"'),
    ("infra/modules/foundation/ci.tf", r'(?s)test     = "StringEquals"(\s+variable = "\S+:sub")', r'test     = "StringLike"\1'),
    ("observability/rules/*.yaml", r"severity: \w+", "urgency: x"),
    ("observability/rules/*.yaml", r"runbook_url: .*", "runbook_url: https://example.com/runbooks/none.md#x"),
    ("observability/slo.yaml", r"ErrorBudgetBurn", "BudgetGone"),
    ("**/CODEOWNERS", r"(?m)^/.*$", ""),
]


def files(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            relative = os.path.relpath(os.path.join(path, name), folder)
            if not relative.startswith("build" + os.sep):
                yield relative


def is_pipeline(path):
    return bool(
        re.match(r"\.github/workflows/[^/]+\.ya?ml$|\.gitlab-ci\.ya?ml$|\.gitlab/ci/.*\.ya?ml$", path)
        or re.match(r"azure-pipelines\.ya?ml$|\.azuredevops/.*\.ya?ml$", path)
        or re.search(r"(^|/)action\.ya?ml$", path)
    )


def is_text(path):
    """Jenkinsfiles, and what pipelines call; CODEOWNERS and runbooks."""
    return is_groovy(path) or bool(
        re.search(r"(^|/)(CODEOWNERS|Makefile|makefile|GNUmakefile|[^/]+\.mk)$|runbooks/.*\.md$|(^|/)scripts/.*\.sh$", path)
    )


def is_groovy(path):
    return bool(
        re.search(r"(?i)(^|/)(jenkinsfile|jenkinsfile\.[^/]*|[^/]*\.jenkinsfile)$", path)
        or re.search(r"(^|/)(jenkins/.*|vars/[^/]+)\.groovy$", path)
    )


def sort_out(folder):
    """Which files go to which package: the table of src/guardrail/route.rs, written a second time on purpose."""
    areas = {"kubernetes": [], "terraform": [], "dockerfile": [], "ci": [], "context": [], "text": []}
    roots, claimed = kustomizations(folder)
    for path in files(folder):
        name = os.path.basename(path)
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        if path in claimed:
            continue
        if is_pipeline(path):
            areas["ci"].append(path)
        elif is_text(path):
            areas["text"].append(path)
        elif name == ".terraform.lock.hcl":
            areas["context"].append(path)
        elif name.endswith((".tf", ".tfvars")):
            areas["terraform"].append(path)
        elif name.lower() == "dockerfile" or name.lower().startswith("dockerfile.") or name.lower().endswith(".dockerfile"):
            areas["dockerfile"].append(path)
        elif name.endswith((".yaml", ".yml", ".json")):
            if re.search(rb"(?m)^(- |[\s{\"]*)?apiVersion\"?:", data) and re.search(rb"(?m)^[\s{\"]*kind\"?:", data):
                areas["kubernetes"].append(path)
            elif re.search(rb"\"planned_values\"\s*:", data):
                areas["terraform"].append(path)
            elif re.search(rb"(?m)^(groups|slos):", data):
                areas["context"].append(path)
    return areas, roots


def kustomizations(folder):
    """The folders of Kustomize roots, and the files that kustomizations use."""
    found = {os.path.dirname(path) for path in files(folder) if os.path.basename(path) == "kustomization.yaml"}
    used, claimed, components = set(), set(), set()
    for place in found:
        path = os.path.join(place, "kustomization.yaml")
        claimed.add(path)
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            text = file.read()
        if re.search(r"(?m)^kind: Component", text):
            components.add(place)
        for entry in re.findall(r"(?m)^\s*(?:- |path: )(?:\S+=)?([\w./{}-]+)\s*$", text):
            target = os.path.normpath(os.path.join(place, entry))
            (used if target in found else claimed).add(target)
    return sorted(found - used - components), claimed


def conftest(folder, policies, area, paths, combine=False):
    if not paths:
        return set()
    command = ["conftest", "test", "--policy", f"{policies}/{area}", "--namespace", area, "--no-fail", "--output", "json"]
    command += (["--combine"] if combine else []) + paths
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"conftest fails in {folder}: {done.stderr.strip() or done.stdout.strip()}")
    findings = set()
    for result in json.loads(done.stdout):
        for level, key in (("deny", "failures"), ("warn", "warnings")):
            for finding in result.get(key) or []:
                findings.add((area, level, finding["metadata"]["rule"], plain(finding["msg"])))
    return findings


def plain(message):
    """Without the hash that Kustomize puts behind the names of generated objects."""
    return re.sub(r"(ConfigMap|Secret) (\S+)-[bcdfghkmt24-9]{10}\b", r"\1 \2", message)


def theirs(folder, policies):
    areas, roots = sort_out(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as scratch:
        rendered = []
        for number, root in enumerate(roots):
            path = os.path.join(scratch, f"rendered-{number}.yaml")
            tool = ["kubectl", "kustomize"] if shutil.which("kubectl") else ["kustomize", "build"]
            done = subprocess.run([*tool, os.path.join(folder, root)], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(f"{root} does not render: {done.stderr.strip()}")
            with open(path, "w", encoding="utf-8") as file:
                file.write(done.stdout)
            rendered.append(os.path.relpath(path, folder))
        texts, groovy = [], []
        for number, source in enumerate(areas["text"]):
            path = os.path.join(scratch, f"text-{number}.yaml")
            with open(os.path.join(folder, source), encoding="utf-8") as file:
                lines = file.read().splitlines()
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"text": {"path": source, "lines": lines}}, file, ensure_ascii=False)
            (groovy if is_groovy(source) else texts).append(os.path.relpath(path, folder))
        kubernetes = areas["kubernetes"] + rendered
        findings = conftest(folder, policies, "kubernetes", kubernetes)
        everything = kubernetes + areas["context"] + texts
        areas["ci"] += groovy
        for area in ("terraform", "dockerfile", "ci"):
            findings |= conftest(folder, policies, area, areas[area])
            everything += areas[area]
        return findings | conftest(folder, policies, "repo", everything, combine=True)


def ours(evaluate, folder, policies):
    command = [evaluate, folder, "--policies", policies, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"evaluate fails in {folder}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    return {(f["area"], f["level"], f["rule"], plain(f["message"])) for f in report["findings"]}, report


def compare(evaluate, folder, policies, name):
    mine, report = ours(evaluate, folder, policies)
    other = theirs(folder, policies)
    for problem in report["unread"]:
        print(f"  unread: {problem.get('place', {}).get('file')}: {problem['message']}")
    for finding in sorted(mine - other):
        print(f"  only goldpath: {' '.join(finding)}")
    for finding in sorted(other - mine):
        print(f"  only conftest: {' '.join(finding)}")
    same = mine == other
    print(f"{'ok' if same else 'DIFFERS'}  {name}: {len(mine & other)} findings agree")
    return same, mine


def broken(evaluate, folder, policies):
    """Puts each fault into a copy; says whether all were found alike."""
    fine = True
    before, _ = ours(evaluate, folder, policies)
    for pattern, search, replacement in FAULTS:
        with tempfile.TemporaryDirectory() as scratch:
            copy = os.path.join(scratch, "copy")
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".git", "build"))
            changed = 0
            for path in glob.glob(os.path.join(copy, pattern), recursive=True, include_hidden=True):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                after = re.sub(search, replacement, text)
                if after != text:
                    changed += 1
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(after)
            if not changed:
                continue
            same, found = compare(evaluate, copy, policies, f"{pattern}: {search} -> {replacement!r}")
            fine &= same
            if found == before:
                print("  DIFFERS: the fault is not found by either")
                fine = False
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="DIR")
    parser.add_argument("--break", action="store_true", dest="broken", help="put faults into copies of the directories")
    parser.add_argument("--policies", default=os.path.join(ROOT, "blueprints/policies"))
    parser.add_argument("--evaluate", help="the built example `evaluate`")
    arguments = parser.parse_args()
    evaluate = arguments.evaluate
    if not evaluate:
        subprocess.run(["cargo", "build", "--quiet", "--example", "evaluate"], cwd=ROOT, check=True)
        target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
        evaluate = os.path.join(target, "debug/examples/evaluate")
    policies = os.path.abspath(arguments.policies)
    fine = True
    for folder in map(os.path.abspath, arguments.folders):
        same, _ = compare(evaluate, folder, policies, folder)
        fine &= same
        if arguments.broken:
            fine &= broken(evaluate, folder, policies)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
