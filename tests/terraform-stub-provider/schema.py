"""Reads a provider's schema out of the npm package with its CDK bindings.

    schema.py PACKAGE.tgz SCHEMA.pb

The bindings are generated from the provider's own schema, one folder for each resource and data source, and its
JavaScript still says all that a schema says: names, types, which attributes are optional, which blocks repeat and
whether as a list or a set. It is read here with regular expressions, which suffices because a program wrote it.

What cannot be seen there: whether an optional attribute is computed as well (taken as such here), values that are
allowed, conflicts between arguments, least and largest numbers of blocks beyond one.
"""

import dataclasses
import json
import re
import sys
import tarfile

import protocol

pb = protocol.messages

# An entry of the table that a class writes its input from:
#     alarm_actions: {
#         value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(this._alarmActions),
#         isBlock: false,
#         type: "set",
#         storageClassType: "stringList",
#     },
INPUT = re.compile(
    r"^ +(?P<name>\w+): \{\n"
    r" +value: (?P<value>.*),\n"
    r" +isBlock: (?P<block>true|false),\n"
    r' +type: "(?P<collection>\w+)",\n'
    r' +storageClassType: "(?P<storage>\w+)",\n',
    re.M,
)
STRUCT = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}\n", re.M | re.S)
CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}\n", re.M | re.S)
SYNTHESIZE = re.compile(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}\n", re.M | re.S)
RESOURCE_TYPE = re.compile(r"terraformResourceType: '(\w+)'")
VERSION = re.compile(r"providerVersion: '([0-9.]+)'")
# get alarmActions() { return cdktf.Fn.tolist(this.getListAttribute('alarm_actions')); }
GETTER = re.compile(
    r"^    get (\w+)\(\) \{\n(?: +//.*\n)* +return (?P<set>cdktf\.Fn\.tolist\()?"
    r"(?:cdktf\.Token\.\w+\()?this\.get(?P<kind>\w+)Attribute\('(?P<name>\w+)'\)",
    re.M,
)
# this._metric = new CloudwatchMetricAlarmMetricQueryMetricOutputReference(this, "metric");
MEMBER = re.compile(
    r"^        this\._(\w+) = new (?P<type>\w+)\(this, [\"'](?P<name>\w+)[\"'](?:, (?P<set>true|false))?",
    re.M,
)
RESET = re.compile(r"^    reset(\w+)\(\)", re.M)
ACCESS = re.compile(r"\((?:this\._|struct\.)(\w+)(?:\.internalValue)?\)$")

SCALARS = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
GETTERS = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
}


@dataclasses.dataclass
class Input:
    """An argument: an attribute, or a block of the struct that it names."""

    name: str
    optional: bool
    type: object = None
    struct: str = ""
    collection: str = ""
    repeats: bool = False


def plain_type(collection, storage):
    """stringList of a set -> ["set", "string"]; stringMapList of a list -> ["list", ["map", "string"]]"""
    scalar = re.match(r"string|number|boolean|any", storage).group()
    inner, wrappers = SCALARS[scalar], re.findall(r"List|Map", storage[len(scalar) :])
    for depth, wrapper in enumerate(wrappers):
        outermost = depth == len(wrappers) - 1
        inner = [collection if outermost and collection != "simple" else wrapper.lower(), inner]
    return inner


def is_dynamic(block):
    """Whether a block holds a value of any type; Terraform has no sets of such blocks."""
    return any(b"dynamic" in attribute.type for attribute in block.attributes) or any(
        is_dynamic(nested.block) for nested in block.block_types
    )


