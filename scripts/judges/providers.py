"""Terraform providers without a registry: a mirror on this machine, otherwise the project's stub provider."""

import os
import pathlib

import content
import install
import places
import shell

STUB = places.ROOT / "tests" / "terraform-stub-provider" / "install.sh"
WANTED = "registry.terraform.io/hashicorp/aws"


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


def _holds(mirror):
    """Whether it has the provider itself: Terraform's own working folders hold links to one."""
    found = (mirror / WANTED).glob("*/*/terraform-provider-aws*")
    return any(not path.parent.is_symlink() and not path.is_symlink() for path in found)


def find_mirror():
    """Returns a folder laid out as Terraform's filesystem mirror that holds the AWS provider, or None."""
    remembered = places.cache() / "terraform" / "mirror"
    places_to_try = list(_usual_places())
    if remembered.exists():
        places_to_try.append(pathlib.Path(remembered.read_text(encoding="utf-8")))
    for place in places_to_try:
        if _holds(place):
            return place
    skipped = ["/proc", "/sys", "/tmp", places.ROOT, places.target(), places.cache()]
    prune = [word for path in skipped for word in ("-path", str(path), "-o")]
    argv = ["find", "/", "(", *prune, "-name", ".terraform", ")", "-prune", "-o", "-type", "d"]
    found = shell.run([*argv, "-path", f"*/{WANTED}", "-print"], limit=120)
    for line in sorted(found.lines()):
        mirror = pathlib.Path(line).parents[2] if line.endswith(WANTED) else None
        # A plugin cache has the same layout but may be half full at any time.
        if mirror and "cache" not in line and _holds(mirror):
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.write_text(str(mirror), encoding="utf-8")
            return mirror
    return None


def _stub(log):
    """Terraform's CLI configuration for the project's stub of the provider, which is made once."""
    if not STUB.exists():
        raise install.Missing("no Terraform provider mirror on this machine, and no stub to build one from")
    mirror = places.cache() / "terraform" / f"stub-{content.of_tree(STUB.parent, skip=('__pycache__',))[:16]}"
    result = shell.run([STUB, mirror], limit=1200, log=log)
    config = mirror / "terraform.tfrc"
    if not result.ok or not config.exists():
        raise install.Missing("stub provider: " + "\n".join(result.lines()[-8:]))
    return config


def configure(log):
    """Returns (Terraform's CLI configuration for the judges, what it uses in words)."""
    mirror = None if os.environ.get("GOLDPATH_TERRAFORM_MIRROR") == "stub" else find_mirror()
    if not mirror:
        return _stub(log), "Terraform providers: the stub"
    text = (
        "provider_installation {\n  filesystem_mirror {\n"
        f'    path    = "{mirror}"\n    include = ["registry.terraform.io/*/*"]\n  }}\n}}\n'
    )
    config = places.cache() / "terraform" / f"config-{content.of(text)[:16]}.tfrc"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    return config, "Terraform providers: a mirror on this machine"
