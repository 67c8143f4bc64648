"""Claims about comparing two run directories and keeping what was found."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fakes import make_run, run_configuration
from gated import GatedStream, gate_document
from gated_directories import ONE_A_SECOND, gated, gated_run, lines_of, play
from tc.core.events import OrderFilled
from tc.errors import ArtifactError
from tc.flows.runs.compare_evidence import compare_evidence, evidence_folder, write_evidence
from tc.reports.evidence import Evidence, evidence_document, render_evidence
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal


def refilled(stream: GatedStream, price: str, **configuration: object) -> GatedStream:
    """Play the same stream again, with its fill at another price."""
    again = GatedStream(gated(**configuration))
    for entry in stream.entries[1:]:
        event = entry.event
        if isinstance(event, OrderFilled):
            event = msgspec.structs.replace(event, price=Decimal(price))
        again.emit(event)
    return again


def kind(evidence: Evidence) -> str:
    return evidence.cause.kind if evidence.cause else "none"


def test_a_run_and_itself_are_the_same(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    evidence = compare_evidence(run, run)
    assert (evidence.is_same, evidence.configuration, evidence.notes) == (True, (), ())
    seal = read_seal(run)
    assert evidence.left.state_digest == seal.state_digest
    assert evidence.left.decision_digest == seal.files["decisions.jsonl"].sha256
    assert "**The same**" in render_evidence(evidence)


def test_R89_the_same_stream_recorded_twice_has_equal_state_and_decision_digests(tmp_path: Path) -> None:
    document = evidence_document(compare_evidence(gated_run(tmp_path, "one"), gated_run(tmp_path, "two")))
    assert (document["same"], document["same_state_digest"], document["same_decision_digest"]) == (True, True, True)


def test_another_limit_parts_two_runs_at_the_decision_it_leads_to(tmp_path: Path) -> None:
    other = gated(gate_document(rate=ONE_A_SECOND, max_order_quantity="20"))
    evidence = compare_evidence(gated_run(tmp_path, "one"), gated_run(tmp_path, "two", play(other)))
    assert kind(evidence) == "decision"
    assert evidence.cause is not None
    assert "NEW O-LARGE denied max_order_quantity (12.5 above 5) and NEW O-LARGE allowed" in evidence.cause.why
    assert [each.path for each in evidence.cause.related] == ["core.gate.limits.max_order_quantity"]
    first = evidence.comparison.first
    assert first is not None
    assert first.left is not None
    assert (first.left.lane, first.left.position) == ("decision", 18)


def test_another_fill_price_under_another_engine_is_a_difference_of_the_engines_fill_models(tmp_path: Path) -> None:
    stream = play()
    engine = {"name": "other", "version": "7", "settings": {}}
    evidence = compare_evidence(
        gated_run(tmp_path, "one", stream), gated_run(tmp_path, "two", refilled(stream, "101", engine=engine))
    )
    assert kind(evidence) == "venue_fill_model"
    assert evidence.cause is not None
    assert "a difference of the engines' fill models (none 0 and other 7)" in evidence.cause.why
    text = render_evidence(evidence)
    assert "**They part: venue_fill_model**" in text
    assert "filled at 100 as taker" in text
    assert "filled at 101 as taker" in text


def test_a_gate_in_one_run_only_is_configuration(tmp_path: Path) -> None:
    left = make_run(tmp_path, "off")
    right = gated_run(tmp_path, "on")
    evidence = compare_evidence(left, right)
    assert (evidence.left.decision_digest, evidence.left.gate, evidence.right.gate) == (None, "off", "on")


def test_values_that_are_written_otherwise_are_told_apart_by_their_digests(tmp_path: Path) -> None:
    stream = play()
    evidence = compare_evidence(gated_run(tmp_path, "one", stream), gated_run(tmp_path, "two", refilled(stream, "100.0")))
    assert evidence.comparison.first is None
    assert kind(evidence) == "other"
    assert "written in other ways" in render_evidence(evidence)


def test_crashed_runs_are_compared_as_far_as_they_go(tmp_path: Path) -> None:
    stream = play(is_ended=False)
    crashed = gated_run(tmp_path, "crashed", stream, seal=False, decisions=lines_of(stream)[0])
    evidence = compare_evidence(gated_run(tmp_path, "whole"), crashed)
    assert kind(evidence) == "other"
    assert (evidence.right.status, evidence.right.entries) == ("crashed", len(stream.entries))
    assert evidence.notes == ("crashed: the run is not sealed: its decisions are derived again from the journal",)
    assert "the stream has ended" in render_evidence(evidence)


def test_decisions_behind_the_journal_are_part_of_the_digest(tmp_path: Path) -> None:
    stream = play()
    extra = b'{"position":99,"at_ns":1}\n'
    longer = gated_run(tmp_path, "longer", stream, decisions=b"".join([*lines_of(stream), extra, extra]))
    evidence = compare_evidence(gated_run(tmp_path, "one", stream), longer)
    assert kind(evidence) == "other"
    assert evidence.left.decision_digest != evidence.right.decision_digest


def test_an_engine_that_the_configuration_does_not_name_is_left_empty(tmp_path: Path) -> None:
    run = make_run(tmp_path, configuration=run_configuration(engine=7))
    assert compare_evidence(run, run).left.engine == ""


def test_evidence_is_written_whole_and_again_over_what_was_there(tmp_path: Path) -> None:
    evidence = compare_evidence(gated_run(tmp_path, "one"), make_run(tmp_path, "two"))
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        files = write_evidence(evidence, folder)
        assert sorted(path.name for path in folder.iterdir()) == ["evidence.json", "evidence.md"]
    assert msgspec.json.decode(files[0].read_bytes()) == msgspec.json.decode(msgspec.json.encode(evidence_document(evidence)))
    assert files[1].read_text(encoding="utf-8") == render_evidence(evidence)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cannot be made"):
        write_evidence(compare_evidence(run, run), tmp_path / "file")


def test_the_folder_is_named_after_the_runs_and_is_no_longer_than_a_name_may_be() -> None:
    left, right = RunDirectory(Path("a")), RunDirectory(Path("b" * 128))
    assert evidence_folder(left, left) == Path("evidence-a-a")
    assert len(evidence_folder(right, right).name.encode()) <= 255


def test_many_differences_of_configurations_are_shortened_in_the_text_only(tmp_path: Path) -> None:
    many = {f"p{number}": number for number in range(50)}
    left = make_run(tmp_path, "one", configuration=run_configuration(extra=many))
    right = make_run(tmp_path, "two", configuration=run_configuration(extra=dict.fromkeys(many, -1)))
    evidence = compare_evidence(left, right)
    assert kind(evidence) == "configuration"
    assert len(evidence.configuration) == 50
    assert "And 10 more, which evidence.json holds." in render_evidence(evidence)
