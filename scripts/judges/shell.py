"""Running other programs: with a limit, with everything they say kept."""

import dataclasses
import os
import signal
import subprocess
import threading
import time


@dataclasses.dataclass
class Result:
    argv: list
    code: int
    out: str
    seconds: float

    @property
    def ok(self):
        return self.code == 0

    def lines(self):
        return [line.rstrip() for line in self.out.splitlines() if line.strip()]


_running = set()
_lock = threading.Lock()
_stopping = threading.Event()


def run(argv, cwd=None, env=None, limit=600, stdin=None, log=None):
    """Runs a program to its end and returns what it said; past the limit it and its children are ended."""
    argv = [str(part) for part in argv]
    if _stopping.is_set():
        return Result(argv, 130, "not started: the run is being stopped", 0.0)
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Result(argv, 127, f"{argv[0]}: {error.strerror}", 0.0)
    with _lock:
        _running.add(process)
    try:
        out, _ = process.communicate(stdin.encode() if stdin is not None else None, timeout=limit)
        code = process.returncode
    except subprocess.TimeoutExpired:
        end(process)
        out, _ = process.communicate()
        out += f"\nstopped after {limit} s\n".encode()
        code = 124
    finally:
        with _lock:
            _running.discard(process)
    result = Result(argv, code, out.decode("utf-8", "replace"), time.monotonic() - started)
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(argv)}\n{result.out}\n# exit {code}, {result.seconds:.1f} s\n\n")
    return result


def end(process):
    """Ends a program that was started by `run` or with a session of its own, and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stop():
    """Ends everything that runs and starts nothing more."""
    _stopping.set()
    with _lock:
        for process in list(_running):
            end(process)
