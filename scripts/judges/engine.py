"""Runs judges over cases: what is the same is judged once, in parallel on all cores."""

import collections
import json
import os
import pathlib
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed

import shell


class Judge:
    """One judge. A subclass says what it judges in a case (`items`) and how (`judge`)."""

    name = ""
    about = ""
    tools = ()
    weight = 1  # heavier ones start first, so that the cores stay busy to the end
    whole_project = False  # also judges the project's own files, not only emitted ones
    goldpath = False  # runs the release binary
    together = False  # looks at the files of all cases in one go, each by itself, because starting it costs the most
    must_judge = True  # finding nothing to judge in any case is a failure

    def items(self, case):
        """Returns {item: hash of everything that its verdict depends on}."""
        raise NotImplementedError

    def judge(self, case, items, bench):
        """Returns findings, each a line `[case] path:line: what is wrong`, for some of the case's items."""
        raise NotImplementedError

    def judge_all(self, work, bench):
        """The same for several cases at once: `work` is a list of (case, items)."""
        return [finding for case, items in work for finding in self.judge(case, items, bench)]


class Bench:
    """What a judge works with: the tools, a log and throw-away folders."""

    def __init__(self, tools, log, folder):
        self.tools = tools
        self.log = log
        self.folder = folder

    def scratch(self):
        return tempfile.TemporaryDirectory(prefix="goldpath-judge-")


class Tally:
    def __init__(self, jobs, seen):
        self.left = jobs
        self.seen = seen
        self.judged = 0
        self.findings = []
        self.first = None
        self.busy = 0.0
        self.cpu = 0.0


def plan(judges, cases, project):
    """Returns (judge, [(case, items)]) for everything that isn't the same as something before it, and counts."""
    jobs, seen = [], collections.Counter()
    for judge in judges:
        known, work = set(), []
        for case in [*cases, *([project] if judge.whole_project and project else [])]:
            items = judge.items(case)
            seen[judge.name] += len(items)
            new = []
            for item, digest in items.items():
                if digest not in known:
                    known.add(digest)
                    new.append(item)
            if new:
                work.append((case, new))
        jobs += [(judge, work)] if judge.together and work else [(judge, [part]) for part in work]
    jobs.sort(key=lambda job: -job[0].weight)
    return jobs, seen


def run(judges, cases, project, tools, report):
    """Runs every judge over every case and reports a step for each judge."""
    jobs, seen = plan(judges, cases, project)
    tallies = {judge.name: Tally(sum(job[0] is judge for job in jobs), seen[judge.name]) for judge in judges}
    lock = threading.Lock()

    def one(judge, work):
        started, used = time.monotonic(), shell.used()
        try:
            found = judge.judge_all(work, Bench(tools, report.log(judge.name), report.log_folder.parent))
        except Exception:  # a judge that breaks has not passed anything
            names = ", ".join(case.name for case, _ in work)
            found = [f"[{names}] the judge itself failed:\n{traceback.format_exc(limit=4)}"]
        return judge, sum(len(items) for _, items in work), found, time.monotonic() - started, shell.used() - used

    def finished(judge):
        tally = tallies[judge.name]
        if not tally.seen and judge.must_judge:
            tally.findings.append("there was nothing to judge: no emitted file of this kind was found")
        note = f"{tally.judged} judged, {tally.seen} in all"
        report.seen[judge.name] = tally.seen
        report.step(judge.name, sorted(tally.findings), tally.busy, note, tally.cpu)

    for judge in judges:
        if not tallies[judge.name].left:
            finished(judge)
    # One more than there are cores: most programs wait for a disk, a service or themselves now and then.
    with ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        for done in as_completed([pool.submit(one, *job) for job in jobs]):
            judge, judged, found, seconds, cpu = done.result()
            with lock:
                tally = tallies[judge.name]
                tally.left -= 1
                tally.judged += judged
                tally.busy += seconds
                tally.cpu += cpu
                tally.findings += found
                last = not tally.left
            if last:
                finished(judge)


def prove(judge, fixture, tools, log):
    """Shows a judge its known-bad fixture. Returns a problem if it doesn't report what EXPECT says, else None."""
    from cases import Case

    expected = [line for line in (fixture / "EXPECT").read_text(encoding="utf-8").splitlines() if line]
    with tempfile.TemporaryDirectory(prefix="goldpath-selftest-") as place:
        for path in fixture.rglob("*"):
            if path.is_file() and path.name != "EXPECT":
                target = pathlib.Path(place) / path.relative_to(fixture)
                target.parent.mkdir(parents=True, exist_ok=True)
                # `<join>` keeps made-up secrets from being found in this project itself.
                target.write_bytes(path.read_bytes().replace(b"<join>", b""))
                target.chmod(path.stat().st_mode)
        answers = pathlib.Path(place) / "answers.json"
        case = Case("selftest", place, json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else {})
        items = judge.items(case)
        if not items:
            return f"{judge.name}: sees nothing to judge in its own known-bad fixture"
        said = "\n".join(judge.judge_all([(case, list(items))], Bench(tools, log, pathlib.Path(place) / "build")))
    lost = [text for text in expected if text not in said]
    if lost or not expected:
        return f"{judge.name}: does not report {lost} in its known-bad fixture; it said:\n{said or '(nothing)'}"
    return None
