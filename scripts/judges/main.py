"""scripts/test: all steps, in order."""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import signal
import sys
import time

import cases
import content
import engine
import install
import judges
import places
import providers
import results
import shell
from judges import services
from report import Report

EPILOG = """\
examples:
  scripts/test                                everything
  scripts/test --only zizmor --only yamllint  two judges, over every case
  scripts/test --only cargo-test              just the Rust tests
  scripts/test --case service-defaults        every judge, over one case
  scripts/test --cases FOLDER --only links    judge repositories that were emitted before (FOLDER/cases.json)
  scripts/test --install                      only install the judges, and prove them

Judges are installed under ${GOLDPATH_JUDGES_DIR:-${XDG_CACHE_HOME:-~/.cache}/goldpath/judges}, once for each version of
scripts/judges/pins. Terraform providers come from a mirror on the machine (GOLDPATH_TERRAFORM_MIRROR names one),
the others from the project's stubs. What a run leaves to look at is under target/judges/.
"""


def cargo_steps(folder):
    """The project's own steps: name, what it is about, command."""
    return (
        ("fmt", "cargo fmt --check", ["cargo", "fmt", "--all", "--check", "--", "--color=never"]),
        ("clippy", "clippy, warnings denied", ["cargo", "clippy", "--all-targets", "--locked", "--", "-D", "warnings"]),
        ("cargo-test", "unit and integration tests", ["cargo", "test", "--locked"]),
        (
            "matrix",
            "emits a repository for each case of a covering set of answers",
            # Built by `cargo test` already, and with checks for overflow; linking it for release takes minutes.
            ["cargo", "run", "--quiet", "--locked", "--example", "matrix", "--", str(folder)],
        ),
        ("build", "the release binary", ["cargo", "build", "--release", "--locked"]),
    )


OTHER_STEPS = (
    ("install", "installs the judges"),
    ("self-test", "every judge reports its known-bad fixture"),
    ("release", "make promote, rollback and render in a copy of every case"),
    ("results", "docs/judges.md says what was judged"),
)


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description="Runs goldpath's tests and has every judge look at the repositories that it emits.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this step (repeatable)")
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="only this case, or * (repeatable)")
    parser.add_argument("--cases", metavar="FOLDER", help="judge these cases instead of emitting them")
    parser.add_argument("--list", action="store_true", help="list the steps and stop")
    parser.add_argument("--full", action="store_true", help="also build, verify and run the service of every case")
    parser.add_argument("--write", action="store_true", help="write docs/judges.md from a whole run that found nothing")
    parser.add_argument("--install", action="store_true", help="install and prove the judges and stop")
    return parser.parse_args()


def print_list():
    rows = [(name, about) for name, about, _ in cargo_steps("FOLDER")] + list(OTHER_STEPS)
    rows += [(judge.name, judge.about) for judge in judges.ALL]
    for name, about in rows:
        print(f"{name:18} {about}")


