#!/usr/bin/env python3
"""Records what OPA says about every input of the policies' own tests, into tests/fixtures/policies/AREA.json.

`cargo test` holds the built-in engine to these verdicts without needing OPA. (The Rego tests themselves can't run in it: it
keeps the values of rules where `with` changes the input.) Run this after a change of blueprints/policies; needs opa on PATH.
With --check nothing is written, and a difference is exit code 1.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POLICIES = os.path.join(ROOT, "blueprints/policies")
VERDICTS = os.path.join(ROOT, "tests/fixtures/policies")


def opa(*arguments, **options):
    return subprocess.run(["opa", *arguments], capture_output=True, text=True, check=True, **options).stdout


def inputs(area):
    """Every input that a test asks about, each once; sorted, since OPA runs tests in an order of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = os.path.join(scratch, area)
        shutil.copytree(os.path.join(POLICIES, area), copy)
        with open(os.path.join(copy, "tell.rego"), "w", encoding="utf-8") as file:
            file.write(
                f'package {area}\n\ndeny contains "" if {{\n\tprint("INPUT", json.marshal(input))\n\tfalse\n}}\n'
                f'\nwarn contains "" if {{\n\tprint("INPUT", json.marshal(input))\n\tfalse\n}}\n'
            )
        lines = opa("test", copy, "--verbose", "--timeout", "60s").splitlines()
    found = [line.strip().removeprefix("INPUT ") for line in lines if line.strip().startswith("INPUT ")]
    return [json.loads(line) for line in sorted(set(found))]


def verdicts(area):
    asked = inputs(area)
    query = "[{level: [f | some f in data[data.area][level] with input as it] | some level in [\"deny\", \"warn\"]} | some it in input]"
    with tempfile.TemporaryDirectory() as scratch:
        data = os.path.join(scratch, "data.json")
        given = os.path.join(scratch, "input.json")
        for path, value in ((data, {"area": area}), (given, asked)):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file)
        query = query.replace("data[data.area]", f"data.{area}")
        out = opa("eval", "--format", "json", "--data", os.path.join(POLICIES, area), "--data", data, "--input", given, query)
    answers = json.loads(out)["result"][0]["expressions"][0]["value"]
    rows = [{"input": it, **{level: answer.get(level, []) for level in ("deny", "warn")}} for it, answer in zip(asked, answers)]
    lines = (json.dumps(row, separators=(",", ":"), sort_keys=True, ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main():
    check = sys.argv[1:] == ["--check"]
    same = True
    os.makedirs(VERDICTS, exist_ok=True)
    for area in sorted(os.listdir(POLICIES)):
        if not glob.glob(os.path.join(POLICIES, area, "*.rego")):
            continue  # a file, or the examples
        path = os.path.join(VERDICTS, f"{area}.json")
        text = verdicts(area)
        if check:
            with open(path, encoding="utf-8") as file:
                if file.read() != text:
                    print(f"{path} differs from what OPA says: run scripts/policy_verdicts.py")
                    same = False
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            print(f"{path}: {text.count(chr(10)) - 2} inputs")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
