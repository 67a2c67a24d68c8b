"""Judges of Terraform."""

import os
import pathlib
import re

import content
from engine import Judge
from judges.common import run, said


# A test plans the folder that it is for, and so validates it: errors and warnings come out of `terraform test` as they do
# out of `terraform validate`, which loads the provider's schemas once more for that. Not where a run is of another module.
OTHER_MODULE = re.compile(r"^\s*module\s*\{", re.MULTILINE)


def folders(case):
    """The folders that hold Terraform code."""
    return sorted({os.path.dirname(name) for name in case.files("*.tf")})


def modules_code(case):
    """What other folders see of the modules: neither their own tests nor what they say about themselves."""
    return [name for name in case.files("infra/modules/*") if "/tests/" not in name and not name.endswith(".md")]


class Format(Judge):
    name = "terraform-fmt"
    about = "terraform fmt"

    def items(self, case):
        return {name: case.digest(name) for name in case.files("*.tf", "*.tfvars", "*.tftest.hcl")}

    def judge(self, case, items, bench):
        result = run(bench, ["terraform", "fmt", "-check", "-no-color", *items], case.tree)
        findings = [f"[{case.name}] {line}: not in terraform fmt's format" for line in result.lines()]
        return findings if not result.ok else []


class ValidateAndTest(Judge):
    name = "terraform"
    about = "terraform init and test in every folder; a test validates what it plans"
    weight = 10

    def items(self, case):
        modules = case.digest(*modules_code(case))
        # Environments that differ in nothing but their name are judged once: the one with the longest name.
        ordered = sorted(folders(case), key=lambda folder: (-len(folder), folder))
        return {folder: content.of(modules, self._nameless(case, folder)) for folder in ordered}

    def _nameless(self, case, folder):
        parent, _, name = folder.rpartition("/")
        files = [file for file in case.files(f"{folder}/*") if not file.endswith(".md")]
        if parent != "infra/environments":
            return content.of(folder, case.digest(*files))
        word = re.compile(rf"\b{re.escape(name)}\b")
        parts = [(file.removeprefix(folder), word.sub("…", case.text(file))) for file in files]
        return content.of(parent, *(part for pair in parts for part in pair))

    def judge(self, case, items, bench):
        findings = []
        with bench.scratch() as place:
            # The lock file names the registry's own builds, a mirror may have others.
            case.stage([name for name in case.files("infra/*") if not name.endswith(".terraform.lock.hcl")], place)
            for folder in items:
                findings += self._one(case, folder, pathlib.Path(place) / folder, bench)
        return findings

    def _one(self, case, folder, place, bench):
        tests = [*place.glob("*.tftest.hcl"), *place.glob("tests/*.tftest.hcl")]
        if not tests:
            return [f"[{case.name}] {folder}: no *.tftest.hcl"]
        steps = [["init", "-backend=false", "-input=false", "-no-color"], ["test", "-no-color"]]
        if any(OTHER_MODULE.search(path.read_text(encoding="utf-8")) for path in tests):
            steps.insert(1, ["validate", "-no-color"])
        for step in steps:
            result = run(bench, ["terraform", *step], place, limit=300)
            bad = [] if result.ok else [" / ".join(result.lines()[-40:])]
            if result.ok and step[0] != "init" and "Warning:" in result.out:
                bad = [line for line in result.lines() if "Warning:" in line]
            if result.ok and step[0] == "test" and not re.search(r"^Success! [1-9]", result.out, re.MULTILINE):
                bad = [f"ran no test: {line}" for line in result.lines()[-1:]]
            if bad:
                return [f"[{case.name}] {folder}: terraform {step[0]}: {line}" for line in bad]
        return []


class Tflint(Judge):
    name = "tflint"
    about = "Terraform's ruleset, with the repository's own .tflint.hcl"
    tools = ("tflint",)
    weight = 3

    def items(self, case):
        settings = case.digest(".tflint.hcl", *modules_code(case))
        own = {folder: [name for name in case.files(f"{folder}/*") if not name.endswith(".md")] for folder in folders(case)}
        return {folder: content.of(folder, settings, case.digest(*names)) for folder, names in own.items()}

    def judge(self, case, items, bench):
        findings = []
        config = case.tree / ".tflint.hcl"
        for folder in items:
            argv = [bench.tools["tflint"], f"--chdir={folder}", "--format=compact", "--no-color"]
            if config.exists():
                argv.append(f"--config={config}")
            bad = said(case, run(bench, argv, case.tree), lambda line: ": " in line)
            findings += [line.replace("] ", f"] {folder}/", 1) for line in bad]
        return findings
