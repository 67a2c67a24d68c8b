"""Foreign repositories: which there are, what is in them by our own reckoning, and the stage on which all tools meet.

Nothing here asks goldpath: what a repository holds is found out from its files alone, so that a file that goldpath
overlooks is seen.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess

import yaml

HERE = pathlib.Path(__file__).resolve().parent

# Folders of other people's code, which goldpath says it leaves out.
FOREIGN = {".git", ".terraform", "node_modules", "vendor"}
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """As Kubernetes reads it: `=` is text, and so are days."""


for tag in ("value", "timestamp"):
    Loader.add_constructor(f"tag:yaml.org,2002:{tag}", Loader.construct_yaml_str)


@dataclasses.dataclass(frozen=True)
class Repository:
    name: str
    commit: str
    folder: pathlib.Path
    # Whether other tools are asked about it; some need half an hour for one of the largest.
    compared: bool

    def files(self):
        """What git tracks, as regular files."""
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=self.folder, capture_output=True, check=True).stdout
        names = [name.decode("utf-8", "replace") for name in listed.split(b"\0") if name]
        return [name for name in names if (self.folder / name).is_file() and not (self.folder / name).is_symlink()]


def repositories(corpus):
    """Those of repositories.txt, each at its commit; a missing or different checkout is an error."""
    found, problems = [], []
    for line in (HERE / "repositories.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, commit, *more = line.split()
        folder = pathlib.Path(corpus) / name.replace("/", "+")
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True) if folder.is_dir() else None
        if told is None or told.stdout.strip() != commit:
            problems.append(f"{folder} is no checkout of https://github.com/{name} at {commit}")
        found.append(Repository(name, commit, folder, "reviewed-only" not in more))
    return found, problems


def clone(corpus):
    """Makes the checkouts that are missing, from GitHub."""
    for line in (HERE / "repositories.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, commit = line.split()[:2]
            folder = pathlib.Path(corpus) / name.replace("/", "+")
            if not folder.exists():
                subprocess.run(["git", "clone", "--filter=blob:none", "--no-checkout", f"https://github.com/{name}", folder], check=True)
                subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace")


def documents(text):
    """The maps in a YAML text; `None` where it is no YAML."""
    try:
        return [document for document in yaml.load_all(text, Loader) if isinstance(document, dict)]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def is_object(document):
    return isinstance(document.get("apiVersion"), str) and isinstance(document.get("kind"), str)


def kind_of(name, text):
    """Which kind of file this is that a guardrail could concern; `None` for all others."""
    base = name.rsplit("/", 1)[-1]
    lower = base.lower()
    if base in KUSTOMIZATIONS:
        return "kustomization"
    if lower in ("dockerfile", "containerfile") or lower.startswith("dockerfile.") or lower.endswith(".dockerfile"):
        return "dockerfile"
    if lower.endswith((".tf", ".tfvars")):
        return "terraform"
    if re.match(r"Jenkinsfile([._-]|$)", base) or lower.endswith(".jenkinsfile"):
        return "pipeline"
    if lower.endswith((".yaml", ".yml")):
        if name.startswith((".github/workflows/", ".gitlab/ci/", ".azuredevops/")) or lower in ("action.yml", "action.yaml"):
            return "pipeline"
        if name in (".gitlab-ci.yml", "azure-pipelines.yml"):
            return "pipeline"
        if not re.search(r"apiVersion|groups:|slos:", text):
            return None
        found = documents(text)
        if found is None:
            return "object" if re.search(r"(?m)^apiVersion:", text) and re.search(r"(?m)^kind:", text) else None
        if any(is_object(document) for document in found):
            return "object"
        return "rules" if any(rules(document) for document in found) else None
    if lower.endswith(".json") and "apiVersion" in text:
        try:
            found = json.loads(text)
        except ValueError:
            return None
        return "object" if isinstance(found, dict) and is_object(found) else None
    return None


def rules(document):
    groups = document.get("groups")
    return isinstance(groups, list) and all(isinstance(group, dict) and "rules" in group for group in groups)


def inventory(repository):
    """By path, the kind of each file that a guardrail could concern."""
    found = {}
    for name in repository.files():
        if name.startswith("build/") or FOREIGN & set(name.split("/")):
            continue
        path = repository.folder / name
        kind = kind_of(name, text_of(path) if path.stat().st_size <= 4 << 20 else "")
        if kind:
            found[name] = kind
    return found


def charts(names):
    """The folders of charts that are not inside another one."""
    folders = sorted({name[: -len("Chart.yaml")].rstrip("/") for name in names if name.rsplit("/", 1)[-1] == "Chart.yaml"}, key=len)
    outer = []
    for folder in folders:
        if not any(folder.startswith(f"{above}/") or above == "" for above in outer):
            outer.append(folder)
    return outer


def sources(repository, found):
    """Files that are no objects by themselves: those of charts, and what kustomizations name."""
    names = repository.files()
    parts = set()
    for chart in charts(names):
        parts |= {name for name in found if name.startswith(f"{chart}/" if chart else "")}
    for name in [name for name, kind in found.items() if kind == "kustomization"]:
        folder = os.path.dirname(name)
        for document in documents(text_of(repository.folder / name)) or []:
            entries = [entry for key in ("resources", "bases", "patchesStrategicMerge", "crds", "configurations") for entry in document.get(key) or []]
            entries += [patch.get("path") for key in ("patches", "patchesJson6902") for patch in document.get(key) or [] if isinstance(patch, dict)]
            parts |= {os.path.normpath(os.path.join(folder, entry)) for entry in entries if isinstance(entry, str) and "\n" not in entry}
        parts.add(name)
    return parts


def stage(repository, place, tools, most):
    """Lays out the files that every tool is to judge: the repository's own, and what its charts and kustomizations render.

    At most `most` files of objects are taken, evenly spread, so that one repository of thousands of test manifests
    doesn't outweigh all others. Returns by path in the stage what kind of file it is.
    """
    shutil.rmtree(place, ignore_errors=True)
    found = inventory(repository)
    parts = sources(repository, found)
    plain = [name for name, kind in found.items() if kind == "object" and name not in parts and documents(text_of(repository.folder / name))]
    step = max(1, -(-len(plain) // most))
    staged = {name: "object" for name in plain[::step]}
    staged |= {name: kind for name, kind in found.items() if kind in ("dockerfile", "terraform", "pipeline")}
    for name in staged:
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repository.folder / name, target)
    for label, text in renderings(repository, found, tools):
        target = place / "rendered" / f"{label}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        staged[str(target.relative_to(place))] = "object"
    # git lists what is there, for goldpath as for the others.
    subprocess.run(["git", "init", "-q", "."], cwd=place, check=True)
    return staged


def renderings(repository, found, tools):
    """What kubectl and helm make of each kustomization and chart that they can render without fetching anything."""
    env = tools.environment(HOME=str(HERE / "no-home"))
    for name in [name for name, kind in found.items() if kind == "kustomization"]:
        folder = os.path.dirname(name)
        told = run([tools["kubectl"], "kustomize", repository.folder / folder], env)
        if told:
            yield f"kustomize/{(folder or 'top').replace('/', '_')}", told
    for chart in charts(repository.files()):
        told = run([tools["helm"], "template", "release", repository.folder / chart, "--skip-tests"], env)
        if told:
            yield f"helm/{(chart or 'top').replace('/', '_')}", told


def run(argv, env):
    try:
        told = subprocess.run([str(part) for part in argv], env=env, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    return told.stdout if told.returncode == 0 and told.stdout.strip() else None
