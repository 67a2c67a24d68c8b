"""The judge of alerting rules and their tests."""

import os
import re

import content
import places
from engine import Judge
from judges.common import run, said

# Names that YAML can take for nothing but text.
PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z-]*")
TITLES = re.compile(r"^ *- name: .*\n", re.MULTILINE)
RUNBOOKS = re.compile(r"https://\S+?/(?=docs/runbooks/)")


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
            # What a test is called is for people; prose may name an environment, or a word that is one elsewhere.
            texts = [TITLES.sub("", case.text(name)), *(case.text(file) for file in self._rules_of(case, name))]
            found[name] = content.of(name, self._nameless(case, "\n".join(texts)))
        return found

    @staticmethod
    def _rules_of(case, name):
        """The rules that a test loads: promtool reads nothing else."""
        listed = re.search(r"^rule_files:\n((?: *- .+\n)+)", case.text(name), re.MULTILINE)
        loaded = re.findall(r"- (\S+)", listed.group(1)) if listed else []
        paths = [os.path.normpath(os.path.join(os.path.dirname(name), path)) for path in loaded]
        every = case.files("observability/rules/*")
        # A pattern, or anything else that isn't simply a file here: then all of them count.
        return paths if paths and set(paths) <= set(every) else every

    @staticmethod
    def _nameless(case, text):
        """A text with other names for service, environments and code host: the same for all cases, one for one.

        So what two cases have in common after that says the same of both, and a rule and a test that don't fit together
        stay apart.
        """
        environments = case.answers.get("environments") or []
        name, last = case.answers.get("name"), (environments or [None])[-1]
        # What YAML takes for something else than text is left in, and so judged.
        name = name if isinstance(name, str) and PLAIN.fullmatch(name) else None
        camel = "".join(part.capitalize() for part in (name or "").split("-"))
        forms = [name, name.replace("-", "_"), camel, camel.lower()] if name else []
        plain = [each for each in environments if isinstance(each, str) and PLAIN.fullmatch(each)]
        pattern = "|".join([*(rf"\b{re.escape(form)}" for form in forms), *(rf"\b{re.escape(each)}\b" for each in plain)])
        others = {}

        def other(match):
            word = match.group()
            if word in forms:
                return f"<service-{forms.index(word)}>"
            # The last environment is production; which of the others a text names makes no difference.
            return "<production>" if word == last else others.setdefault(word, f"<other-{len(others)}>")

        text = re.sub(pattern, other, text) if pattern else text
        for number, place in enumerate(dict.fromkeys(RUNBOOKS.findall(text))):
            text = text.replace(place, f"<place-{number}>/")
        return text

    def judge(self, case, items, bench):
        promtool = bench.tools["promtool"]
        findings = []
        if "observability" in items:
            findings += self._rules(case, promtool, bench)
        for name in items:
            if name != "observability":
                # promtool puts a database on disk for each test, and waits for the disk as long as it computes.
                env = bench.tools.environment(TMPDIR=places.memory())
                findings += said(case, run(bench, [promtool, "test", "rules", name], case.tree, env=env))
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
