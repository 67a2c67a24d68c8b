"""Compares goldpath's in-process guardrails with conftest: the same files, the same policies, the same findings.

    python3 -B scripts/judges/parity.py DIR...            each directory as it is
    python3 -B scripts/judges/parity.py --break DIR...    emitted repositories, each with one fault after the other in it

The judge `parity` does this for what is emitted and for tests/fixtures/foreign; by hand it serves to look at any repository.
It needs conftest, kubectl and helm on PATH then. What Kustomize sources and charts render comes from kubectl and helm on
conftest's side and from goldpath's own rendering on the other, and which file goes to which package is decided by a table of its own, so these are
compared too. Exit code 1: something differs.
"""

import argparse
import collections
import contextlib
import dataclasses
import glob
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import places
import shell

LEFT_OUT = {".git", ".terraform", "node_modules", "vendor"}
AREAS = ("kubernetes", "terraform", "dockerfile", "ci")
COMBINED = "repo"


@dataclasses.dataclass(frozen=True)
class Fault:
    """Which files, what to look for in them, and what to put in its place."""

    files: str
    search: str
    replacement: str

    @property
    def name(self):
        return f"{self.files}: {self.search} -> {self.replacement!r}"

    @property
    def areas(self):
        """The packages whose input changes."""
        if self.files.startswith("deploy/"):
            return ("kubernetes", COMBINED)
        if self.files.startswith("infra/"):
            return ("terraform", COMBINED)
        if self.files == "Dockerfile":
            return ("dockerfile", COMBINED)
        return ("ci", COMBINED) if self.files.startswith((".github/workflows", ".gitlab")) else (COMBINED,)

    def change(self, folder):
        """Puts the fault into every file that it fits; yields each file's path and its text with the fault."""
        for path in glob.glob(os.path.join(folder, self.files), recursive=True, include_hidden=True):
            if os.path.isfile(path):
                text = pathlib.Path(path).read_text(encoding="utf-8")
                after = re.sub(self.search, self.replacement, text)
                if after != text:
                    yield path, after