class Module:
    """One resource, data source or provider: one index.js."""

    def __init__(self, source):
        self.classes = {name: (base, body) for name, base, body in CLASS.findall(source)}
        self.structs = {name[0].upper() + name[1:]: body for name, body in STRUCT.findall(source)}
        bases = ("TerraformResource", "TerraformDataSource", "TerraformProvider")
        self.main, self.kind = next(
            ((name, base) for name, (base, _) in self.classes.items() if base in bases), (None, None)
        )
        found = RESOURCE_TYPE.search(source)
        self.type = found.group(1) if found else None

    def _inputs(self, table, body):
        resettable = set(RESET.findall(body))
        for entry in INPUT.finditer(table):
            member = ACCESS.search(entry["value"]).group(1)
            one = Input(entry["name"], member[0].upper() + member[1:] in resettable, collection=entry["collection"])
            if entry["block"] == "true":
                one.struct = re.search(r"(\w+)ToHclTerraform", entry["value"]).group(1)
                one.struct = one.struct[0].upper() + one.struct[1:]
                one.repeats = "MapperHcl(" in entry["value"]
            else:
                one.type = plain_type(entry["collection"], entry["storage"])
            yield one

    def _outputs(self, body):
        """What a class can be asked for: (name, type)."""
        for getter in GETTER.finditer(body):
            kind = GETTERS.get(getter["kind"])
            if kind is not None:
                yield getter["name"], ["set", kind[1]] if getter["set"] else kind
        for member in MEMBER.finditer(body):
            name = member["type"]
            element = self._object(re.sub(r"(List|Map|OutputReference)$", "", name))
            if name.endswith("OutputReference"):
                yield member["name"], ["list", element]
            elif name.endswith("Map"):
                yield member["name"], ["map", element]
            else:
                yield member["name"], ["set" if member["set"] == "true" else "list", element]

    def _object(self, struct):
        _, body = self.classes.get(struct + "OutputReference", ("", ""))
        return ["object", dict(self._outputs(body))]

    def _block(self, table, body):
        block, seen = pb["Block"](), set()
        for one in self._inputs(table, body):
            seen.add(one.name)
            if not one.struct:
                block.attributes.add(
                    name=one.name,
                    type=json.dumps(one.type).encode(),
                    required=not one.optional,
                    optional=one.optional,
                    computed=one.optional,
                )
                continue
            nested = block.block_types.add(type_name=one.name)
            nested.nesting = {"struct": protocol.SINGLE, "set": protocol.SET, "map": protocol.MAP}.get(
                one.collection, protocol.LIST
            )
            if nested.nesting in (protocol.LIST, protocol.SET):
                nested.min_items = 0 if one.optional else 1
                nested.max_items = 0 if one.repeats else 1
            _, inner = self.classes.get(one.struct + "OutputReference", ("", ""))
            nested.block.CopyFrom(self._block(self.structs.get(one.struct, ""), inner))
            if nested.nesting == protocol.SET and is_dynamic(nested.block):
                nested.nesting = protocol.LIST
        for name, kind in self._outputs(body):
            if name not in seen:
                seen.add(name)
                block.attributes.add(name=name, type=json.dumps(kind).encode(), computed=True)
        return block

    def schema(self):
        _, body = self.classes[self.main]
        table = SYNTHESIZE.search(body)
        block = self._block(table.group(1) if table else "", body)
        if self.kind == "TerraformProvider":
            for attribute in block.attributes:
                attribute.computed = False
        elif not any(attribute.name == "id" for attribute in block.attributes):
            block.attributes.add(name="id", type=b'"string"', optional=True, computed=True)
        return pb["Schema"](block=block)


def read(package):
    """Returns (the provider's schema, its version)."""
    schema, version = pb["ProviderSchema"](), None
    with tarfile.open(package, "r|gz") as archive:
        for member in archive:
            if not re.fullmatch(r"package/lib/[\w-]+/index\.js", member.name):
                continue
            source = archive.extractfile(member).read().decode()
            module = Module(source)
            if not module.main:
                continue
            version = version or next(iter(VERSION.findall(source)), None)
            if module.kind == "TerraformProvider":
                schema.provider.CopyFrom(module.schema())
            elif module.kind == "TerraformResource":
                schema.resource_schemas[module.type].CopyFrom(module.schema())
            else:
                schema.data_source_schemas[module.type].CopyFrom(module.schema())
    return schema, version


def main():
    package, out = sys.argv[1:]
    schema, version = read(package)
    if not schema.resource_schemas or not schema.HasField("provider") or not version:
        sys.exit(f"{package}: no provider in it that this program understands")
    with open(out, "wb") as file:
        file.write(schema.SerializeToString(deterministic=True))
    counts = f"{len(schema.resource_schemas)} resources, {len(schema.data_source_schemas)} data sources"
    print(f"schema of version {version}: {counts}", file=sys.stderr)
    print(version)


if __name__ == "__main__":
    main()
