"""The judge of alerting rules and their tests."""

import re

from engine import Judge
from judges.common import run, said


class Promtool(Judge):
    name = "promtool"
    about = "alerting and recording rules: lint, and their unit tests"
    tools = ("promtool",)

    def items(self, case):
        names = case.files("observability/rules/*", "observability/tests/*")
        return {"observability": case.digest(*names)} if names else {}

    def judge(self, case, items, bench):
        rules = case.files("observability/rules/*.y*ml")
        tests = case.files("observability/tests/*.y*ml")
        promtool = bench.tools["promtool"]
        findings = said(case, run(bench, [promtool, "check", "rules", "--lint=all", "--lint-fatal", *rules], case.tree))
        if not tests:
            return [*findings, f"[{case.name}] observability/tests: no test of the rules"]
        findings += said(case, run(bench, [promtool, "test", "rules", *tests], case.tree))
        tested = "".join(case.text(name) for name in tests)
        for name in rules:
            for alert in re.findall(r"^\s*-?\s*alert:\s*[\"']?(\w+)", case.text(name), re.MULTILINE):
                if not re.search(rf"alertname:\s*[\"']?{alert}\b", tested):
                    findings.append(f"[{case.name}] {name}: no test for the alert {alert}")
        return findings