class Run:
    def __init__(self, options):
        self.options = options
        self.folder, self.lock = places.work()
        logs = self.folder / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        self.report = Report(logs)
        self.judges = list(judges.ALL)
        services.Service.every_case = options.full
        names = {name for name, _, _ in cargo_steps("")} | {name for name, _ in OTHER_STEPS}
        names |= {judge.name for judge in judges.ALL}
        unknown = sorted(set(options.only) - names)
        if unknown:
            sys.exit(f"scripts/test: no step is called {', '.join(unknown)}; --list names them all")
        if options.only:
            self.judges = [judge for judge in judges.ALL if judge.name in options.only]

    def wants(self, name):
        return name in self.options.only if self.options.only else not self.options.install

    def needs_cases(self):
        return bool(self.judges) and not self.options.install or self.wants("release")

    def main(self):
        problems = install.missing_programs()
        if problems:
            self.report.step("prerequisites", problems, 0.0)
            return self.report.close()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            needed = self.needs_cases() or self.wants("install") or self.wants("self-test") or self.options.install
            installing = pool.submit(self.install) if needed else None
            # Its linker uses one core for minutes; in a folder of its own it gets in nobody's way.
            building = pool.submit(self.cargo, ("build",))
            emitted = self.cargo(("fmt", "clippy", "cargo-test", "matrix"))
            building.result()
            if installing:
                tools = self.installed(*installing.result())
                if tools:
                    self.with_tools(tools, emitted)
        return self.report.close()

    def results(self, chosen):
        """Holds docs/judges.md to what was judged, by whom; a run of parts of it says nothing about that."""
        options = self.options
        if options.only or options.case or options.cases or options.install or self.report.failed:
            return
        told = results.page(self.judges, chosen, self.report.seen)
        page = places.ROOT / "docs" / "judges.md"
        if options.write:
            page.write_text(told, encoding="utf-8")
        stale = not page.exists() or not results.same(page.read_text(encoding="utf-8"), told)
        findings = ["docs/judges.md is not what was judged: run scripts/test --write"] if stale else []
        self.report.step("results", findings, 0.0, "docs/judges.md says what was judged")

    def forced(self, name):
        """Whether the judges need what a step makes, though nobody asked for the step."""
        if not self.needs_cases():
            return False
        return name == "matrix" or name == "build" and any(judge.goldpath for judge in self.judges)

    def cargo(self, names):
        """Runs some of the project's own steps; returns the folder of cases, or None if there is none."""
        target = self.folder / "cases"
        emitted = pathlib.Path(self.options.cases).absolute() if self.options.cases else None
        for name, _, argv in cargo_steps(target):
            if name not in names or not (self.wants(name) or self.forced(name)) or (name == "matrix" and emitted):
                continue
            if name == "matrix":
                shutil.rmtree(target, ignore_errors=True)
            env = {**os.environ, "CARGO_TERM_COLOR": "never"}
            result = shell.run(argv, cwd=places.ROOT, env=env, limit=2400, log=self.report.log(name))
            findings = [] if result.ok else self.told(result)
            note = ""
            if name == "cargo-test":
                counts = re.findall(r"test result: ok. (\d+) passed", result.out)
                note = f"{sum(map(int, counts))} tests"
            elif name == "matrix" and result.ok:
                note, emitted = (result.lines() or [""])[-1].split(" in ")[0], target
            self.report.step(name, findings, result.seconds, note, result.cpu)
        return emitted

    @staticmethod
    def told(result):
        """The part of a failed cargo run that says what is wrong."""
        quiet = re.compile(r"\s*(Compiling|Downloaded|Downloading|Checking|Finished|Running|Locking|Updating) ")
        lines = [line for line in result.lines() if not quiet.match(line) and not re.match(r"test .* ok$", line)]
        return lines[-60:] or [f"exit {result.code}"]

    def install(self):
        wanted = None
        if self.options.only and not self.wants("install") and not self.wants("self-test"):
            wanted = {tool for judge in self.judges for tool in judge.tools} | {"lint", "kubectl"}
        started = time.monotonic()
        outcome = install.everything(self.report.log_folder, wanted)
        return outcome, time.monotonic() - started

    def installed(self, outcome, seconds):
        tools, fresh, problems = outcome
        note = f"{len(fresh)} installed now" if fresh else "all there"
        if not problems:
            try:
                tools.terraform_config, told = providers.configure(self.report.log("terraform-providers"))
                note += f"; {told}"
            except install.Missing as error:
                problems = [str(error)]
        self.report.step("install", problems, seconds, note)
        return None if problems else tools

    def with_tools(self, tools, emitted):
        self.self_test(tools)
        if not self.needs_cases():
            return
        if not emitted:
            self.report.step("judges", ["not run: there are no cases to judge"], 0.0)
            return
        try:
            listed = cases.load(emitted)
        except (OSError, ValueError, KeyError) as error:
            self.report.step("judges", [f"not run: {emitted}/cases.json can't be read: {error}"], 0.0)
            return
        patterns = self.options.case
        chosen = [c for c in listed if not patterns or any(fnmatch.fnmatch(c.name, pattern) for pattern in patterns)]
        if not chosen:
            names = ", ".join(case.name for case in listed)
            self.report.step("judges", [f"not run: no case matches {', '.join(patterns)}; there are {names}"], 0.0)
            return
        self.release(chosen, tools)
        project = None if patterns else cases.project(places.ROOT)
        engine.run(self.judges, chosen, project, tools, self.report)
        self.results(chosen)

    def self_test(self, tools):
        """Proves every judge on its known-bad fixture, once for each version of tools, judges and fixtures."""
        started, problems, proven = time.monotonic(), [], 0
        code = content.of_tree(places.HERE, skip=("__pycache__", "selftest", "pins"))
        for judge in self.judges:
            fixture = places.SELFTEST / judge.name
            if not fixture.is_dir():
                problems.append(f"{judge.name}: has no known-bad fixture")
                continue
            used = sorted(str(tools[name]) for name in judge.tools if name in tools.paths)
            mark = places.cache() / "proven" / content.of(judge.name, code, content.of_tree(fixture), *used)
            if not mark.exists():
                log = self.report.log("self-test")
                if problem := engine.prove(judge, fixture, tools, log):
                    problems.append(problem)
                    continue
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
            proven += 1
        note = f"{proven} judges report their bad fixtures"
        self.report.step("self-test", problems, time.monotonic() - started, note)

    def release(self, chosen, tools):
        started = time.monotonic()
        folder = self.folder / "released"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        def one(case):
            return cases.release(case, folder, tools, self.report.log(f"release-{case.name}"))

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            findings = [finding for found in pool.map(one, chosen) for finding in found]
        shutil.rmtree(self.folder / "services", ignore_errors=True)
        self.report.step("release", findings, time.monotonic() - started, f"{len(chosen)} cases, there and back")


def main():
    options = arguments()
    if options.list:
        print_list()
        return 0
    def stopped(number, _):
        shell.stop()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stopped)
    signal.signal(signal.SIGINT, stopped)
    return Run(options).main()


if __name__ == "__main__":
    sys.exit(main())
