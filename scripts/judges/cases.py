"""The emitted repositories that are judged: as they come, and after a release."""

import fnmatch
import json
import os
import pathlib
import re
import shutil

import content
import shell

# The digest that releases promote: a made-up image, the same in every case, so that equal manifests stay equal.
DIGEST = "sha256:" + content.of("an image that only these tests know")
EARLIER = "sha256:" + content.of("the image before it")


class Case:
    """One repository. `tree` is what was emitted; `released` is a copy with every environment promoted and rendered."""

    def __init__(self, name, tree, answers=None, released=None, ignored=(), varied=()):
        self.name = name
        self.tree = pathlib.Path(tree)
        self.answers = answers or {}
        self.varied = varied  # the questions whose answers differ from case to case, in order
        self.released = pathlib.Path(released) if released else None
        self.ignored = ignored
        self._files = None
        self._digests = {}

    def all_files(self):
        """Every file that git would commit, as a path relative to the tree."""
        if self._files is None:
            if (self.tree / ".git").exists():
                told = shell.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=self.tree)
                names = {name for name in told.out.split("\0") if name}
            else:
                names = {str(path.relative_to(self.tree)) for path in self.tree.rglob("*") if path.is_file()}
            keep = (name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in self.ignored))
            self._files = sorted(name for name in keep if (self.tree / name).is_file())
        return self._files

    def files(self, *patterns):
        """The files that match one of the patterns; `*` also crosses folders."""
        return [name for name in self.all_files() if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]

    def text(self, name):
        return (self.tree / name).read_text(encoding="utf-8", errors="replace")

    def digest_of(self, name):
        """The hash of a file's content, whatever its name; a file that isn't there counts as absent."""
        if name not in self._digests:
            path = self.tree / name
            self._digests[name] = content.of_file(path) if path.is_file() else "absent"
        return self._digests[name]

    def digest(self, *names):
        """The hash of some files' names and contents."""
        return content.of(*(part for name in names for part in (name, self.digest_of(name))))

    def manifests(self):
        """The rendered manifests, a file for each environment."""
        root = self.released or self.tree
        return {path.stem: path for path in sorted((root / "build" / "manifests").glob("*.yaml"))}

    def images(self):
        """For each environment the one file that a promotion changes, whatever renders the manifests."""
        found = {}
        for name in self.files("deploy/kustomize/overlays/*/image/kustomization.yaml", "deploy/helm/*/images/*.yaml"):
            path = pathlib.PurePosixPath(name)
            found[path.stem if path.parent.name == "images" else path.parent.parent.name] = name
        return found

    def environments(self):
        return sorted(self.images())

    def stage(self, names, target):
        """Copies some of the files, keeping their paths."""
        for name in names:
            place = pathlib.Path(target) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.tree / name, place)


def project(root):
    """goldpath itself, for the judges that look at it too: without templates, and what is bad on purpose."""
    return Case("goldpath", root, ignored=("*.jinja", "scripts/judges/selftest/*", "tests/fixtures/foreign/*", "*/snapshots/*"))


def load(folder):
    """The cases that the matrix example wrote, from its cases.json."""
    listed = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    cases = []
    for entry in listed:
        place = pathlib.Path(entry["dir"])
        tree = place if place.is_absolute() else folder / place
        cases.append(Case(entry["case"], tree, entry["answers"], varied=entry.get("varied", ())))
    return cases


def _git_environment(tools):
    person = {"NAME": "Goldpath Tests", "EMAIL": "tests@goldpath.example"}
    env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    return tools.environment(**env, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")


def commit(folder, message, env, log):
    shell.run(["git", "add", "-A"], cwd=folder, env=env, log=log)
    return shell.run(["git", "commit", "-q", "-m", message], cwd=folder, env=env, log=log)


def _promote(case, copy, environment, digest, env, log):
    """Promotes one environment and returns what is wrong with how that went."""
    argv = ["make", "--no-print-directory", "promote", f"ENV={environment}", f"DIGEST={digest}", "VERIFY=0"]
    result = shell.run(argv, cwd=copy, env=env, limit=120, log=log)
    if not result.ok:
        return [f"[{case.name}] make promote ENV={environment}: exit {result.code}: {' / '.join(result.lines()[-3:])}"]
    allowed = case.images()[environment]
    changed = shell.run(["git", "status", "--porcelain"], cwd=copy, env=env).lines()
    others = [line for line in changed if line[3:] != allowed]
    if others:
        return [f"[{case.name}] promoting {environment} changes more than {allowed}: {', '.join(others)}"]
    if changed:
        commit(copy, f"Promote {environment}", env, log)
    if digest not in (copy / allowed).read_text(encoding="utf-8"):
        return [f"[{case.name}] {allowed} does not hold {digest} after the promotion"]
    return []


def release(case, folder, tools, log):
    """Releases a copy of the case to every environment, there and back, and renders it. Returns what is wrong."""
    copy = folder / case.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(case.tree, copy, symlinks=True)
    case.released = copy
    env = _git_environment(tools)
    if not (copy / ".git").exists():
        shell.run(["git", "init", "-q"], cwd=copy, env=env, log=log)
        commit(copy, "Start", env, log)
    findings = []
    if not case.environments():
        return [f"[{case.name}] no file says which image an environment runs"]
    for environment in case.environments():
        findings += _promote(case, copy, environment, DIGEST, env, log)
    if findings:
        return findings
    last = case.environments()[-1]
    findings += _promote(case, copy, last, EARLIER, env, log)
    back = ["make", "--no-print-directory", "rollback", f"ENV={last}", "VERIFY=0"]
    result = shell.run(back, cwd=copy, env=env, limit=120, log=log)
    image = copy / case.images()[last]
    if not result.ok or DIGEST not in image.read_text(encoding="utf-8"):
        findings += [f"[{case.name}] make rollback ENV={last} does not bring the previous digest back: "
                     + " / ".join(result.lines()[-3:])]
    commit(copy, f"Roll {last} back", env, log)
    result = shell.run(["make", "--no-print-directory", "render"], cwd=copy, env=env, limit=180, log=log)
    if not result.ok:
        findings += [f"[{case.name}] make render: exit {result.code}: {' / '.join(result.lines()[-4:])}"]
    for environment in case.environments():
        manifest = copy / "build" / "manifests" / f"{environment}.yaml"
        if not manifest.exists():
            findings += [f"[{case.name}] make render wrote no build/manifests/{environment}.yaml"]
        elif not re.search(re.escape("@" + DIGEST), manifest.read_text(encoding="utf-8")):
            findings += [f"[{case.name}] build/manifests/{environment}.yaml does not run the promoted digest"]
    return findings
