"""Which object, block or step a line belongs to: what two tools must both have meant to count as one place."""

import bisect
import functools
import re

import yaml


@functools.lru_cache(maxsize=4096)
def _starts(path, unit):
    """Lines, counted from 1, at which units of a file start."""
    try:
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    except OSError:
        return (1,)
    if unit == "object":
        return (1, *(number + 1 for number, line in enumerate(lines, 1) if re.match(r"---(\s|$)", line)))
    if unit == "block":
        return (1, *(number for number, line in enumerate(lines, 1) if re.match(r"[a-z]\w*(\s+\S.*)?\{", line)))
    if unit == "step":
        return (1, *(number for number, line in enumerate(lines, 1) if re.match(r"\s+- [A-Za-z_-]+:(\s|$)", line)))
    raise ValueError(unit)


def of(place, path, line, unit):
    if unit == "file":
        return path, 0
    if unit == "line":
        return path, line
    starts = _starts(place / path, unit)
    return path, starts[max(0, bisect.bisect_right(starts, line) - 1)]


@functools.lru_cache(maxsize=64)
def _objects(path):
    """Lines of the objects in a file, by kind and name."""
    lines = {}
    for node in yaml.compose_all(path.read_bytes().decode("utf-8", "replace"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(node, yaml.MappingNode):
            top = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
            metadata = top.get("metadata")
            inner = metadata.value if isinstance(metadata, yaml.MappingNode) else []
            name = next((value.value for key, value in inner if key.value == "name"), None)
            lines.setdefault((getattr(top.get("kind"), "value", None), name), node.start_mark.line + 1)
    return lines


def line_of(path, kind, name):
    """The line of an object, counted from 1; 1 where it is not there."""
    try:
        return _objects(path).get((kind, name), 1)
    except yaml.YAMLError:
        return 1
