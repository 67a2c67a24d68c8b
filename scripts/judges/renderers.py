#!/usr/bin/env python3
"""Compares the objects of two files, field by field: renderers.py BY-KUSTOMIZE BY-HELM. Prints what differs.

The hashes behind the names of ConfigMaps are left out, since each renderer makes them its own way, and so is what ALLOWED lists.
"""

import json
import pathlib
import re
import sys

import yaml

# What may differ, and why: who renders is a label, and helm adds which chart it was.
ALLOWED = (
    re.compile(r"/metadata/labels/app\.kubernetes\.io~1managed-by$"),
    re.compile(r"^/metadata/labels/helm\.sh~1chart$"),
)


def objects(text):
    """Objects by kind and name."""
    for named in [it["metadata"]["name"] for it in yaml.safe_load_all(text) if it and it["kind"] == "ConfigMap"]:
        text = re.sub(rf"\b{re.escape(named)}\b", re.sub(r"-[0-9a-z]{10}$", "", named), text)
    return {f"{it['kind']} {it['metadata']['name']}": it for it in yaml.safe_load_all(text) if it}


def differences(left, right):
    told = []
    for name in sorted(set(left) | set(right)):
        if name not in left or name not in right:
            told.append(f"{name}: only by {'kustomize' if name in left else 'helm'}")
            continue
        for path, one, other in compare(left[name], right[name], ""):
            if not any(allowed.search(path) for allowed in ALLOWED):
                told.append(f"{name}: {path}: {json.dumps(one)} by kustomize, {json.dumps(other)} by helm")
    return told


def compare(left, right, path):
    """Where two values differ, with their types: 80 is not "80"."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(set(left) | set(right), key=str):
            yield from compare(left.get(key), right.get(key), f"{path}/{str(key).replace('/', '~1')}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from compare(one, other, f"{path}/{index}")
    elif type(left) is not type(right) or left != right:
        yield path, left, right


def main():
    left, right = (objects(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:])
    told = differences(left, right)
    print("\n".join(told))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
