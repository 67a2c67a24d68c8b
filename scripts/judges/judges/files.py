"""Judges of single files: YAML, shell, Dockerfiles, pipelines, secrets."""

import pathlib
import re

import places
import yaml
from engine import Judge
from judges.common import run, said

SHELL = re.compile(rb"^#!.*\b(?:ba|da|k)?sh\b")


class Yamllint(Judge):
    name = "yamllint"
    about = "style of all YAML, with the repository's own .yamllint.yaml"
    tools = ("yamllint",)

    def items(self, case):
        return {name: case.digest(name, ".yamllint.yaml") for name in case.files("*.yaml", "*.yml")}

    def judge(self, case, items, bench):
        argv = [bench.tools["yamllint"], "--strict", "--format", "parsable", *items]
        return said(case, run(bench, argv, case.tree))


class Shellcheck(Judge):
    name = "shellcheck"
    about = "every shell script, all severities"
    tools = ("shellcheck",)
    whole_project = True

    def items(self, case):
        found = []
        for name in case.all_files():
            with open(case.tree / name, "rb") as file:
                if name.endswith((".sh", ".bash")) or SHELL.match(file.read(120)):
                    found.append(name)
        return {name: case.digest(name, ".shellcheckrc") for name in found if not name.endswith(".jinja")}

    def judge(self, case, items, bench):
        argv = [bench.tools["shellcheck"], "--external-sources", "--format=gcc", *items]
        return said(case, run(bench, argv, case.tree))


class Hadolint(Judge):
    name = "hadolint"
    about = "Dockerfiles"
    tools = ("hadolint",)

    def items(self, case):
        names = case.files("Dockerfile", "*/Dockerfile", "*.Dockerfile", "*Dockerfile.*")
        return {name: case.digest(name, ".hadolint.yaml") for name in names}

    def judge(self, case, items, bench):
        return said(case, run(bench, [bench.tools["hadolint"], "--no-color", *items], case.tree))


def _actions(case):
    return case.files(".github/workflows/*", ".github/actions/*")


class Actionlint(Judge):
    name = "actionlint"
    about = "GitHub workflows: syntax, expressions and the shell in them"
    tools = ("actionlint", "shellcheck")

    def items(self, case):
        names = _actions(case)
        return {".github": case.digest(*names, ".github/actionlint.yaml")} if names else {}

    def judge(self, case, items, bench):
        workflows = case.files(".github/workflows/*.y*ml")
        argv = [bench.tools["actionlint"], "-no-color", "-oneline", "-shellcheck", bench.tools["shellcheck"]]
        return said(case, run(bench, [*argv, "-pyflakes=", *workflows], case.tree))


class Zizmor(Judge):
    name = "zizmor"
    about = "security of GitHub workflows, as an auditor"
    tools = ("zizmor",)

    def items(self, case):
        names = _actions(case) + case.files(".github/dependabot.yml")
        return {".github": case.digest(*names, ".github/zizmor.yml", "zizmor.yml")} if names else {}

    def judge(self, case, items, bench):
        argv = [bench.tools["zizmor"], "--offline", "--persona=auditor", "--no-progress", "--color=never"]
        result = run(bench, [*argv, "--format=plain", "--strict-collection", "."], case.tree)
        findings, title = [], None
        for line in result.out.splitlines():
            if match := re.match(r"(?:error|warning|help|info|note)(?:\[.+?\])?: (.*)", line):
                title = match.group(0)
            elif title and (match := re.match(r"\s*--> (.*)", line)):
                findings.append(f"[{case.name}] {match.group(1)}: {title}")
                title = None
        return findings or said(case, result)


