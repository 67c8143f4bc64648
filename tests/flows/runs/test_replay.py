"""Claims about replaying run directories without the engine."""

import re
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import make_run, run_configuration, trading_day
from streams import DATASET, START_NS, Venue
from tc.core import (
    EventStreamEntry,
    State,
    fold_event_stream_entries,
    last_position,
    state_digest,
)
from tc.core.events import MarketDataRows, OrderCanceled, OrderRejected
from tc.errors import ArtifactError, DocumentError
from tc.flows.runs.replay import ENTRIES_PER_PROGRESS, Replay, replay_run, state_document
from tc.store.layout import RunDirectory
from tc.store.seal import Checkpoint, read_seal, seal_bytes, seal_digest


def replayed(run: RunDirectory, at: int | None = None) -> Replay:
    return replay_run(run, at=at)


def reseal(run: RunDirectory, **changes: object) -> None:
    """Write a seal that says something else, and is consistent in itself."""
    changed = msgspec.structs.replace(read_seal(run), **changes)
    run.seal.write_bytes(seal_bytes(msgspec.structs.replace(changed, seal_digest=seal_digest(changed))))


def test_replay_meets_every_recorded_digest_of_state(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    seal = read_seal(run)
    found = replayed(run)
    assert found.findings == ()
    assert found.digest == seal.state_digest
    assert (found.entries, found.state.position) == (seal.journal.entries, seal.journal.positions)
    assert found.compared == len(seal.checkpoints) + 1 == 8


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, list[EventStreamEntry]]:
    """Return a run that tests only read, and its entries."""
    configuration = run_configuration()
    run = make_run(tmp_path_factory.mktemp("shared"), configuration=configuration)
    return run, trading_day(configuration).entries


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_state_at_a_position_is_the_fold_of_the_entries_up_to_it(
    shared: tuple[RunDirectory, list[EventStreamEntry]], data: st.DataObject
) -> None:
    run, entries = shared
    at = data.draw(st.integers(1, last_position(entries[-1])))
    expected = fold_event_stream_entries(
        (entry for entry in entries if last_position(entry) <= at), configuration=run_configuration()
    )
    found = replayed(run, at)
    assert found.state == expected
    assert found.digest == state_digest(expected)
    assert found.findings == ()
    assert bool(found.notes) == (found.state.position != at)


def test_a_position_inside_rows_of_market_data_shows_state_before_them_and_says_so(tmp_path: Path) -> None:
    found = replayed(make_run(tmp_path), 5)
    assert found.state.position == 1
    assert found.notes == ("position 5 lies inside rows of market data: State is that after position 1",)


@pytest.mark.parametrize("at", [0, -1, 561, 10**30])
def test_a_position_that_the_run_does_not_have_is_refused(shared: tuple[RunDirectory, list[EventStreamEntry]], at: int) -> None:
    with pytest.raises(DocumentError, match="position"):
        replayed(shared[0], at)


