"""JSON Schema (2020-12) of the documents, for editors: made from the same Structs that read them."""

from typing import Any

from msgspec import Struct
from msgspec.json import schema

from tc.spec.gate_rules import OBEYED_BY_THE_GATE
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec

_WHOLE_NUMBERS_TOO = ("decimal", "decimal-or-word")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_spec_schema() -> dict[str, Any]:
    """Return the JSON Schema of a RunSpec."""
    document = schema_of(RunSpec, "RunSpec")
    strategy = document["$defs"]["StrategySpec"]
    strategy["oneOf"] = [
        {"required": [key], "properties": {key: {"type": "string"}}, "title": f"A strategy by its {key}"}
        for key in ("scenario", "path", "core")
    ]
    document["allOf"] = [
        {
            "if": {"required": ["mode"], "properties": {"mode": {"const": "attached"}}},
            "then": {
                "required": ["risk"],
                "properties": {
                    **{key: {"type": "null"} for key in ("venue", "strategy", "data", "stop")},
                    "gate": {"not": {"const": "off"}},
                },
            },
            "else": {
                "required": ["venue", "strategy", "seed"],
                "properties": {"venue": {"type": "object"}, "strategy": {"type": "object"}},
                "dependentRequired": {key: ["gate"] for key in OBEYED_BY_THE_GATE},
            },
        },
        {
            "if": {"required": ["gate"], "properties": {"gate": {"enum": ["on", "observe"]}}},
            "then": {"required": ["risk"], "properties": {"risk": {"type": "object"}}},
        },
        {
            "if": {"required": ["engine"], "properties": {"engine": {"const": "hftbacktest"}}},
            "then": {"properties": {"strategy": {"required": ["core"], "properties": {"core": {"type": "string"}}}}},
        },
    ]
    return document


def instrument_schema() -> dict[str, Any]:
    """Return the JSON Schema of an instrument document."""
    return schema_of(InstrumentSpec, "Instrument")


def schema_of(type_: type[Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema of a document that a Struct describes."""
    document = schema(type_)
    definitions = {name: _exact_decimals(definition) for name, definition in document["$defs"].items()}
    root = definitions.pop(type_.__name__)
    return {"$schema": DIALECT, **root, "title": title, **({"$defs": definitions} if definitions else {})}


def _exact_decimals(part: Any) -> Any:  # noqa: ANN401 - a schema is JSON
    """Return the schema with every exact decimal also taken as a whole number, as the reader does."""
    if isinstance(part, list | tuple):
        return [_exact_decimals(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {key: _exact_decimals(value) for key, value in part.items()}
    return {**inner, "type": ["string", "integer"]} if inner.get("format") in _WHOLE_NUMBERS_TOO else inner
