"""Prepares schemas for kubeconform. Runs in an environment that has PyYAML and kubernetes-validate.

    schemas.py crds OUTPUT FILE...          strict schemas of custom resources: OUTPUT/<group>/<kind>_<version>.json
    schemas.py kubernetes OUTPUT VERSION... Kubernetes' own, strict: OUTPUT/v<version>/<kind>-<group>-<version>.json
"""

import json
import pathlib
import sys

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.1 gives a bare `=` a type of its own, which Prometheus's matchers don't mean."""


Loader.add_constructor("tag:yaml.org,2002:value", Loader.construct_yaml_str)


def strict(schema):
    """Returns the schema with unknown fields forbidden wherever the API server would prune them."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    out = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: strict(sub) for name, sub in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = strict(value)
        else:
            # allOf, anyOf, oneOf and not only narrow what `properties` allows: they must not forbid fields themselves.
            out[key] = value
    if out.pop("nullable", False) and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    keeps_unknown = out.get("x-kubernetes-preserve-unknown-fields") or out.get("x-kubernetes-embedded-resource")
    if "properties" in out and "additionalProperties" not in out and not keeps_unknown:
        out["additionalProperties"] = False
    return out


def crds(target, files):
    written = 0
    for name in files:
        for document in yaml.load_all(pathlib.Path(name).read_text(encoding="utf-8"), Loader):
            if not document or document.get("kind") != "CustomResourceDefinition":
                continue
            spec = document["spec"]
            folder = target / spec["group"]
            folder.mkdir(parents=True, exist_ok=True)
            for version in spec["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["$schema"] = "http://json-schema.org/draft-07/schema#"
                schema["properties"]["metadata"] = {"type": "object"}
                schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
                place = folder / f"{spec['names']['kind'].lower()}_{version['name']}.json"
                place.write_text(json.dumps(schema, sort_keys=True), encoding="utf-8")
                written += 1
    return written


def kubernetes(target, versions):
    import kubernetes_validate

    source = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    written = 0
    for version in versions:
        folder = target / f"v{version}"
        folder.mkdir(parents=True, exist_ok=True)
        for file in (source / f"v{version}-local-strict").glob("*.json"):
            schema = json.loads(file.read_text(encoding="utf-8"))
            # Its `$id` is an address on the web, and references are relative to that: make them relative to the file.
            for key in ("$id", "id"):
                schema.pop(key, None)
            text = json.dumps(schema).replace('"/api/_definitions.json#', '"_definitions.json#')
            (folder / file.name).write_text(text, encoding="utf-8")
            written += 1
    return written


def main():
    what, target, rest = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    written = {"crds": crds, "kubernetes": kubernetes}[what](target, rest)
    if not written:
        sys.exit(f"no schema found for {what} {' '.join(rest)}")
    print(f"{written} schemas")


if __name__ == "__main__":
    main()