def test_a_recorded_digest_that_state_does_not_meet_is_found(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    first, *rest = read_seal(run).checkpoints
    wrong = Checkpoint(first.position, "0" * 64)
    reseal(run, checkpoints=(wrong, *rest), state_digest="1" * 64)
    assert [(each.code, each.subject, each.expected) for each in replayed(run).findings] == [
        ("state_mismatch", f"State at position {first.position}", "0" * 64),
        ("state_mismatch", "State at position 560", "1" * 64),
    ]
    assert [each.subject for each in replayed(run, first.position).findings] == [f"State at position {first.position}"]


def test_a_checkpoint_that_no_entry_meets_is_found(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    reseal(run, checkpoints=(Checkpoint(4, "0" * 64), Checkpoint(10_000, "0" * 64)))
    assert [each.actual for each in replayed(run).findings] == ["none: no entry ends at this position"] * 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_amount_in_the_journal_never_replays_to_the_recorded_state(tmp_path: Path, data: st.DataObject) -> None:
    run = RunDirectory(tmp_path / "runs" / "made-up-run")
    run = run if run.path.exists() else make_run(tmp_path)
    journal = run.journal.read_bytes()
    places = [found.start() for found in re.finditer(b'"quantity":"2.0"', journal)]
    at = data.draw(st.sampled_from(places))
    try:
        run.journal.write_bytes(journal[:at] + b'"quantity":"3.0"' + journal[at + 16 :])
        found = replayed(run)
        assert {each.code for each in found.findings} <= {"state_mismatch", "invariant_violation", "status_mismatch"}
        assert found.findings
    finally:
        run.journal.write_bytes(journal)


def test_r07_a_failed_run_replays_to_the_violation_that_is_its_last_entry(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    venue.rows(3)
    venue.emit(OrderCanceled(START_NS, START_NS, "O-9"))
    run = make_run(tmp_path, status="failed", entries=venue.entries, configuration=venue.configuration)
    found = replayed(run)
    assert found.findings == ()
    assert "O-9, which was never submitted" in found.violation
    assert (found.entries, found.state.position, found.digest) == (2, 4, read_seal(run).state_digest)
    assert found.state.control.run == "running"


def test_a_violation_that_is_not_the_end_of_a_failed_run_is_found(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    venue.emit(OrderCanceled(START_NS, START_NS, "O-9"))
    run = make_run(tmp_path, "not-failed", status="failed", entries=venue.entries, configuration=venue.configuration)
    reseal(run, status="completed")
    (finding,) = replayed(run).findings
    assert (finding.code, finding.subject) == ("invariant_violation", "journal.jsonl line 2")

    longer = make_run(tmp_path, "longer", configuration=venue.configuration)
    lines = longer.journal.read_bytes().splitlines(keepends=True)
    longer.journal.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    assert [(each.code, each.subject) for each in replayed(longer).findings if each.code == "invariant_violation"] == [
        ("invariant_violation", "journal.jsonl line 5")
    ]


def test_a_run_whose_journal_ends_otherwise_than_its_seal_says_is_found(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    reseal(run, status="stopped")
    assert [(each.code, each.expected, each.actual) for each in replayed(run).findings] == [
        ("status_mismatch", "stopped", "completed")
    ]


@pytest.mark.parametrize("status", ["completed", "stopped", "failed"])
def test_every_ordinary_end_replays(tmp_path: Path, status: str) -> None:
    found = replayed(make_run(tmp_path, status=status))
    assert (found.findings, found.state.control.run) == ((), status)


def test_positions_beyond_any_real_stream_are_folded(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    venue.emit(MarketDataRows(START_NS, DATASET, 0, 2**63 - 1))
    run = make_run(tmp_path, seal=False, entries=venue.entries, configuration=venue.configuration)
    assert replayed(run).state.position == 2**63 + 1


def test_a_journal_of_another_configuration_is_found(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.configuration.write_bytes(run_configuration(seed=43).document)
    found = replayed(run)
    assert ("invariant_violation", "journal.jsonl line 1") in {(each.code, each.subject) for each in found.findings}
    assert found.state.position == 0


def test_a_crashed_run_replays_up_to_its_last_whole_line(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"01')
    found = replayed(run)
    assert (found.status, found.entries, found.findings, found.compared) == ("crashed", 359, (), 0)
    assert any("not sealed" in note for note in found.notes)
    assert any("line 360 is damaged (torn_line)" in note for note in found.notes)


def test_a_crashed_run_whose_last_entry_is_a_violation_replays_to_it(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    venue.emit(OrderRejected(START_NS, START_NS, "O-9", "no"))
    run = make_run(tmp_path, status="failed", seal=False, entries=venue.entries, configuration=venue.configuration)
    found = replayed(run)
    assert found.findings == ()
    assert "O-9" in found.violation


@pytest.mark.parametrize("name", ["journal.jsonl", "configuration.json", "seal.json"])
def test_what_replay_needs_and_cannot_read_is_an_error(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path)
    (run.path / name).write_bytes(b"\xff")
    with pytest.raises(ArtifactError, match=name):
        replayed(run)


def test_progress_is_told_in_positions_of_all_positions(tmp_path: Path) -> None:
    configuration = run_configuration()
    venue = Venue(configuration)
    for _ in range(2 * ENTRIES_PER_PROGRESS):
        venue.rows(2)
    run = make_run(tmp_path, entries=venue.entries, configuration=configuration, checkpoint_every=1 << 30)
    told: list[tuple[int, int]] = []
    replay_run(run, progress=lambda done, total: told.append((done, total)))
    total = 4 * ENTRIES_PER_PROGRESS + 2
    assert told == [(2 * ENTRIES_PER_PROGRESS - 1, total), (4 * ENTRIES_PER_PROGRESS - 1, total)]


def keys(slots: tuple[dict[str, object], ...]) -> list[str]:
    return sorted(key for slot in slots for key in slot)


def test_the_document_of_state_holds_every_order_and_position_by_id(
    shared: tuple[RunDirectory, list[EventStreamEntry]],
) -> None:
    state: State = replayed(shared[0]).state
    document = state_document(state)
    execution = document["execution"]
    assert isinstance(execution, dict)
    assert list(execution["orders"]["open"]) == keys(state.execution.orders.open) == ["O-60"]
    assert list(execution["orders"]["closed_recent"]) == keys(state.execution.orders.closed_recent)
    position = execution["holdings"]["positions"]["P-1"]
    assert Decimal(position["signed_quantity"]) == Decimal(2)
    assert document["market"] == {"last_rows": {DATASET: 239}, "rows": 240, "references": {}, "history": {}}


def test_the_first_entries_of_a_journal_are_enough_to_replay_up_to_them(
    shared: tuple[RunDirectory, list[EventStreamEntry]], tmp_path: Path
) -> None:
    # What stands behind the position is not read: a tear there does not matter.
    run = make_run(tmp_path)
    head = list(islice(run.journal.read_bytes().splitlines(keepends=True), 100))
    run.journal.write_bytes(b"".join(head))
    entries = shared[1][:50]
    found = replayed(run, last_position(entries[-1]))
    assert found.state == fold_event_stream_entries(entries, configuration=run_configuration())
