"""Judges of the Rego guardrails, and the repository's own target that uses them."""

import json
import re

import content
import places
from engine import Judge
from judges.common import run, said

LIBRARIES = ("policy/rego", "blueprints/policies")

# The files that `goldpath explain` shows; opa would load them as data.
EXAMPLES = ("--ignore", "examples")


def libraries(case):
    """The folders of guardrails; what is emitted is a copy of goldpath's own, and judged as one with it."""
    found = {}
    for folder in LIBRARIES:
        names = [name for name in case.files(f"{folder}/*") if not name.startswith(f"{folder}/examples/")]
        if any(name.endswith(".rego") for name in names):
            found[folder] = content.of(*(part for name in names for part in (name[len(folder) :], case.digest_of(name))))
    return found


class Opa(Judge):
    name = "opa"
    about = "Rego: format, strict check and its unit tests"
    tools = ("opa",)
    whole_project = True

    def items(self, case):
        return libraries(case)

    def judge(self, case, items, bench):
        findings = []
        for folder in items:
            opa = bench.tools["opa"]
            result = run(bench, [opa, "fmt", "--list", folder], case.tree)
            findings += [f"[{case.name}] {line}: not in opa fmt's format" for line in result.lines()]
            findings += said(case, run(bench, [opa, "check", "--strict", *EXAMPLES, folder], case.tree))
            result = run(bench, [opa, "test", folder, "--verbose", "--timeout", "60s", *EXAMPLES], case.tree)
            findings += said(case, result, lambda line: ": FAIL" in line or "ERROR" in line or "error" in line)
            if result.ok and not re.search(r"^PASS: [1-9]", result.out, re.MULTILINE):
                findings.append(f"[{case.name}] {folder}: no Rego test ran")
        return findings


class Coverage(Judge):
    name = "coverage"
    about = "Rego: every line of the guardrails is run by one of their tests"
    tools = ("opa",)
    whole_project = True

    def items(self, case):
        return libraries(case)

    def judge(self, case, items, bench):
        findings = []
        for folder in items:
            # What is measured runs slower than opa's limit for one test allows on a busy machine.
            argv = [bench.tools["opa"], "test", folder, "--coverage", "--format", "json", "--timeout", "60s", *EXAMPLES]
            result = run(bench, argv, case.tree)
            try:
                files = json.loads(result.out)["files"]
            except (ValueError, KeyError, TypeError):
                told = result.lines()[-3:] or ["no output"]
                findings += [f"[{case.name}] {folder}: coverage was not measured: {line}" for line in told]
                continue
            for name, measured in sorted(files.items()):
                for part in measured.get("not_covered", ()):
                    first, last = part["start"]["row"], part["end"]["row"]
                    lines = f"line {first} is" if first == last else f"lines {first} to {last} are"
                    findings.append(f"[{case.name}] {name}:{first}: {lines} run by no test")
        return findings


class Conftest(Judge):
    name = "conftest"
    about = "Rego: conftest verify runs the library's tests in its own engine"
    tools = ("conftest",)
    whole_project = True

    def items(self, case):
        return libraries(case)

    def judge(self, case, items, bench):
        findings = []
        for folder in items:
            argv = [bench.tools["conftest"], "verify", "--no-color", "--policy", folder]
            # conftest gives each test five seconds and has no option for more: on a busy machine that is no verdict.
            for _ in range(5):
                result = run(bench, argv, case.tree)
                if "context deadline exceeded" not in result.out:
                    break
            findings += said(case, result, lambda line: "FAIL" in line or "rror" in line)
            if result.ok and not re.search(r"\b[1-9]\d* passed", result.out):
                findings.append(f"[{case.name}] {folder}: conftest verify ran no test")
        return findings


class Policy(Judge):
    name = "policy"
    about = "make policy, as the emitted repository itself runs it after a release"
    tools = ("conftest", "opa", "kubectl", "helm")
    weight = 4
    wanted = ("policy",)

    def items(self, case):
        if "Makefile" not in case.all_files():
            return {}
        names = [name for name in case.all_files() if not name.startswith(("docs/", "src/", "internal/", "cmd/"))]
        manifests = "".join(content.of_file(path) for path in case.manifests().values())
        return {target: content.of(target, case.digest(*names), manifests) for target in self.wanted}

    def judge(self, case, items, bench):
        findings = []
        for target in items:
            argv = ["make", "--no-print-directory", target]
            result = run(bench, argv, case.released or case.tree)
            findings += [line.replace("] ", f"] make {target}: ", 1) for line in said(case, result)]
        return findings


class Check(Judge):
    name = "check"
    about = "make check, as the pipeline runs it: goldpath itself, with the report that its CI shows"
    goldpath = True
    weight = 2

    def items(self, case):
        ci = {"github-actions": "sarif", "gitlab-ci": "gitlab"}.get(case.answers.get("ci"))
        if not ci or "goldpath.lock" not in case.all_files():
            return {}
        return {ci: content.of(ci, case.digest(*case.all_files()))}

    def judge(self, case, items, bench):
        findings = []
        tree = case.released or case.tree
        for report in items:
            goldpath = places.target() / "release" / "goldpath"
            argv = ["make", "--no-print-directory", "check", f"REPORT={report}", f"GOLDPATH={goldpath}"]
            result = run(bench, argv, tree)
            findings += [line.replace("] ", "] make check: ", 1) for line in said(case, result)]
            written = tree / "build" / f"check.{report}"
            try:
                json.loads(written.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                findings.append(f"[{case.name}] make check: build/check.{report} can't be shown: {error}")
        return findings
