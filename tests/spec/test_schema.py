from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from run_specs import SMOKE, edited, run_specs, yaml_tree
from tc.spec.effective import run_spec_yaml
from tc.spec.library import PACKAGED
from tc.spec.run_spec import RunSpec
from tc.spec.schema import instrument_schema, run_spec_schema

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_SPEC = Draft202012Validator(run_spec_schema())
INSTRUMENT = Draft202012Validator(instrument_schema())


def as_an_editor_reads(text: str) -> Any:
    """Return a YAML text as JSON values, dates as text, as YAML 1.2 has them."""
    return _without_dates(yaml_tree(text))


def _without_dates(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_dates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_dates(inner) for inner in value]
    return value if isinstance(value, str | int | float | None) else str(value)


@pytest.mark.parametrize("schema", [run_spec_schema(), instrument_schema()], ids=["run spec", "instrument"])
def test_the_schema_is_one_of_the_2020_12_dialect(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "path",
    [*sorted((REPOSITORY / "specs").glob("*.yaml")), *sorted((REPOSITORY / "src" / "tc" / "spec").glob("*example.yaml"))],
    ids=lambda path: path.stem,
)
def test_the_run_specs_that_ship_fit_the_schema(path: Path) -> None:
    RUN_SPEC.validate(as_an_editor_reads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_packaged_instruments_fit_the_schema(path: Path) -> None:
    INSTRUMENT.validate(as_an_editor_reads(path.read_text(encoding="utf-8")))


@settings(deadline=None)
@given(run_specs)
def test_whatever_is_stored_fits_the_schema(spec: RunSpec) -> None:
    RUN_SPEC.validate(yaml.safe_load(run_spec_yaml(spec)))


def test_a_decimal_may_be_a_whole_number_without_quotes_and_no_other() -> None:
    assert RUN_SPEC.is_valid(as_an_editor_reads(edited(('"10"', "10"))))
    assert not RUN_SPEC.is_valid(as_an_editor_reads(edited(('"10"', "1.5"))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("oms_type: netting", "oms_type: neting"),
        ("seed: 42", "seed: -1"),
        ("seed: 42", "sed: 42"),
        ('"100000 USDT"', '"100000"'),
        ("  scenario: ops_smoke_demo\n", "  parameters: {}\n"),
        ("  scenario: ops_smoke_demo\n", '  scenario: ops_smoke_demo\n  path: "m:C"\n'),
        ("  dataset: btcusdt-1m-sample", "  dataset: x\n  start: yesterday"),
        ("seed: 42", "seed: 42\ngate: onn"),
        ("seed: 42", "seed: 42\ngate: on"),
        ("seed: 42", "seed: 42\ngate: observe\nrisk: null"),
        ("seed: 42", "seed: 42\nrisk: {profile: cautious}"),
        ("seed: 42", "seed: 42\ngate: on\nrisk: {profile: cautios}"),
        ("seed: 42", "seed: 42\ngate: off\nexecution: {priority: [CANCEL, NEW]}"),
        ("engine: nautilus", "engine: hftbacktest"),
    ],
)
def test_what_the_reader_refuses_the_schema_marks_in_the_editor_too(old: str, new: str) -> None:
    assert RUN_SPEC.is_valid(as_an_editor_reads(SMOKE))
    assert not RUN_SPEC.is_valid(as_an_editor_reads(edited((old, new))))


def test_an_unquoted_date_fits_the_schema_as_text() -> None:
    text = edited(("  dataset: btcusdt-1m-sample", "  dataset: x\n  start: 2023-04-01\n  end: 2023-04-02T00:00:00Z"))
    RUN_SPEC.validate(as_an_editor_reads(text.replace("T00:00:00Z", "")))


def every_field(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in {"": schema, **schema.get("$defs", {})}.items():
        for field, described in part["properties"].items():
            yield f"{name}.{field}", described


@pytest.mark.parametrize("schema", [run_spec_schema(), instrument_schema()], ids=["run spec", "instrument"])
def test_every_field_has_a_title_and_a_description(schema: dict[str, Any]) -> None:
    fields = dict(every_field(schema))
    assert len(fields) > 20
    assert [name for name, described in fields.items() if not (described.get("title") and described.get("description"))] == []
