"""What a person reads: one line a step, details only of what failed, everything in the log."""

import sys
import threading
import time

SHOWN = 25


class Report:
    """Counts steps and prints their lines; safe to call from several threads."""

    def __init__(self, log_folder):
        self.log_folder = log_folder
        self.passed = []
        self.failed = []
        self.seen = {}  # judges, and how many things each has judged, with those that are the same
        self._lock = threading.Lock()
        self._colour = sys.stdout.isatty()
        self._started = time.monotonic()

    def log(self, name):
        return self.log_folder / f"{name}.log"

    def step(self, name, findings, seconds, note="", cpu=None):
        """Reports one finished step; findings are lines, none means that it passed. Times are seconds: busy, and of CPU."""
        findings = list(dict.fromkeys(findings))
        mark, code = ("FAIL", "31") if findings else ("ok", "32")
        if self._colour:
            mark = f"\033[{code}m{mark:4}\033[0m"
        told = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}" if findings else note
        with self._lock:
            (self.failed if findings else self.passed).append(name)
            taken = f"{seconds:7.1f} s" + (" " * 12 if cpu is None else f"{cpu:7.1f} CPU s")
            print(f"{mark:4} {name:18} {taken}  {told}".rstrip(), flush=True)
            for line in findings[:SHOWN]:
                print("       " + line.replace("\n", "\n       "), flush=True)
            if len(findings) > SHOWN:
                print(f"       … and {len(findings) - SHOWN} more: {self.log(name)}", flush=True)
        if findings:
            with open(self.log(name), "a", encoding="utf-8") as file:
                file.write("findings:\n" + "\n".join(findings) + "\n")

    def say(self, text):
        with self._lock:
            print(text, flush=True)

    def close(self):
        """Prints the closing line and returns the exit code."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        self.say("")
        if self.failed:
            self.say(f"failed: {', '.join(self.failed)}")
        self.say(f"{minutes} min {seconds} s; logs in {self.log_folder}")
        self.say(f"{len(self.passed)} passed, {len(self.failed)} failed")
        return 1 if self.failed or not self.passed else 0
