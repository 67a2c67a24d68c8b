"""What several judges need."""

import shell


def said(case, result, keep=None):
    """A failed program's lines as findings; `keep` picks those that matter."""
    return [f"[{case.name}] {line}" for line in complaints(result, keep)]


def complaints(result, keep=None):
    """The same without a case."""
    if result.ok:
        return []
    lines = [line.strip() for line in result.lines() if keep is None or keep(line)]
    return lines or result.lines()[-8:] or [f"exit {result.code} without a word"]


def run(bench, argv, cwd, limit=600, env=None):
    return shell.run(argv, cwd=cwd, env=env or bench.tools.environment(), limit=limit, log=bench.log)
