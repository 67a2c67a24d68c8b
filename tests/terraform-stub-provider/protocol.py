"""The part of Terraform's plugin protocol 5 that this stub speaks.

Message classes are made here, at run time, from a table of their fields: nothing has to be generated beforehand, and
the only dependency is the protobuf runtime. Numbers and types are those of the protocol's tfplugin5.proto.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin5"

SINGLE, LIST, SET, MAP = 1, 2, 3, 4  # Schema.NestedBlock.NestingMode
ERROR = 1  # Diagnostic.Severity

# message: {field: (number, type)}; "[x]" is repeated, "{x}" a map from string.
MESSAGES = {
    "DynamicValue": {"msgpack": (1, "bytes"), "json": (2, "bytes")},
    "Diagnostic": {"severity": (1, "int32"), "summary": (2, "string"), "detail": (3, "string")},
    "Attribute": {
        "name": (1, "string"),
        "type": (2, "bytes"),
        "description": (3, "string"),
        "required": (4, "bool"),
        "optional": (5, "bool"),
        "computed": (6, "bool"),
        "sensitive": (7, "bool"),
    },
    "NestedBlock": {
        "type_name": (1, "string"),
        "block": (2, "Block"),
        "nesting": (3, "int32"),
        "min_items": (4, "int64"),
        "max_items": (5, "int64"),
    },
    "Block": {"version": (1, "int64"), "attributes": (2, "[Attribute]"), "block_types": (3, "[NestedBlock]")},
    "Schema": {"version": (1, "int64"), "block": (2, "Block")},
    "ProviderSchema": {
        "provider": (1, "Schema"),
        "resource_schemas": (2, "{Schema}"),
        "data_source_schemas": (3, "{Schema}"),
        "diagnostics": (4, "[Diagnostic]"),
    },
    "PrepareRequest": {"config": (1, "DynamicValue")},
    "PrepareResponse": {"prepared_config": (1, "DynamicValue"), "diagnostics": (2, "[Diagnostic]")},
    "RawState": {"json": (1, "bytes")},
    "UpgradeRequest": {"type_name": (1, "string"), "version": (2, "int64"), "raw_state": (3, "RawState")},
    "UpgradeResponse": {"upgraded_state": (1, "DynamicValue"), "diagnostics": (2, "[Diagnostic]")},
    # Responses to what the stub refuses: these carry their diagnostics under different numbers.
    "Refusal1": {"diagnostics": (1, "[Diagnostic]")},
    "Refusal2": {"diagnostics": (2, "[Diagnostic]")},
    "Refusal3": {"diagnostics": (3, "[Diagnostic]")},
    "Refusal4": {"diagnostics": (4, "[Diagnostic]")},
}


def _field(message, name, number, kind):
    types = descriptor_pb2.FieldDescriptorProto
    field = message.field.add(name=name, number=number, label=types.LABEL_OPTIONAL)
    if kind.startswith("["):
        field.label, kind = types.LABEL_REPEATED, kind[1:-1]
    if kind.startswith("{"):
        entry = message.nested_type.add(name="".join(word.title() for word in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _field(entry, "key", 1, "string")
        _field(entry, "value", 2, kind[1:-1])
        field.label, kind = types.LABEL_REPEATED, f"{message.name}.{entry.name}"
    if scalar := getattr(types, "TYPE_" + kind.upper(), None):
        field.type = scalar
    else:
        field.type, field.type_name = types.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _field(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES
    }


messages = _classes()
