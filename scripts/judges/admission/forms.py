"""What the Rego rules and each form of admission policy say about objects, from the engines that really evaluate them.

Every function returns {name of the object: rules that it breaks}.
"""

import collections
import json
import pathlib
import re

from admission.cluster import Refused

# The rules that admission holds, in whichever form.
RULES = frozenset(("R4", "S1", "S2", "S3", "S4", "S5", "S6", "S9", "C1", "O1"))
RULE = re.compile(r"\b([RSCO][1-9][0-9]?): ")


# What an API server refuses before any policy is asked: no such object can be.
IMPOSSIBLE = "impossible"


class Broken(Exception):
    """An engine that gave no verdict; the text says what it said instead."""


def _answer(result, opening):
    try:
        return json.loads(result.out[result.out.index(opening) :])
    except ValueError:
        raise Broken("\n".join(result.lines()[-8:]) or f"exit {result.code}") from None


def write(samples, folder):
    """Writes a file for each sample; returns the folder."""
    folder.mkdir()
    for sample in samples:
        (folder / f"{sample.name}.json").write_text(json.dumps(sample.object), encoding="utf-8")
    return folder


def rego(run, conftest, policies, folder):
    """The rules in Rego, as conftest evaluates them: what they deny."""
    argv = [conftest, "test", "--policy", policies, "--namespace", "kubernetes", "--no-color", "--no-fail"]
    told = _answer(run([*argv, "--output", "json", folder]), "[\n")
    said = {}
    for entry in told:
        rules = {failure["metadata"]["rule"] for failure in entry.get("failures") or []}
        said[pathlib.Path(entry["filename"]).stem] = rules & RULES
    return said


def gatekeeper(run, gator, policies, folder):
    """A Gatekeeper template and its constraints, as gator evaluates them."""
    files = [part for name in ("templates", "constraints") for part in ("-f", policies / name)]
    result = run([gator, "test", *files, "-f", folder, "--output", "json"])
    said = collections.defaultdict(set)
    for entry in [] if result.out.strip() == "null" else _answer(result, "["):
        said[entry["violatingObject"]["metadata"]["name"]] |= set(RULE.findall(entry["msg"]))
    return said


def kyverno(run, program, policies, folder, namespaces):
    """Kyverno's policies, as its own command evaluates them. It names the first rule that is broken, not all."""
    head = {"apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Value", "metadata": {"name": "values"}}
    selectors = [{"name": name, "labels": {"kubernetes.io/metadata.name": name}} for name in namespaces]
    # JSON is YAML, too; of a folder, the command reads no JSON.
    values, objects = (folder.with_name(f"{folder.name}-{what}.yaml") for what in ("values", "objects"))
    values.write_text(json.dumps({**head, "namespaceSelector": selectors}), encoding="utf-8")
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    objects.write_text("\n---\n".join(texts), encoding="utf-8")
    argv = [program, "apply", *sorted(policies.glob("*.yaml")), "--resource", objects, "--values-file", values]
    result = run([*argv, "--policy-report", "--output-format", "json", "--remove-color"])
    said = collections.defaultdict(set)
    if result.ok and not result.out.strip():
        return said  # no policy holds for any of the objects
    for entry in _answer(result, '{"').get("results") or []:
        rules = set(RULE.findall(entry.get("message") or ""))
        if entry["result"] not in ("pass", "skip", "fail", "warn") or (entry["result"] == "fail" and not rules):
            raise Broken(f"{entry['policy']}: {entry['result']}: {entry.get('message')}")
        for resource in entry["resources"]:
            said[resource["name"]] |= rules
    return said


def admission(cluster, samples, account=None):
    """The ValidatingAdmissionPolicies of a cluster: what it warns of, and what it refuses, be it from an account."""
    warned, refused = {}, {}
    for sample in samples:
        try:
            _, warnings = cluster.create(sample.object, dry=True, account=account)
            warned[sample.name] = {rule for warning in warnings for rule in RULE.findall(warning)}
        except Refused as refusal:
            text = refusal.status.get("message", "")
            if refusal.code == 422 and "ValidatingAdmissionPolicy" not in text:
                warned[sample.name] = refused[sample.name] = {IMPOSSIBLE}
            elif "ValidatingAdmissionPolicy" in text:
                refused[sample.name] = set(RULE.findall(text))
            else:
                raise Broken(f"{sample.name}: {refusal}") from None
    return warned, refused
