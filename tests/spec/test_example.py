from pathlib import Path
from typing import get_args

import pytest

from tc.errors import DocumentError
from tc.spec.check import check_document
from tc.spec.example import ExampleMode, example_run_spec, write_example
from tc.spec.gate_spec import OperationSpec
from tc.spec.paper_spec import MarketDataSpec, NodeSpec, ReconciliationSpec, StopSpec
from tc.spec.parse import parse_run_spec
from tc.spec.run_spec import PriceHistorySpec, RunSpec

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_example_is_valid_as_it_stands() -> None:
    assert parse_run_spec(example_run_spec(), source="example").name == "my-first-run"


def test_the_example_shows_every_field() -> None:
    text = example_run_spec()
    names = [*RunSpec.__struct_fields__]
    for field in ("venue", "strategy", "data", "risk", "execution", "timing", "core"):
        value = getattr(parse_run_spec(text, source="example"), field)
        names += value.__struct_fields__
    names += [*OperationSpec.__struct_fields__, *PriceHistorySpec.__struct_fields__]
    assert [name for name in names if f"{name}:" not in text] == []


def test_the_paper_example_is_valid_and_shows_every_field_of_its_own() -> None:
    text = example_run_spec("paper")
    spec = parse_run_spec(text, source="example")
    assert (spec.mode, spec.gate, spec.data) == ("paper", "on", None)
    names = [name for struct in (NodeSpec, StopSpec, MarketDataSpec, ReconciliationSpec) for name in struct.__struct_fields__]
    assert [name for name in names if f"{name}:" not in text] == []


@pytest.mark.parametrize("gate", ["on", "observe"])
def test_the_example_stays_valid_with_the_gate_switched_on(gate: str) -> None:
    assert parse_run_spec(example_run_spec(), source="example", overrides=[f"gate={gate}"]).gate == gate


def test_the_attached_example_is_valid_and_observes() -> None:
    spec = parse_run_spec(example_run_spec("attached"), source="example")
    assert (spec.mode, spec.gate, spec.venue, spec.strategy, spec.seed) == ("attached", "observe", None, None, 0)
    assert spec.node is not None
    assert (spec.node.venue, spec.node.venue_url) == (None, None)


@pytest.mark.parametrize("mode", get_args(ExampleMode))
def test_the_example_is_written_with_the_folders_that_lead_to_it(tmp_path: Path, mode: ExampleMode) -> None:
    path = tmp_path / "specs" / "mine.yaml"
    write_example(path, mode)
    assert path.read_text(encoding="utf-8") == example_run_spec(mode)
    assert check_document(path).is_valid


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"mine\.yaml is there already and is not overwritten"):
        write_example(path)
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["file/inside.yaml", "a\0b"])
def test_a_path_that_cannot_be_written_is_a_document_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DocumentError):
        write_example(tmp_path / name)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_specs_of_the_repository_are_valid_and_named_after_their_files(path: Path) -> None:
    checked = check_document(path)
    assert checked.problems == ()
    assert checked.name == path.stem.replace("_", "-")
