"""May whoever applies an environment do so, and nothing more? Prints a line for each flaw.

Runs in an environment that has PyYAML: access.py TREE MANIFEST ENVIRONMENT. The objects that are rendered are held against
what the repository lets Argo CD (an AppProject), Flux (a Role for each environment) or its pipeline (one Role) change.
"""

import pathlib
import sys

import yaml

# Whoever deploys from a pipeline has no right to its own bounds: an administrator applies these.
BOUNDS = {("", "Namespace"), ("", "ResourceQuota"), ("", "LimitRange")}
APPLY = {"get", "create", "patch"}


def documents(path):
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def group(one):
    return one["apiVersion"].rpartition("/")[0]


def plural(kind):
    word = kind.lower()
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def changed(role):
    """{(group, resource): verbs} of what a Role lets change."""
    found = {}
    for rule in role["rules"]:
        for name in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((name, resource), set()).update(rule["verbs"])
    return {what: verbs for what, verbs in found.items() if verbs - {"get", "list", "watch"}}


def held(place, allowed, needed):
    for name, what in sorted(needed - allowed):
        yield f"{place} does not allow {what} ({name or 'core'}), which is rendered"
    for name, what in sorted(allowed - needed):
        yield f"{place} allows {what} ({name or 'core'}), which is not rendered"


def project(place, one, kinds):
    spec = one["spec"]
    listed = [*spec["clusterResourceWhitelist"], *spec["namespaceResourceWhitelist"]]
    yield from held(place, {(each["group"], each["kind"]) for each in listed}, kinds)


def role(place, one, kinds, own):
    """`own` are kinds for which other verbs do: they are not made by whoever has the Role."""
    rights = changed(one)
    yield from held(place, set(rights), {(name, plural(kind)) for name, kind in kinds})
    for (name, resource), verbs in sorted(rights.items()):
        lost = ({"get", "patch"} if (name, resource) in own else APPLY) - verbs
        if lost:
            yield f"{place} does not allow to {', '.join(sorted(lost))} {resource} ({name or 'core'})"


def flaws(tree, manifest, environment):
    kinds = {(group(one), one["kind"]) for one in documents(manifest)}
    looked = 0
    for path in sorted([*tree.glob("gitops/**/*.yaml"), *tree.glob("deploy/access/*.yaml")]):
        place = path.relative_to(tree).as_posix()
        for one in documents(path):
            if one["kind"] == "AppProject":
                looked += 1
                yield from project(place, one, kinds)
            elif one["kind"] == "Role" and place.startswith("deploy/access/"):
                looked += 1
                yield from role(place, one, kinds - BOUNDS, set())
            elif one["kind"] == "Role" and place.startswith(f"gitops/flux/{environment}/"):
                looked += 1
                yield from role(place, one, kinds, {("", "namespaces")})
    if looked != 1:
        yield f"{looked} objects say what may be applied to {environment}, there should be one"


def main():
    tree, manifest, environment = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    found = list(flaws(tree, manifest, environment))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
