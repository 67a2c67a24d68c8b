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
    if own := os.environ.get("GOLDPATH_TERRAFORM_MIRROR"):
        yield pathlib.Path(own)
    home = pathlib.Path.home()
    yield home / ".terraform.d" / "plugins"
    yield home / ".local" / "share" / "terraform" / "plugins"
    yield pathlib.Path("/usr/local/share/terraform/plugins")
    yield pathlib.Path("/usr/share/terraform/plugins")


def _holds(mirror):
    return next((mirror / WANTED).glob("*/*/terraform-provider-aws*"), None) is not None


def find_mirror():
    """Returns a folder laid out as Terraform's filesystem mirror that holds the AWS provider, or None."""
    for place in _usual_places():
        if _holds(place):
            return place
    found = shell.run(
        ["find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", str(places.cache()), ")", "-prune"]
        + ["-o", "-type", "d", "-path", f"*/{WANTED}", "-print", "-quit"],
        limit=120,
    )
    for line in found.lines():
        mirror = pathlib.Path(line).parents[2]
        if _holds(mirror):
            return mirror
    return None


def configure(log):
    """Writes Terraform's CLI configuration for the judges and returns (its path, what it uses)."""
    mirror, told = find_mirror(), "providers from the mirror on this machine"
    if not mirror:
        if not STUB.exists():
            raise install.Missing("no Terraform provider mirror on this machine, and no stub provider to build one from")
        mirror = places.cache() / "terraform" / f"stub-{content.of_tree(STUB.parent)[:16]}"
        told = "providers from the stub (no mirror on this machine)"
        if not (mirror / ".installed").exists():
            result = shell.run([STUB, mirror], limit=900, log=log)
            if not result.ok:
                raise install.Missing("stub provider: " + "\n".join(result.lines()[-8:]))
            (mirror / ".installed").touch()
    text = (
        "provider_installation {\n  filesystem_mirror {\n"
        f'    path    = "{mirror}"\n    include = ["registry.terraform.io/*/*"]\n  }}\n}}\n'
    )
    config = places.cache() / "terraform" / f"config-{content.of(text)[:16]}.tfrc"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(text, encoding="utf-8")
    return config, told
