#!/usr/bin/env python3
"""Reviews foreign repositories with goldpath and other tools, and writes down where they agree: docs/agreement.md.

    scripts/agreement/main.py CORPUS              prints the page
    scripts/agreement/main.py CORPUS --write      writes it to docs/agreement.md
    scripts/agreement/main.py CORPUS --places S8  also prints the places where only one side found something, for one rule

CORPUS is a folder with a checkout of each repository in scripts/agreement/repositories.txt, in a folder OWNER+NAME.
`--clone` makes those that are missing. The tools come from where `scripts/test` installs them.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "scripts" / "judges"))

import install  # noqa: E402
import places  # noqa: E402

WANTED = {"lint", "zizmor", "hadolint", "trivy", "checkov", "actionlint", "kube-score", "kubectl", "helm"}
# Most files of Kubernetes objects that are taken of one repository for the comparison with other tools.
MOST = 150


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--clone", action="store_true")
    parser.add_argument("--places", action="append", default=[], metavar="RULE")
    parser.add_argument("--keep", type=pathlib.Path, help="keep what tools said in this folder, and use what is there")
    return parser.parse_args()


# A program's peak memory counts from what its parent had when it started it: this parent is a small one.
RUN = """
import json, resource, subprocess, sys, time
started = time.monotonic()
with open(sys.argv[1], "wb") as out:
    code = subprocess.run(sys.argv[2:], stdout=out, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, time.monotonic() - started]))
