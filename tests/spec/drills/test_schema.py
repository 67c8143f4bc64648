"""The JSON Schema of a DrillSpec: what the reader takes fits it, and what it refuses is marked in an editor too."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import json

from drill_specs import DRILL, drill_folder
from run_specs import edited, yaml_tree
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.parse import load_drill
from tc.spec.drills.schema import drill_schema

SCHEMA = drill_schema()
DRILL_SPEC = Draft202012Validator(SCHEMA)


def test_it_is_a_schema_of_the_2020_12_dialect_in_which_every_field_is_told() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    fields = {f"{name}.{key}": field for name, part in {"": SCHEMA, **SCHEMA["$defs"]}.items() for key, field in _fields(part)}
    assert len(fields) > 80
    assert [name for name, field in fields.items() if not (field.get("title") and field.get("description"))] == []


def _fields(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(part.get("properties", {}).items())


def test_the_parameters_of_each_kind_are_in_it() -> None:
    rules = SCHEMA["$defs"]["FaultSpec"]["allOf"]
    assert [rule["if"]["properties"]["kind"]["const"] for rule in rules] == list(FAULT_PARAMETERS)
    named = {rule["then"]["properties"]["parameters"]["$ref"].rpartition("/")[2] for rule in rules}
    assert len(named) == len(rules)
    assert named <= set(SCHEMA["$defs"])


def test_what_the_reader_takes_fits_it(tmp_path: Path) -> None:
    DRILL_SPEC.validate(yaml_tree(DRILL))
    DRILL_SPEC.validate(json.decode(json.encode(load_drill(drill_folder(tmp_path)))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("drill_version: 1", "drill_version: 2"),
        ("kind: down", "kind: donw"),
        ("kind: down", "kind: down, target: node"),
        ("kind: down", "kind: clock_jump, target: run"),
        ("kind: down", "kind: down, parameters: {direction: up}"),
        ('latency_s: "0.20"', "latency_s: 0.2"),
        ("until: 4", "until: detectd"),
        ("gates: [blocked]", "gates: [block]"),
        ("probe: node_state", "probe: node_stat"),
        ("title: Disconnected\n", ""),
        ("weight: 2", "wieght: 2"),
    ],
)
def test_what_the_reader_refuses_it_marks_in_an_editor_too(old: str, new: str) -> None:
    assert not DRILL_SPEC.is_valid(yaml_tree(edited((old, new), text=DRILL)))