class CheckJsonschema(Judge):
    name = "check-jsonschema"
    about = "GitHub, GitLab, Azure and Renovate files against their schemas"
    tools = ("check-jsonschema",)
    schemas = (
        ("github-workflows", (), (".github/workflows/*.yaml", ".github/workflows/*.yml")),
        ("github-actions", (), (".github/actions/*/action.yml", ".github/actions/*/action.yaml")),
        ("dependabot", (), (".github/dependabot.yml",)),
        ("renovate", (), ("renovate.json",)),
        ("gitlab-ci", ("--data-transform", "gitlab-ci"), (".gitlab-ci.yml", ".gitlab/ci/*.yml")),
        # Its patterns are no regular expressions of the Unicode kind.
        (
            "azure-pipelines",
            ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
            ("azure-pipelines.yml", ".azuredevops/*.yml"),
        ),
    )

    def items(self, case):
        return {name: case.digest(name) for _, _, patterns in self.schemas for name in case.files(*patterns)}

    def judge(self, case, items, bench):
        findings = []
        for schema, options, patterns in self.schemas:
            names = [name for name in case.files(*patterns) if name in items]
            if names:
                argv = [bench.tools["check-jsonschema"], "--builtin-schema", f"vendor.{schema}", *options]
                with bench.scratch() as place:
                    folder = case.tree
                    if schema == "azure-pipelines":
                        case.stage(names, place)
                        folder = _as_azure_reads(pathlib.Path(place), names)
                    result = run(bench, [*argv, *names], folder)
                findings += said(case, result, lambda line: "::" in line or "$." in line or "Error" in line)
        return findings


def _as_azure_reads(place, names):
    """Azure Pipelines takes every value for text, and its schema says so: `20` is "20" there, and `true` is "true"."""
    for name in names:
        document = yaml.load((place / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        (place / name).write_text(yaml.dump(_mended(document), default_style='"'), encoding="utf-8")
    return place


# The schema knows Microsoft's own tasks. This one is AWS's: the inputs are those of its task.json.
AWS_SHELL_SCRIPT = {"arguments", "awsCredentials", "disableAutoCwd", "failOnStandardError", "filePath", "inlineScript", "regionName"}
AWS_SHELL_SCRIPT |= {"scriptType", "workingDirectory"}


def _mended(value):
    """The inputs of tasks as the schema has them, and AWSShellScript@1 as a task that it knows, if its inputs are right."""
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if not isinstance(value, dict):
        return value
    mended = {key: _mended(item) for key, item in value.items()}
    inputs = value.get("inputs", {})
    if value.get("task") == "AWSShellScript@1" and set(inputs) <= AWS_SHELL_SCRIPT and inputs.get("scriptType") == "inline":
        mended.update(task="Bash@3", inputs={"targetType": "inline", "script": inputs["inlineScript"]})
    elif "task" in value:
        # Only for inputs of tasks the schema has booleans.
        mended["inputs"] = {key: {"true": True, "false": False}.get(item, item) for key, item in inputs.items()}
    return mended


class Jenkinsfile(Judge):
    name = "jenkinsfile"
    about = "Jenkinsfiles: Groovy's own parser, and what a declarative pipeline may hold (our own)"
    tools = ("groovy",)
    together = True

    def items(self, case):
        return {name: case.digest(name) for name in case.files("Jenkinsfile", "*.jenkinsfile", "jenkins/*.groovy")}

    def judge_all(self, work, bench):
        places_of = {str(case.tree / name): f"[{case.name}] {name}" for case, items in work for name in items}
        jars = bench.tools["groovy"] / "node_modules/npm-groovy-lint/lib/java/groovy/lib/*"
        # It starts once and ends soon: to compile it well would take longer than it runs.
        argv = ["java", "-XX:TieredStopAtLevel=1", "-cp", jars, "groovy.ui.GroovyMain", places.HERE / "jenkinsfile.groovy"]
        result = run(bench, [*argv, *places_of], places.HERE)
        findings = []
        for line in result.lines():
            path = next((path for path in places_of if line.startswith(f"{path}:")), None)
            findings.append(places_of[path] + line[len(path) :] if path else f"[goldpath] {line}")
        return findings if findings or result.ok else [f"[goldpath] groovy: exit {result.code} without a word"]


class Gitleaks(Judge):
    name = "gitleaks"
    about = "secrets in any file"
    tools = ("gitleaks",)
    whole_project = True

    def items(self, case):
        return {name: case.digest(name, ".gitleaks.toml") for name in case.all_files()}

    def judge(self, case, items, bench):
        with bench.scratch() as place:
            case.stage([*items, *case.files(".gitleaks.toml")], place)
            argv = [bench.tools["gitleaks"], "dir", ".", "--no-banner", "--no-color", "--redact", "--verbose"]
            result = run(bench, argv, place)
        fields = dict.fromkeys(("RuleID", "File", "Line"))
        findings = []
        for line in result.lines():
            key, _, value = line.partition(":")
            if key in fields:
                fields[key] = value.strip()
            if key == "Line":
                findings.append(f"[{case.name}] {fields['File']}:{fields['Line']}: {fields['RuleID']}")
        return findings or said(case, result)
