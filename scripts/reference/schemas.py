"""Documents that have a JSON Schema: those that people write, and those that `--json` prints."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec

from reference.markdown import as_markdown, code, page, table
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec

type Schema = dict[str, Any]

_RUN_SPEC = """
A RunSpec is a YAML document of the fields below. `tc spec init` writes one with comments, `tc spec validate` checks one, and
`tc spec schema` prints its JSON Schema for editors. A field without a default must be given; an unknown field is an error.
"""

_INSTRUMENT = """
An instrument is a document too: `instruments/<id>.yaml` beside the RunSpec, else `specs/instruments/<id>.yaml` in the current
folder, else one that tc packages. Its file is named after its id.
"""

_JSON = """
Every command that reports takes `--json` and then prints one JSON object to stdout; errors still go to stderr.
`a.b` is `b` inside of `a`, `a[]` is each element of a list, and a name that ends with `?` may be missing.
The JSON Schemas themselves lie in `src/tc/cli/schemas/`, and a test holds the output to them.
"""


def run_spec() -> str:
    """Return the page of the documents that people write, field by field."""
    return page(
        "RunSpec and instruments",
        _RUN_SPEC,
        *_sections(msgspec.json.schema(RunSpec)),
        _INSTRUMENT,
        *_sections(msgspec.json.schema(InstrumentSpec)),
    )


def json_output() -> str:
    """Return the page of what each `--json` prints, value by value."""
    blocks = [_JSON]
    for file in sorted(files("tc.cli").joinpath("schemas").iterdir(), key=lambda each: each.name):
        schema = json.loads(file.read_text(encoding="utf-8"))
        rows = [(code(path), kind(each), meaning(each)) for path, each in _values(schema, schema.get("$defs", {}))]
        blocks += [f"## {schema['title']}", schema["description"], table(["value", "type", "meaning"], rows)]
    return page("JSON output", *blocks)


def _values(schema: Schema, definitions: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    for name, each in schema.get("properties", {}).items():
        field = _resolved(each, definitions)
        optional = "" if name in schema.get("required", []) else "?"
        inner = f"{path}{name}{optional}"
        yield inner, {**field, "description": each.get("description", field.get("description", ""))}
        for alternative in field.get("anyOf", [field]):
            value = _resolved(alternative, definitions)
            yield from _values(value, definitions, f"{inner}.")
            yield from _values(_resolved(value.get("items", {}), definitions), definitions, f"{inner}[].")


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _sections(schema: Schema) -> Iterator[str]:
    for name, part in schema["$defs"].items():
        yield f"## {name}"
        yield as_markdown(part.get("description", ""))
        yield fields(part)


def fields(schema: Schema) -> str:
    """Return the table of an object's fields."""
    required = schema.get("required", [])
    return table(
        ["field", "type", "default", "meaning"],
        [
            (code(name), kind(field), "" if name in required else default(field), meaning(field))
            for name, field in schema.get("properties", {}).items()
        ],
    )


def kind(schema: Schema) -> str:
    """Return what a value may be, in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(each) for each in schema["anyOf"]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if name[0].isupper() else "mapping"
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join("null" if each is None else code(str(each)) for each in values)
    if isinstance(schema.get("type"), list):
        return " or ".join(kind({**schema, "type": each}) for each in schema["type"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    plain = {"boolean": "true or false", "object": "mapping"}
    name = str(schema.get("type", "any"))
    return plain.get(name, name)


def default(schema: Schema) -> str:
    """Return a field's default as JSON."""
    return code(msgspec.json.encode(schema["default"]).decode()) if "default" in schema else ""


def meaning(schema: Schema) -> str:
    """Return what a field means, with an example."""
    text = as_markdown(schema.get("description", ""))
    examples = [
        code(each if isinstance(each, str) else msgspec.json.encode(each).decode()) for each in schema.get("examples", [])
    ]
    return f"{text} Example: {', '.join(examples)}" if examples else text
