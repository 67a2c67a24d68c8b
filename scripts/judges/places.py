"""Where things are: the project, the cache of installed judges, the folder of this run."""

import os
import pathlib

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


def work():
    """What one run leaves behind to look at: cases, copies, logs. Ignored by git, replaced by the next run."""
    target = os.environ.get("CARGO_TARGET_DIR")
    return (pathlib.Path(target).absolute() if target else ROOT / "target") / "judges"
