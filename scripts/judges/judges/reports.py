"""Judges of what goldpath itself prints for others: the formats of `check` and the page of `review`."""

import json
import pathlib
import re
import shutil

import content
import places
from engine import Judge
from judges.common import run, said

# A repository in which something of every kind is wrong: findings, files that can't be read, drift.
WRONG = {
    "deploy/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a<b>&\"c\"\ndata:\n  key: c2VjcmV0\n",
    "deploy/broken.yaml": "apiVersion: v1\nkind: [\n",
    "scripts/promote.sh": "#!/bin/sh\n",
    "ümläut and space/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: nginx}]}\n",
}
# What GitHub reads from a line of a log: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
COMMAND = re.compile(r"::(error|warning) file=[^,:%]*(%[0-9A-F]{2}[^,:%]*)*,line=[1-9]\d*,title=[^,:]+::[^\r\n]+")


def goldpath():
    return places.target() / "release" / "goldpath"


class Formats(Judge):
    name = "formats"
    about = "SARIF, JUnit, GitLab's and GitHub's formats of check and review, as their readers read them"
    tools = ("check-jsonschema", "sarif-schema")
    goldpath = True

    def items(self, case):
        # What is printed depends on goldpath alone, so one repository is enough.
        own = [name for name in case.all_files() if name.startswith("report.")]
        if own:
            return {name: case.digest(name) for name in own}
        return {"check": "one"} if "goldpath.lock" in case.all_files() else {}

    def judge(self, case, items, bench):
        if "check" not in items:
            return [finding for name in items for finding in self.reads(case, case.tree / name, None, bench)]
        findings = []
        with bench.scratch() as place:
            tree = pathlib.Path(place) / "repository"
            shutil.copytree(case.tree, tree, symlinks=True)
            for name, text in WRONG.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text, encoding="utf-8")
            for command in ("check", "review"):
                told = run(bench, [goldpath(), command, "--output", "json"], tree)
                report = json.loads(told.out)
                count = sum(len(report.get(key, [])) for key in ("findings", "unread", "exceptions", "drift"))
                for form in ("sarif", "junit", "gitlab", "github"):
                    result = run(bench, [goldpath(), command, "--output", form], tree)
                    file = pathlib.Path(place) / f"report.{form}"
                    file.write_text(result.out, encoding="utf-8")
                    findings += self.reads(case, file, count, bench)
        return findings

    def reads(self, case, file, count, bench):
        """Has the reader of a format read a report; `count` is how many entries it must find, where that is known."""
        form = file.name.rsplit(".", 1)[-1]
        problems, found = getattr(self, form)(case, file, bench)
        if not problems and None not in (count, found) and found != count:
            problems = [f"[{case.name}] {file.name}: {found} entries are read, {count} were found"]
        return problems

    @staticmethod
    def schema(case, file, schema, bench):
        argv = [bench.tools["check-jsonschema"], "--schemafile", schema, file]
        problems = said(case, run(bench, argv, case.tree))
        return problems, None if problems else json.loads(file.read_text(encoding="utf-8"))

    def sarif(self, case, file, bench):
        problems, log = self.schema(case, file, bench.tools["sarif-schema"], bench)
        return problems, 0 if problems else sum(len(each["results"]) for each in log["runs"])

    def gitlab(self, case, file, bench):
        problems, entries = self.schema(case, file, places.HERE / "gitlab-codequality.schema.json", bench)
        if not problems and len({entry["fingerprint"] for entry in entries}) != len(entries):
            problems = [f"[{case.name}] {file.name}: two entries have one fingerprint"]
        return problems, 0 if problems else len(entries)

    @staticmethod
    def junit(case, file, bench):
        script = (
            "import sys; from junitparser import JUnitXml, Failure\n"
            "suites = JUnitXml.fromfile(sys.argv[1])\n"
            "failed = [r for s in suites for c in s for r in c.result if isinstance(r, Failure)]\n"
            "assert all(r.message for r in failed)\n"
            "assert suites.failures == sum(any(isinstance(r, Failure) for r in c.result) for s in suites for c in s)\n"
            "warned = [l for s in suites for c in s for l in (c.system_out or '').splitlines() if l.startswith('warning: ')]\n"
            "print(len(failed) + len(warned))\n"
        )
        result = run(bench, [bench.tools.pythons["lint"], "-c", script, file], case.tree)
        problems = [f"[{case.name}] {file.name}: {line}" for line in result.lines()[-1:]] if not result.ok else []
        return problems, None if problems else int(result.lines()[-1])

    @staticmethod
    def github(case, file, bench):
        lines = file.read_text(encoding="utf-8").splitlines()
        problems = [f"[{case.name}] {file.name}: no command: {line}" for line in lines if not COMMAND.fullmatch(line)]
        return problems, len(lines)


class Page(Judge):
    name = "page"
    about = "the page of review, in a browser: light and dark, narrow and wide, without network, accessible"
    tools = ("chromium", "page")
    goldpath = True

    def items(self, case):
        own = [name for name in case.all_files() if name == "page.html"]
        if own:
            return {name: case.digest(name) for name in own}
        return {"review": "one"} if "goldpath.lock" in case.all_files() else {}

    def judge(self, case, items, bench):
        with bench.scratch() as place:
            page = pathlib.Path(place) / "page.html"
            if "page.html" in items:
                shutil.copy(case.tree / "page.html", page)
            else:
                tree = pathlib.Path(place) / "shop"
                for name, text in WRONG.items():
                    (tree / name).parent.mkdir(parents=True, exist_ok=True)
                    (tree / name).write_text(text, encoding="utf-8")
                result = run(bench, [goldpath(), "review", tree, "--output", "html"], place)
                page.write_text(result.out, encoding="utf-8")
            shots = bench.folder / "page"
            shots.mkdir(parents=True, exist_ok=True)
            argv = ["node", places.HERE / "page.mjs", bench.tools["page"], bench.tools["chromium"], page, shots]
            return said(case, run(bench, argv, place, limit=180))
