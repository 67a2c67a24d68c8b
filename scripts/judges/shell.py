"""Running other programs: with a limit, with everything they say kept."""

import dataclasses
import os
import signal
import subprocess
import tempfile
import threading
import time


@dataclasses.dataclass
class Result:
    argv: list
    code: int
    out: str
    seconds: float
    err: str = ""  # only where it was asked for apart
    cpu: float = 0.0  # seconds of processor time, of the program and of those that it started and waited for

    @property
    def ok(self):
        return self.code == 0

    def lines(self):
        return [line.rstrip() for line in self.out.splitlines() if line.strip()]


_running = set()
_lock = threading.Lock()
_stopping = threading.Event()
_used = threading.local()


def used():
    """Seconds of processor time that programs took which this thread has run so far."""
    return getattr(_used, "seconds", 0.0)


def run(argv, cwd=None, env=None, limit=600, stdin=None, log=None, apart=False):
    """Runs a program to its end and returns what it said; past the limit it and its children are ended.

    What it says on its standard error is part of `out`, where it was said, or `apart` in `err`.
    """
    argv = [str(part) for part in argv]
    if _stopping.is_set():
        return Result(argv, 130, "not started: the run is being stopped", 0.0)
    started = time.monotonic()
    late = threading.Event()
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
        given.write((stdin or "").encode())
        given.seek(0)
        streams = {"stdin": given, "stdout": subprocess.PIPE, "stderr": complaints if apart else subprocess.STDOUT}
        try:
            process = subprocess.Popen(argv, cwd=cwd, env=env, start_new_session=True, **streams)
        except OSError as error:
            return Result(argv, 127, f"{argv[0]}: {error.strerror}", 0.0)
        with _lock:
            _running.add(process)
        timer = threading.Timer(limit, lambda: (late.set(), end(process)))
        try:
            timer.start()
            out = process.stdout.read()
            cpu = reap(process)
        finally:
            timer.cancel()
            process.stdout.close()
            with _lock:
                _running.discard(process)
        complaints.seek(0)
        err = complaints.read().decode("utf-8", "replace")
    code = process.returncode
    if late.is_set():
        out += f"\nstopped after {limit} s\n".encode()
        code = 124
    result = Result(argv, code, out.decode("utf-8", "replace"), time.monotonic() - started, err, cpu)
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(argv)}\n{result.out}{err}\n# exit {code}, {result.seconds:.1f} s, {cpu:.1f} CPU s\n\n")
    return result


def reap(process):
    """Waits for a program to end, and counts what it took: seconds of CPU, its children's included."""
    if process.returncode is not None:
        return 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    _used.seconds = used() + seconds
    return seconds


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
