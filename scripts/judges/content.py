"""Content hashes: the same content is judged once, the same pins are installed once."""

import hashlib
import os


def of(*parts):
    """The hash of texts and byte strings, none of which can run into the next."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def of_file(path):
    """A file's content and whether it may be executed; a symbolic link counts as its target's name."""
    if path.is_symlink():
        return of("link", os.readlink(path))
    return of("file", os.access(path, os.X_OK), path.read_bytes())


def of_tree(folder, skip=()):
    """Everything under a folder, with names."""
    parts = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in sorted(files):
            if name in skip:
                continue
            path = os.path.join(place, name)
            parts += [os.path.relpath(path, folder)]
            with open(path, "rb") as file:
                parts += [hashlib.sha256(file.read()).hexdigest()]
    return of(*parts)
