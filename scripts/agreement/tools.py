"""The other tools, each as a function of a stage that returns what it found: its check, the file and the line."""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import units

Found = collections.namedtuple("Found", "check path line what")


def _run(argv, place, tools, limit=1800, **more):
    env = tools.environment(LOG_LEVEL="ERROR", BC_SKIP_MAPPING="TRUE", **more)
    # What a tool prints for people about its progress belongs to nobody.
    return subprocess.run([str(part) for part in argv], cwd=place, env=env, capture_output=True, text=True, timeout=limit).stdout


def _json(text):
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    return json.JSONDecoder().raw_decode(text[min(starts) :])[0] if starts else None


def checkov(place, staged, tools):
    frameworks = ["kubernetes", "terraform", "dockerfile", "github_actions", "gitlab_ci", "azure_pipelines"]
    argv = [tools["checkov"], "--directory", ".", "--framework", *frameworks, "--skip-download", "--compact", "--quiet", "--output", "json"]
    told = _json(_run(argv, place, tools)) or []
    for part in told if isinstance(told, list) else [told]:
        for bad in (part.get("results") or {}).get("failed_checks", []):
            path = bad["file_path"].lstrip("/")
            first, _ = bad["file_line_range"]
            yield Found(bad["check_id"], path, first, bad["resource"])


def trivy(place, staged, tools):
    with tempfile.TemporaryDirectory() as cache:
        argv = [tools["trivy"], "config", "--quiet", "--skip-check-update", "--skip-version-check", "--disable-telemetry"]
        told = _json(_run([*argv, "--format", "json", "--cache-dir", cache, "."], place, tools)) or {}
    for part in told.get("Results") or []:
        for bad in part.get("Misconfigurations") or []:
            yield Found(bad["ID"], part["Target"], bad.get("CauseMetadata", {}).get("StartLine", 0) or 1, bad["Message"])


def kube_score(place, staged, tools):
    argv = [tools["kube-score"], "score", "--output-format", "json", "--enable-optional-test", "container-seccomp-profile"]
    for path in sorted(path for path, kind in staged.items() if kind == "object"):
        told = _json(_run([*argv, path], place, tools, limit=120))
        for item in told or []:
            for check in item.get("checks") or []:
                if check.get("skipped") or check.get("grade", 10) >= 10:
                    continue
                # Its row is that of the first object of a stream that helm printed.
                line = units.line_of(place / path, item["type_meta"]["kind"], item["object_meta"].get("name"))
                yield Found(check["check"]["id"], path, line, item["object_name"])


def hadolint(place, staged, tools):
    paths = sorted(path for path, kind in staged.items() if kind == "dockerfile")
    if not paths:
        return
    told = _json(_run([tools["hadolint"], "--no-fail", "--format", "json", *paths], place, tools))
    for bad in told or []:
        yield Found(bad["code"], bad["file"], bad["line"], bad["message"])


def zizmor(place, staged, tools):
    if not any(path.startswith(".github/") for path in staged):
        return
    argv = [tools["zizmor"], "--offline", "--persona", "auditor", "--no-exit-codes", "--format", "json", "."]
    for bad in _json(_run(argv, place, tools)) or []:
        for location in bad["locations"]:
            if location["symbolic"]["kind"] != "Primary":
                continue
            path = location["symbolic"]["key"]["Local"]["verbatim_path"]
            line = location["concrete"]["location"]["start_point"]["row"] + 1
            yield Found(bad["ident"], os.path.normpath(path), line, bad["desc"])


def actionlint(place, staged, tools):
    paths = sorted(path for path in staged if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", path))
    if not paths:
        return
    told = _json(_run([tools["actionlint"], "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", *paths], place, tools))
    for bad in told or []:
        yield Found(bad["kind"], bad["filepath"], bad["line"], bad["message"])


ALL = {"checkov": checkov, "trivy": trivy, "kube-score": kube_score, "hadolint": hadolint, "zizmor": zizmor, "actionlint": actionlint}


def found(name, place, staged, tools, cache):
    """What a tool finds; kept in a file, since some take minutes."""
    kept = pathlib.Path(cache) / f"{name}.json"
    if not kept.exists():
        print(f"  {name} …", file=sys.stderr)
        rows = [list(row) for row in ALL[name](place, staged, tools)]
        kept.write_text(json.dumps(rows), encoding="utf-8")
    return [Found(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
