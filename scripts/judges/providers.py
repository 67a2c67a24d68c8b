"""Terraform providers without a registry: what mirrors on this machine hold, and the project's stubs of the others."""

import os
import pathlib

import content
import install
import places
import shell

STUB = places.ROOT / "tests" / "terraform-stub-provider" / "install.sh"
OWNER = "registry.terraform.io/hashicorp"
WANTED = ("aws", "azurerm", "google")


def _usual_places():
    """Where Terraform itself would look, and what the user names."""
    own = os.environ.get("GOLDPATH_TERRAFORM_MIRROR")
    if own and own != "stub":
        yield pathlib.Path(own)
    home = pathlib.Path.home()
    yield home / ".terraform.d" / "plugins"
    yield home / ".local" / "share" / "terraform" / "plugins"
    yield pathlib.Path("/usr/local/share/terraform/plugins")
    yield pathlib.Path("/usr/share/terraform/plugins")


def _held(mirror):
    """The providers that it has, the real ones: Terraform's own working folders hold links to them."""

    def real(path):
        return not path.parent.is_symlink() and not path.is_symlink()

    return [name for name in WANTED if any(map(real, (mirror / OWNER / name).glob(f"*/*/terraform-provider-{name}*")))]


def find_mirror():
    """Returns a folder laid out as Terraform's filesystem mirror that holds one of the providers, or None."""
    remembered = places.cache() / "terraform" / "mirror"
    places_to_try = list(_usual_places())
    if remembered.exists():
        places_to_try.append(pathlib.Path(remembered.read_text(encoding="utf-8")))
    for place in places_to_try:
        if _held(place):
            return place
    skipped = ["/proc", "/sys", "/tmp", places.ROOT, places.target(), places.cache()]
    prune = [word for path in skipped for word in ("-path", str(path), "-o")]
    argv = ["find", "/", "(", *prune, "-name", ".terraform", ")", "-prune", "-o", "-type", "d"]
    found = shell.run([*argv, "-path", f"*/{OWNER}", "-print"], limit=120)
    for line in sorted(found.lines()):
        mirror = pathlib.Path(line).parents[1] if line.endswith(OWNER) else None
        # A plugin cache has the same layout but may be half full at any time.
        if mirror and "cache" not in line and _held(mirror):
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.write_text(str(mirror), encoding="utf-8")
            return mirror
    return None


def _stubs(log):
    """A mirror with the project's stubs of the providers, which are made once."""
    if not STUB.exists():
        raise install.Missing("no mirror of Terraform's providers on this machine, and no stubs to build one from")
    mirror = places.cache() / "terraform" / f"stub-{content.of_tree(STUB.parent, skip=('__pycache__',))[:16]}"
    result = shell.run([STUB, mirror], limit=1800, log=log)
    if not result.ok or not (mirror / "terraform.tfrc").exists():
        raise install.Missing("stub providers: " + "\n".join(result.lines()[-8:]))
    return mirror


def _installed_from(mirror, names):
    include = ", ".join(f'"{OWNER}/{name}"' for name in names)
    return f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = [{include}]\n  }}\n'


def configure(log):
    """Returns (Terraform's CLI configuration for the judges, what it uses in words)."""
    mirror = None if os.environ.get("GOLDPATH_TERRAFORM_MIRROR") == "stub" else find_mirror()
    held = _held(mirror) if mirror else []
    others = [name for name in WANTED if name not in held]
    blocks = [_installed_from(mirror, held)] if held else []
    blocks += [_installed_from(_stubs(log), others)] if others else []
    text = "provider_installation {\n" + "".join(blocks) + "}\n"
    config = places.cache() / "terraform" / f"config-{content.of(text)[:16]}.tfrc"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    words = [f"a mirror's {', '.join(held)}"] if held else []
    words += [f"stubs of {', '.join(others)}"] if others else []
    return config, "Terraform providers: " + ", ".join(words)
