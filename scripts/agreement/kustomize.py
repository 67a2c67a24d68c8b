"""Compares what goldpath puts together of a kustomization in memory with what kubectl builds of it, object by object."""

import json
import os
import re
import subprocess

import corpus

# Kustomize ends the names of generated config maps and secrets with a hash of their contents.
HASH = re.compile(r"-[2456789bcdfghkmt]{10}$")


def compare(repository, example, tools):
    """Yields, for each root, its path and what became of it: `same`, `differs`, `told`, `refused`; and why."""
    told = subprocess.run([str(example), str(repository.folder)], capture_output=True, text=True, check=True).stdout
    env = tools.environment()
    for root in json.loads(told):
        folder = repository.folder / os.path.dirname(root["path"])
        if any("is not in this tree" in problem["message"] for problem in root["problems"]):
            yield root["path"], "fetches", root["problems"][0]["message"]
            continue
        built = subprocess.run([str(tools["kubectl"]), "kustomize", str(folder)], env=env, capture_output=True, text=True)
        if built.returncode:
            yield root["path"], "refused", (built.stderr.strip().splitlines() or [""])[-1]
            continue
        theirs = objects(corpus.documents(built.stdout) or [])
        ours = objects(root["objects"])
        differences = list(between(ours, theirs))
        if not differences:
            yield root["path"], "same", ""
        elif root["problems"]:
            yield root["path"], "told", "; ".join(sorted({problem["message"] for problem in root["problems"]}))
        else:
            yield root["path"], "differs", "; ".join(differences[:5])


def objects(documents):
    """By kind, namespace and name; hashes of generated names are taken off wherever they stand."""
    generated = set()
    for document in documents:
        name = (document.get("metadata") or {}).get("name") or ""
        if document.get("kind") in ("ConfigMap", "Secret") and HASH.search(name):
            generated.add(name)
    found = {}
    for document in documents:
        plain = settled(document, generated)
        metadata = plain.get("metadata") or {}
        found[(plain.get("kind"), metadata.get("namespace"), metadata.get("name"))] = plain
    return found


def settled(value, generated):
    """Without hashes, and with what Kustomize writes in two ways in one of them."""
    if isinstance(value, dict):
        # Kustomize takes empty annotations away.
        return {str(key): settled(item, generated) for key, item in value.items() if item is not None and not (key == "annotations" and item == {})}
    if isinstance(value, list):
        return [settled(item, generated) for item in value]
    if isinstance(value, str):
        return HASH.sub("", value) if value in generated else value.rstrip("\n")
    return value if isinstance(value, (bool, int, float)) or value is None else str(value)


def between(ours, theirs):
    for key in ours.keys() - theirs.keys():
        yield f"only here: {'/'.join(str(part) for part in key)}"
    for key in theirs.keys() - ours.keys():
        yield f"only there: {'/'.join(str(part) for part in key)}"
    for key in ours.keys() & theirs.keys():
        for path, here, there in inside(ours[key], theirs[key]):
            yield f"{key[0]}/{key[2]} {path}: here {short(here)}, there {short(there)}"


def inside(here, there, path=""):
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            yield from inside(here.get(key), there.get(key), f"{path}.{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for index, pair in enumerate(zip(here, there)):
            yield from inside(*pair, f"{path}[{index}]")
    elif here != there:
        yield path, here, there


def short(value):
    text = json.dumps(value, default=str)
    return text if len(text) < 60 else f"{text[:57]}…"
