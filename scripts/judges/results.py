"""docs/judges.md: who judges what is emitted, how many things of which repositories, with what result."""

import re

COUNT = re.compile(r" [0-9,]+ \|$", re.MULTILINE)
INTRO = """\
# Judges and results

`scripts/test` emits a repository for each case below and has every judge look at each. This page is written by
`scripts/test --write` and held to by every whole run: a judge or a case that it does not have, or that is no longer, fails. A
run fails on any finding, so there is no column for them: it would say 0. How many things were judged is of the day on which
the page was written.

"""


def page(judges, cases, seen):
    """The page's text. It has nothing in it that differs from machine to machine."""
    lines = [INTRO + f"## {len(judges)} judges", "", "| judge | looks at | things judged |", "|---|---|---|"]
    lines += [f"| `{judge.name}` | {judge.about} | {seen.get(judge.name, 0):,} |" for judge in judges]
    lines += ["", f"## {len(cases)} cases", ""]
    lines.append("Every two answers that go together stand together in one of them; free text and lists are at the edges of what is")
    lines.append("accepted. The first of a blueprint has its defaults.")
    for blueprint in dict.fromkeys(kind(case) for case in cases):
        own = [case for case in cases if kind(case) == blueprint]
        # What somebody types is at its edges, and tells nothing in a table.
        keys = [key for key in own[0].varied if not any(typed(case.answers.get(key)) for case in own)]
        lines += ["", f"### `{blueprint}`", "", "| case | " + " | ".join(keys) + " |", "|---" * (len(keys) + 1) + "|"]
        lines += [f"| {case.name} | " + " | ".join(text(case.answers.get(key)) for key in keys) + " |" for case in own]
    return "\n".join(lines) + "\n"


def same(one, other):
    """Whether two pages name the same judges and cases; how much there is to judge changes with every template."""
    return COUNT.sub("", one) == COUNT.sub("", other)


def kind(case):
    return case.name.rsplit("-", 1)[0]


def text(answer):
    if answer is None:
        return ""
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def typed(answer):
    return isinstance(answer, str) and " " in answer