"""


def measured(argv, env):
    """What a program printed, the processor time in seconds of it and of what it ran, and the largest of their peaks of memory in MiB."""
    with tempfile.NamedTemporaryFile() as out:
        command = [sys.executable, "-c", RUN, out.name, *map(str, argv)]
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        code, seconds, memory, elapsed = json.loads(told)
        return code, pathlib.Path(out.name).read_text(encoding="utf-8"), seconds, memory, elapsed


def review(repository, goldpath, tools, keep):
    """goldpath's own report on the whole repository, without and with helm and kubectl on PATH."""
    kept = keep / repository.folder.name / "review.json"
    if not kept.exists():
        rows = {}
        for name, more in (("alone", ["--no-tools"]), ("tools", [])):
            argv = [goldpath, "review", "--output", "json", *more, repository.folder]
            code, out, seconds, memory, _ = measured(argv, tools.environment())
            rows[name] = {"code": code, "seconds": seconds, "memory": memory, "report": json.loads(out) if code == 0 else None}
        kept.write_text(json.dumps(rows), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def overlooked(repository, report, found):
    """Files that a guardrail could concern and that are neither judged nor told to be unread."""
    told = {problem["place"]["file"] for problem in report["unread"] if "place" in problem}
    return sorted(set(found) - set(report["judged"]) - told)


def reasons(report):
    """Why files are unread, by kind."""
    kinds = collections.Counter()
    for problem in report["unread"]:
        message = problem["message"]
        if "not rendered" in message:
            kinds["chart that helm can't render"] += 1
        elif "template" in problem.get("hint", "") or "{{" in message or "a block" in message or "found a map" in message:
            kinds["template"] += 1
        elif "not in this tree" in message:
            kinds["to be fetched"] += 1
        elif "not applied" in message or "meets no object" in message:
            kinds["not applied"] += 1
        elif "not evaluated" in message or "could not be evaluated" in message:
            kinds["not evaluated"] += 1
        else:
            kinds["not valid"] += 1
    return kinds


def compare(corpus_repositories, goldpath, tools, keep):
    """By pair: places where both, only theirs and only ours found something."""
    import corpus
    import tools as others
    import units
    from pairs import PAIRS

    rows = [([], [], []) for _ in PAIRS]
    for repository in [it for it in corpus_repositories if it.compared]:
        cache = keep / repository.folder.name
        cache.mkdir(parents=True, exist_ok=True)
        place = keep / "stage" / repository.folder.name
        kept = cache / "staged.json"
        if not kept.exists():
            kept.write_text(json.dumps(corpus.stage(repository, place, tools, MOST)), encoding="utf-8")
        staged = json.loads(kept.read_text(encoding="utf-8"))
        ours = cache / "ours.json"
        if not ours.exists():
            ours.write_text(measured([goldpath, "review", "--no-tools", "--output", "json", place], tools.environment())[1])
        report = json.loads(ours.read_text(encoding="utf-8"))
        unread = {problem["place"]["file"] for problem in report["unread"] if "place" in problem}
        for pair, row in zip(PAIRS, rows):
            found = others.found(pair.tool, place, staged, tools, cache)
            theirs = {units.of(place, it.path, it.line, pair.unit) for it in found if it.check in pair.checks and it.path in staged and it.path not in unread}
            mine = {units.of(place, it["path"], it.get("line") or 1, pair.unit) for it in report["findings"] if pair.ours(it) and it["path"] in staged}
            for into, which in zip(row, (theirs & mine, theirs - mine, mine - theirs)):
                into.extend((repository.name, *where) for where in sorted(which))
    return list(zip(PAIRS, rows))


def page(repositories, reviews, inventories, lines, kustomizations, compared):
    out = [
        "# Agreement",
        "",
        "What `goldpath review` says about well-known public repositories, and how it agrees with other tools. Made by",
        "`scripts/agreement/main.py`, which anybody can run; repositories and commits are in `scripts/agreement/repositories.txt`.",
        "",
        "## The repositories",
        "",
        "Judged is what a guardrail looked at, with helm and kubectl on PATH; unread is what could not be read, and why. Overlooked",
        "are files that an inventory of our own (`scripts/agreement/corpus.py`) takes for Kubernetes objects, kustomizations,",
        "Terraform, Dockerfiles, pipelines or Prometheus rules, and that the review neither judged nor named. Time is of processors,",
        "all cores together, and memory the peak, both of goldpath without the tools it runs. Not evaluated are the rules that see the",
        "whole repository, where they run out of their time: 10 seconds, and 50 ms for each document. The machine was busy.",
        "",
        "| repository | commit | files | judged | unread: with tools, and without | overlooked | findings | time | memory |",
        "|---|---|---:|---:|---|---:|---:|---:|---:|",
    ]
    for repository in repositories:
        rows = reviews[repository.name]
        told, alone = rows["tools"]["report"], rows["alone"]["report"]
        if not told or not alone:
            out.append(f"| {repository.name} | `{repository.commit[:10]}` | failed with exit code {rows['tools']['code']} |||||||")
            continue
        why = ", ".join(f"{count} {kind}" for kind, count in reasons(told).most_common()) or "none"
        cells = [repository.name, f"`{repository.commit[:10]}`", told["files"], len(told["judged"])]
        cells += [f"{why}; {len(alone['unread'])}", len(overlooked(repository, told, inventories[repository.name]))]
        cells += [len(told["findings"]), f"{rows['alone']['seconds']:.1f} s", f"{rows['alone']['memory']:.0f} MiB"]
        out.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    checked, wrong = sum(row[0] for row in lines.values()), sum(len(row[1]) for row in lines.values())
    out += [
        "",
        f"Of {checked:,} findings whose message names something that must stand there, {checked - wrong:,} point at its line or one",
        f"next to it, and {wrong} don't (`scripts/agreement/lines.py`).",
        "",
        "## Kustomize",
        "",
        "What goldpath puts together in memory, against what `kubectl kustomize` builds of the same root, object by object and without",
        "the hashes of generated names.",
        "",
        "| roots | what became of them |",
        "|---:|---|",
    ]
    outcomes = collections.Counter(outcome for rows in kustomizations.values() for _, outcome, _ in rows)
    words = {
        "same": "the same objects",
        "told": "different, and the review says what was not applied; with kubectl on PATH it judges what that builds",
        "fetches": "need something from elsewhere, which goldpath never fetches and lists as unread",
        "refused": "kubectl can't build them either",
        "differs": "different without a word",
    }
    out += [f"| {outcomes[name]} | {text} |" for name, text in words.items()]
    out += [
        "",
        "## Agreement with other tools",
        "",
        "All tools judge the same files: those of the repositories, and what kubectl and helm render of them. A place is a Kubernetes",
        "object, a block of Terraform, a file, or a step or line of a pipeline. Checks that no guardrail asks are not here, nor are",
        "repositories that are marked `reviewed-only`: they are too large for some tools, or hold test inputs that nobody deploys.",
        "Reasons were written after reading places where only one side found something (`--places RULE` lists them all).",
        "",
        "| rule | asks | their check | both | only theirs | only ours | agree, or why not |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    for pair, (both, theirs, ours) in compared:
        asks = re.sub(r"[^\w ,.:()-]+", " ", pair.asks or pair.message or "all of it").strip()
        verdict = "agree" if not theirs and not ours else pair.reason or "**not explained**"
        if not (both or theirs or ours):
            verdict = "nothing to find here"
        checks = ", ".join(pair.checks)
        out.append(f"| {pair.rule} | {asks} | {pair.tool} {checks} | {len(both)} | {len(theirs)} | {len(ours)} | {verdict} |")
    total = [sum(len(row[index]) for _, row in compared) for index in range(3)]
    out += ["", f"In all {total[0]:,} places that both found, {total[1]:,} only theirs and {total[2]:,} only ours."]
    out += [
        "",
        "¹ We judge Rollouts and objects without a name (inputs of `generateName` and of templates); the others leave these out. They",
        "judge OpenShift's DeploymentConfig and kinds of other groups that are called as Kubernetes' own; we leave these out, or the",
        "other way round. Of two objects of one name in a file kube-score's answer doesn't tell which is meant.",
    ]
    return "\n".join(out) + "\n"


def main():
    asked = options()
    keep = (asked.keep or places.target() / "agreement").absolute()
    keep.mkdir(parents=True, exist_ok=True)
    tools, _, problems = install.everything(keep, wanted=WANTED)
    if problems:
        sys.exit("\n".join(problems))
    python = tools.pythons["lint"]
    if pathlib.Path(sys.executable).resolve() != python.resolve() or sys.prefix == sys.base_prefix:
        # This environment has a YAML parser.
        os.execv(python, [str(python), "-B", str(HERE / "main.py"), *sys.argv[1:]])
    import corpus
    import kustomize
    import lines

    if asked.clone:
        corpus.clone(asked.corpus)
    repositories, problems = corpus.repositories(asked.corpus)
    if problems:
        sys.exit("\n".join([*problems, "--clone makes the checkouts"]))
    subprocess.run(["cargo", "build", "--release", "--bin", "goldpath", "--example", "render"], cwd=ROOT, check=True)
    goldpath, example = places.target() / "release" / "goldpath", places.target() / "release" / "examples" / "render"
    reviews, inventories, checked, kustomizations = {}, {}, {}, {}
    for repository in repositories:
        print(repository.name, file=sys.stderr)
        (keep / repository.folder.name).mkdir(parents=True, exist_ok=True)
        reviews[repository.name] = review(repository, goldpath, tools, keep)
        inventories[repository.name] = corpus.inventory(repository)
        report = reviews[repository.name]["tools"]["report"]
        checked[repository.name] = lines.check(repository, report) if report else (0, [])
        kustomizations[repository.name] = list(kustomize.compare(repository, example, tools))
    compared = compare(repositories, goldpath, tools, keep)
    text = page(repositories, reviews, inventories, checked, kustomizations, compared)
    for rule in asked.places:
        for pair, (_, theirs, ours) in compared:
            if pair.rule == rule:
                print(f"# {rule} {pair.message} {pair.tool}", *(f"theirs {where}" for where in theirs), *(f"ours {where}" for where in ours), sep="\n  ")
    for rows in kustomizations.values():
        for path, outcome, why in rows:
            if outcome == "differs":
                print(f"{path}: {why}", file=sys.stderr)
    for repository in repositories:
        report = reviews[repository.name]["tools"]["report"]
        for path in overlooked(repository, report, inventories[repository.name]) if report else []:
            print(f"{repository.name}: {path} was overlooked", file=sys.stderr)
        for place in checked[repository.name][1]:
            print(f"{repository.name}: {place}", file=sys.stderr)
    if asked.write:
        (ROOT / "docs" / "agreement.md").write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
