"""Where things are: the project, the cache of installed judges, the folder of this run."""

import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PINS = HERE / "pins"
SELFTEST = HERE / "selftest"


def cache():
    """Where judges are installed; outside the tree, so that every checkout shares it."""
    if own := os.environ.get("GOLDPATH_JUDGES_DIR"):
        return pathlib.Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base).absolute() / "goldpath" / "judges"


def target():
    own = os.environ.get("CARGO_TARGET_DIR")
    return pathlib.Path(own).absolute() if own else ROOT / "target"


def memory():
    """A folder in memory for what is thrown away at once, where the machine has one; otherwise the usual one."""
    shared = pathlib.Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 1 << 30:
            return str(shared)
    return tempfile.gettempdir()


def work():
    """The folder for what a run leaves behind to look at: cases, copies, logs. Replaced by the next run.

    Returns it with a lock that is held as long as the process lives; a run beside another one gets a folder of its own.
    """
    for number in itertools.count(1):
        folder = target() / ("judges" if number == 1 else f"judges-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return folder, lock