# Each has to be found, by both sides alike.
FAULTS = tuple(
    Fault(*fault)
    for fault in (
        ("deploy/kustomize/base/deployment.yaml", r"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        ("deploy/kustomize/base/deployment.yaml", r"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        ("deploy/kustomize/base/deployment.yaml", r"runAsUser: 65532", "runAsUser: 0"),
        (
            "deploy/kustomize/base/deployment.yaml",
            r"automountServiceAccountToken: false",
            "automountServiceAccountToken: true",
        ),
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
        ("deploy/kustomize/base/statefulset.yaml", r"serviceName: .*", "serviceName: nobody"),
        ("deploy/helm/*/templates/deployment.yaml", r"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        ("deploy/helm/*/templates/deployment.yaml", r"(?m)^( +)volumes:$", r"\1hostNetwork: true\n\1volumes:"),
        ("deploy/helm/*/templates/_helpers.tpl", r"team: .*\n", ""),
        ("deploy/helm/*/templates/networkpolicy.yaml", r"    - Egress\n", ""),
        ("deploy/helm/*/templates/service.yaml", r"type: ClusterIP", "type: NodePort"),
        ("deploy/helm/*/values.yaml", r"minReplicas: \d+", "minReplicas: 1"),
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
        (
            "infra/modules/foundation/ci.tf",
            r'(?s)test     = "StringEquals"(\s+variable = "\S+:sub")',
            r'test     = "StringLike"\1',
        ),
        ("observability/rules/*.yaml", r"severity: \w+", "urgency: x"),
        ("observability/rules/*.yaml", r"runbook_url: .*", "runbook_url: https://example.com/runbooks/none.md#x"),
        ("observability/slo.yaml", r"ErrorBudgetBurn", "BudgetGone"),
        ("**/CODEOWNERS", r"(?m)^/.*$", ""),
    )
)


class Broken(Exception):
    """A program fails where it must not."""


def files(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            relative = os.path.relpath(os.path.join(path, name), folder)
            if not relative.startswith("build" + os.sep):
                yield relative


def is_pipeline(path):
    return bool(
        re.match(r"\.github/workflows/.+\.ya?ml$", path)
        or re.search(r"\.gitlab-ci\.ya?ml$|(^|/)(\.gitlab/ci|\.gitlab-ci)/.*\.ya?ml$", path)
        or re.search(r"(^|/)azure-pipelines[^/]*\.ya?ml$|(^|/)\.(azuredevops|azure-pipelines)/.*\.ya?ml$", path)
        or re.search(r"(^|/)action\.ya?ml$", path)
    )


def taken_in(folder):
    """The files that pipelines of GitLab and Azure include, each by its name and without patterns."""
    found = set()
    todo = [path for path in files(folder) if is_pipeline(path) and not path.startswith(".github/")]
    while todo:
        path = todo.pop()
        text = pathlib.Path(folder, path).read_text(encoding="utf-8", errors="replace")
        names = re.findall(r"(?m)^\s*(?:- )?(?:local|include): [\"']?/?([\w./-]+\.ya?ml)[\"']?$", text)
        for name in re.findall(r"(?m)^\s*(?:- )?template: [\"']?([\w./-]+\.ya?ml)(?:@self)?[\"']?$", text):
            names.append(name.lstrip("/") if name.startswith("/") else os.path.join(os.path.dirname(path), name))
        for name in map(os.path.normpath, names):
            if name not in found and not is_pipeline(name) and os.path.isfile(os.path.join(folder, name)):
                found.add(name)
                todo.append(name)
    return found


def is_groovy(path):
    return bool(
        re.search(r"(?i)(^|/)(jenkinsfile|jenkinsfile[._-][^/]*|[^/]*\.jenkinsfile)$", path)
        or re.search(r"(^|/)(jenkins/.*|vars/[^/]+)\.groovy$", path)
    )


def is_text(path):
    """What the combined package reads line by line: owners, runbooks, and what pipelines call."""
    called = r"(^|/)(CODEOWNERS|Makefile|makefile|GNUmakefile|[^/]+\.mk)$|runbooks/.*\.md$|(^|/)scripts/.*\.sh$"
    return bool(re.search(called, path))


def is_dockerfile(name):
    return bool(re.match(r"(?i)(docker|container)file(?!.*\.dockerignore$)(\.|$)|.*\.(docker|container)file$", name))


def sort_out(folder):
    """Which files go to which package: the table of src/guardrail/route.rs, written a second time on purpose."""
    areas = collections.defaultdict(list)
    roots, claimed = kustomizations(folder)
    claimed |= {path for chart in charts(folder) for path in files(folder) if path.startswith(f"{chart}/templates/")}
    included = taken_in(folder)
    for path in files(folder):
        name = os.path.basename(path)
        if path in claimed or os.path.islink(os.path.join(folder, path)):
            continue
        if is_pipeline(path) or path in included:
            areas["ci"].append(path)
        elif is_groovy(path):
            areas["groovy"].append(path)
        elif is_text(path):
            areas["text"].append(path)
        elif name == ".terraform.lock.hcl":
            areas["context"].append(path)
        elif name.endswith((".tf", ".tf.json", ".tfvars")):
            areas["terraform"].append(path)
        elif is_dockerfile(name):
            areas["dockerfile"].append(path)
        elif name.lower().endswith((".yaml", ".yml", ".json")):
            data = pathlib.Path(folder, path).read_bytes()
            if re.search(rb"(?m)^(- |[\s{\"]*)?apiVersion\"?:", data) and re.search(rb"(?m)^[\s{\"]*kind\"?:", data):
                areas["kubernetes"].append(path)
            elif re.search(rb"(?m)^(groups|slos):", data):
                areas["context"].append(path)
    return areas, roots


def charts(folder):
    """The folders of charts, and for each the sets of values that it is rendered with."""
    found = {}
    for path in files(folder):
        if os.path.basename(path) == "Chart.yaml":
            place = os.path.dirname(path)
            values = sorted(glob.glob(os.path.join(folder, place, "values-*.yaml")))
            sets = []
            for file in values:
                same = os.path.basename(file).removeprefix("values-")
                others = sorted(glob.glob(os.path.join(folder, place, "*", same)))
                sets.append([file, *(other for other in others if f"/templates/{same}" not in other)])
            found[place] = sets or [[]]
    return found


KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def kustomizations(folder):
    """The folders of Kustomize roots, and the files that kustomizations use."""
    found = {os.path.dirname(path): path for path in files(folder) if os.path.basename(path) in KUSTOMIZATIONS}
    used, claimed, components = set(), set(), set()
    for place, path in found.items():
        claimed.add(path)
        text = pathlib.Path(folder, path).read_text(encoding="utf-8", errors="replace")
        if re.search(r"(?m)^kind: Component", text):
            components.add(place)
        for entry in re.findall(r"(?m)^\s*(?:- |(?:- )?path: )(?:\S+=)?([\w./{}-]+)\s*$", text):
            target = os.path.normpath(os.path.join(place, entry))
            (used if target in found else claimed).add(target)
    return {place: path for place, path in sorted(found.items()) if place not in used | components}, claimed


def plain(message):
    """Without the hash that Kustomize puts behind the names of generated objects."""
    return re.sub(r"(ConfigMap|Secret) (\S+)-[bcdfghkmt24-9]{10}\b", r"\1 \2", message)


# What both sides say: findings are (package, file or "rendered" or "", level, rule, message); the files that can't be read.
Said = collections.namedtuple("Said", "findings unread")


class Conftest:
    """The other side: conftest and kubectl, as a pipeline uses them."""

    def __init__(self, conftest="conftest", kubectl="kubectl", helm="helm", env=None):
        self.conftest = str(conftest)
        self.kubectl = str(kubectl)
        self.helm = str(helm)
        self.env = env

    def _run(self, argv, folder):
        done = shell.run(argv, cwd=folder, env=self.env, limit=300, apart=True)
        return done.ok, done.out, done.err.strip() or done.out.strip()

    def _test(self, folder, policies, area, paths, combine=False):
        """The results, and the paths that conftest can't read: one of these and it says nothing about the others."""
        if not paths:
            return [], set()
        # Where a repository has only some of the packages, the others have nothing to say.
        if not (pathlib.Path(policies) / area).is_dir():
            return [], set()
        argv = [self.conftest, "test", "--policy", f"{policies}/{area}", "--namespace", area, "--no-fail"]
        # conftest knows a Dockerfile by fewer names than goldpath.
        argv += ["--parser", "dockerfile"] if area == "dockerfile" else []
        argv += ["--output", "json", *(["--combine"] if combine else []), *paths]
        fine, out, told = self._run(argv, folder)
        if fine:
            return json.loads(out), set()
        if combine:
            raise Broken(f"conftest fails on all of {folder}: {told}")
        if len(paths) == 1:
            if "parse" not in told and "unmarshal" not in told:
                raise Broken(f"conftest fails on {folder}/{paths[0]}: {told}")
            return [], {paths[0]}
        half = len(paths) // 2
        left, bad = self._test(folder, policies, area, paths[:half])
        right, more = self._test(folder, policies, area, paths[half:])
        return left + right, bad | more

    def say(self, folder, policies, only=None):
        areas, roots = sort_out(folder)
        wanted = set(only or (*AREAS, COMBINED))
        unread = set()
        # Nothing under build is looked at, and a rule that compares files knows by it what is rendered.
        build = os.path.join(folder, "build")
        os.makedirs(build, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=build) as scratch:
            names = {}
            if wanted & {"kubernetes", COMBINED}:
                jobs = [(path, [self.kubectl, "kustomize", os.path.join(folder, place)]) for place, path in roots.items()]
                for place, sets in charts(folder).items():
                    for values in sets:
                        path = os.path.relpath(values[0], folder) if values else f"{place}/Chart.yaml"
                        argv = [self.helm, "template", os.path.basename(place), os.path.join(folder, place), "--skip-tests"]
                        jobs.append((path, [*argv, *(part for file in values for part in ("--values", file))]))
                for number, (path, argv) in enumerate(jobs):
                    fine, out, told = self._run(argv, folder)
                    if not fine:
                        print(f"  {path}: it can't be rendered: {told.splitlines()[-1]}", file=sys.stderr)
                        unread.add(path)
                        continue
                    target = os.path.join(scratch, f"rendered-{number}.yaml")
                    pathlib.Path(target).write_text(out, encoding="utf-8")
                    names[os.path.relpath(target, folder)] = "rendered"
            areas["kubernetes"] += list(names)
            for number, path in enumerate(areas["groovy"]):
                names[self._text(folder, scratch, f"groovy-{number}", path)] = path
            areas["ci"] += [name for name, path in names.items() if path != "rendered"]
            findings = set()
            everything = []
            for area in AREAS:
                readable = areas[area]
                if area in wanted:
                    results, bad = self._test(folder, policies, area, areas[area])
                    unread |= bad
                    readable = [path for path in areas[area] if path not in bad]
                    for result in results:
                        findings |= found(area, names.get(result["filename"], result["filename"]), result)
                everything += [path for path in readable if "containerfile" not in path.lower()]
            if COMBINED in wanted:
                texts = [self._text(folder, scratch, f"text-{number}", path) for number, path in enumerate(areas["text"])]
                for path in areas["context"]:
                    _, bad = self._test(folder, policies, COMBINED, [path])
                    unread |= bad
                    everything += [] if bad else [path]
                results, _ = self._test(folder, policies, COMBINED, everything + texts, combine=True)
                for result in results:
                    findings |= found(COMBINED, "", result)
        return Said(findings, unread)

    @staticmethod
    def _text(folder, scratch, number, source):
        path = os.path.join(scratch, f"{number}.yaml")
        lines = pathlib.Path(folder, source).read_text(encoding="utf-8").splitlines()
        text = json.dumps({"text": {"path": source, "lines": lines}}, ensure_ascii=False)
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return os.path.relpath(path, folder)


def found(area, where, result):
    levels = (("deny", "failures"), ("warn", "warnings"))
    return {
        (area, where, level, finding["metadata"].get("rule", "unnamed"), plain(finding["msg"]))
        for level, key in levels
        for finding in result.get(key) or []
    }


class Goldpath:
    """Our side: the example `evaluate`, which is the library and nothing else."""

    def __init__(self, evaluate):
        self.evaluate = str(evaluate)

    def say(self, folder, policies):
        argv = [self.evaluate, folder, "--policies", policies, "--output", "json"]
        done = shell.run(argv, limit=300, apart=True)
        if done.code not in (0, 3):
            raise Broken(f"goldpath fails in {folder}: {done.err.strip()}")
        report = json.loads(done.out)
        findings = {self._finding(finding) for finding in report["findings"]}
        return Said(findings, {problem.get("place", {}).get("file") for problem in report["unread"]}), report

    @staticmethod
    def _finding(finding):
        rendered = finding.get("rendered_by") or os.path.basename(finding["path"]) in KUSTOMIZATIONS
        where = "" if finding["area"] == COMBINED else "rendered" if rendered else finding["path"]
        return (finding["area"], where, finding["level"], finding["rule"], plain(finding["message"]))


def differences(mine, other, only=None):
    """What one side says and the other doesn't, as lines."""
    told = []
    for name, left, right in (("goldpath", mine, other), ("conftest", other, mine)):
        lone = (entry for entry in left.findings - right.findings if only is None or entry[0] in only)
        told += [f"only {name}: {' '.join(part for part in entry if part)}" for entry in sorted(lone)]
        told += [f"only {name} can't read {path}" for path in sorted(map(str, left.unread - right.unread))]
    return told


@contextlib.contextmanager
def copy_of(folder):
    with tempfile.TemporaryDirectory(prefix="goldpath-parity-") as scratch:
        copy = os.path.join(scratch, "copy")
        shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "build"))
        yield copy


def compare(goldpath, conftest, folder, policies):
    """Differences in a folder as it is, and how many findings agree."""
    with copy_of(folder) as copy:
        mine, report = goldpath.say(copy, policies)
        other = conftest.say(copy, policies)
    return differences(mine, other), len(mine.findings & other.findings), report


def compare_broken(goldpath, conftest, folder, policies, fault):
    """Differences with a fault put in, or that neither side finds it; None where it fits nowhere."""
    with copy_of(folder) as copy:
        before, _ = goldpath.say(copy, policies)
        changes = list(fault.change(copy))
        if not changes:
            return None
        for path, text in changes:
            pathlib.Path(path).write_text(text, encoding="utf-8")
        mine, _ = goldpath.say(copy, policies)
        other = conftest.say(copy, policies, fault.areas)
    told = differences(mine, Said(other.findings, mine.unread), fault.areas)
    strays = {entry for entry in before.findings ^ mine.findings if entry[0] not in fault.areas}
    told += [f"changes what another package says: {' '.join(entry)}" for entry in sorted(strays)]
    return told or ([] if mine.findings != before.findings else ["the fault is found by neither side"])


def build():
    """The example `evaluate`, as `cargo test` builds it too: with checks for overflow, and not linked a second time."""
    argv = ["cargo", "build", "--quiet", "--locked", "--example", "evaluate"]
    done = shell.run(argv, cwd=places.ROOT, limit=2400)
    if not done.ok:
        raise Broken(f"the example `evaluate` can't be built:\n{done.out[-2000:]}")
    return places.target() / "debug" / "examples" / "evaluate"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="DIR")
    parser.add_argument("--break", action="store_true", dest="broken", help="put faults into copies of the directories")
    parser.add_argument("--policies", default=places.ROOT / "blueprints/policies")
    parser.add_argument("--evaluate", help="the example `evaluate`, where it is built already")
    arguments = parser.parse_args()
    goldpath, conftest = Goldpath(arguments.evaluate or build()), Conftest()
    policies = os.path.abspath(arguments.policies)
    fine = True
    for folder in map(os.path.abspath, arguments.folders):
        told, agreed, report = compare(goldpath, conftest, folder, policies)
        counted = report["evaluated"]
        print(f"{folder}: {counted['files']} files, {counted['documents']} documents, {agreed} findings agree")
        for fault in FAULTS if arguments.broken else ():
            lines = compare_broken(goldpath, conftest, folder, policies, fault)
            told += [f"{fault.name}: {line}" for line in lines or ()]
        for line in told:
            print(f"  {line}")
        fine &= not told
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
