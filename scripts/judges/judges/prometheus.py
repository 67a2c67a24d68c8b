"""The judge of alerting rules and their tests."""

import re

import content
from engine import Judge
from judges.common import run, said


class Promtool(Judge):
    name = "promtool"
    about = "alerting and recording rules: lint, and their unit tests"
    tools = ("promtool",)
    weight = 6

    def items(self, case):
        names = case.files("observability/rules/*", "observability/tests/*")
        if not names:
            return {}
        found = {"observability": case.digest(*names)}
        for name in case.files("observability/tests/*.y*ml"):
            # Tests that differ from others in nothing but names say the same; they take half a minute each.
            used = [name, *case.files("observability/rules/*")]
            found[name] = content.of(*(part for file in used for part in (file, self._nameless(case, case.text(file)))))
        return found

    @staticmethod
    def _nameless(case, text):
        """A text without the names of service and environments, in whatever form they stand in it."""
        for name in [case.answers.get("name"), *(case.answers.get("environments") or [])]:
            # What YAML takes for something else than text is left in, and so judged.
            if isinstance(name, str) and len(name) > 3 and name not in ("true", "false", "null"):
                camel = "".join(part.capitalize() for part in name.split("-"))
                for form in (name, name.replace("-", "_"), camel, camel.lower()):
                    text = re.sub(rf"\b{re.escape(form)}", "…", text)
        return text

    def judge(self, case, items, bench):
        promtool = bench.tools["promtool"]
        findings = []
        if "observability" in items:
            findings += self._rules(case, promtool, bench)
        for name in items:
            if name != "observability":
                findings += said(case, run(bench, [promtool, "test", "rules", name], case.tree))
        return findings

    @staticmethod
    def _rules(case, promtool, bench):
        rules = case.files("observability/rules/*.y*ml")
        tests = case.files("observability/tests/*.y*ml")
        findings = said(case, run(bench, [promtool, "check", "rules", "--lint=all", "--lint-fatal", *rules], case.tree))
        if not tests:
            return [*findings, f"[{case.name}] observability/tests: no test of the rules"]
        tested = "".join(case.text(name) for name in tests)
        for name in rules:
            for alert in re.findall(r"^\s*-?\s*alert:\s*[\"']?(\w+)", case.text(name), re.MULTILINE):
                if not re.search(rf"alertname:\s*[\"']?{alert}\b", tested):
                    findings.append(f"[{case.name}] {name}: no test for the alert {alert}")
        return findings
