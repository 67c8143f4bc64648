"""The fields of a Struct, in words that a reader of JSON understands."""

import typing
from decimal import Decimal
from typing import TypeAliasType

import msgspec

from reference.markdown import code, parameters, table


def struct_fields(kind: type) -> str:
    """Return the table of a Struct's fields; what they mean is what its docstring says."""
    said = parameters(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(kind):
        usual = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        default = "" if field.required else code(msgspec.json.encode(usual).decode())
        rows.append((code(field.name), type_name(hints[field.name]), default, said.get(field.name, "")))
    return table(["field", "type", "default", "meaning"], rows)


def type_name(hint: object) -> str:
    """Return a type in words that a reader of JSON understands."""
    hint = _bare(hint)
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(code(str(each)) for each in arguments)
    if typing.get_origin(hint) is tuple:
        return f"list of {type_name(arguments[0])}"
    if typing.get_origin(hint) is dict:
        return f"mapping of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if arguments:
        return " or ".join(type_name(each) for each in arguments)
    plain = {"str": "string", "int": "integer", "bool": "true or false", "Decimal": "decimal string", "NoneType": "null"}
    name = getattr(hint, "__name__", str(hint))
    return plain.get(name, name)


def _bare(hint: object) -> object:
    """Return a type without its alias and its annotation; text that is annotated as a decimal is one."""
    if isinstance(hint, TypeAliasType):
        return _bare(hint.__value__)
    if typing.get_origin(hint) is typing.Annotated:
        base, *metas = typing.get_args(hint)
        formats = [(meta.extra_json_schema or {}).get("format") for meta in metas if isinstance(meta, msgspec.Meta)]
        return Decimal if "decimal" in formats else _bare(base)
    return hint
