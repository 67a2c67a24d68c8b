"""What several judges need."""

import shell


def said(case, result, keep=None):
    """A failed program's lines as findings; `keep` picks those that matter."""
    if result.ok:
        return []
    lines = [line.strip() for line in result.lines() if keep is None or keep(line)]
    lines = lines or result.lines()[-8:] or [f"exit {result.code} without a word"]
    return [f"[{case.name}] {line}" for line in lines]


def run(bench, argv, cwd, limit=600, env=None):
    return shell.run(argv, cwd=cwd, env=env or bench.tools.environment(), limit=limit, log=bench.log)
