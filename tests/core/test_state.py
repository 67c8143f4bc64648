"""Rules R19 to R30: State is the fold of the entries, and nothing else."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import DATASET, START_NS, Venue, configuration, venues
from tc.core import (
    INITIAL,
    EventStreamEntry,
    ProcessingContext,
    State,
    decode_state,
    encode_state,
    fold_event_stream_entries,
    process_event_entry,
    state_digest,
)
from tc.core.events import MarketDataRows, OrderCanceled, RunCompleted, RunFailed, RunStarted, RunStopped, TradingStateChanged
from tc.core.state.model import ControlState, ExecutionState, MarketState
from tc.errors import ArtifactError, InvariantViolation


def _fold(venue: Venue, upto: int | None = None) -> State:
    return fold_event_stream_entries(venue.entries[:upto], configuration=venue.configuration)


@given(venues(), st.data())
def test_R19_R24_folding_in_two_halves_or_from_a_checkpoint_equals_folding_once(venue: Venue, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(venue.entries)))
    prefix = _fold(venue, cut)
    checkpoint = decode_state(encode_state(prefix))
    whole = state_digest(_fold(venue))
    for start in (prefix, checkpoint):
        rest = fold_event_stream_entries(venue.entries[cut:], configuration=venue.configuration, state=start)
        assert state_digest(rest) == whole


@given(venues())
def test_R20_inputs_are_untouched_and_same_inputs_give_same_outputs(venue: Venue) -> None:
    state = INITIAL
    for entry in venue.entries:
        state_before, entry_before = encode_state(state), msgspec.json.encode(entry)
        once = process_event_entry(state, entry, configuration=venue.configuration)
        twice = process_event_entry(state, entry, configuration=venue.configuration)
        assert encode_state(once) == encode_state(twice)
        assert encode_state(state) == state_before
        assert msgspec.json.encode(entry) == entry_before
        state = once


def test_R21_state_has_three_domains_only() -> None:
    domains = {
        name: kind for name, kind in State.__annotations__.items() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    }
    assert domains == {"market": MarketState, "execution": ExecutionState, "control": ControlState}


@given(venues())
def test_R22_readers_get_projections_that_cannot_change_state(venue: Venue) -> None:
    state = _fold(venue)
    context = ProcessingContext(state, venue.configuration)
    before = encode_state(state)
    assert context.position == state.position
    assert context.configuration is venue.configuration
    for mapping in (context.realized(), context.commissions(), context.accounts(), context.anomaly_counts()):
        with pytest.raises(TypeError):
            mapping["x"] = 1
    with pytest.raises(AttributeError):
        context.position = 5
    for order in context.open_orders():
        assert context.order(order.terms.client_order_id) == order
    for position in context.positions():
        assert context.position_of(position.position_id) == position
    assert encode_state(state) == before


def test_R22_a_context_shows_the_stream_as_it_stands() -> None:
    venue = Venue()
    venue.rows(4)
    venue.emit(TradingStateChanged(venue.now, venue.now, "HALTED"))
    context = ProcessingContext(_fold(venue), venue.configuration)
    assert (context.market_rows, context.trading_state, context.run_status) == (4, "HALTED", "running")
    assert context.stream_time_ns == venue.now
    assert context.order("O-404") is None


def test_R23_the_state_digest_is_the_same_in_any_process_and_hash_seed() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from streams import Venue; "
        "from tc.core import *; v = Venue(); ids = [v.accepted('BUY' if i % 3 else 'SELL') for i in range(200)]; "
        "[v.fill(i) for i in ids[::2]]; v.rows(7); "
        "print(state_digest(fold_event_stream_entries(v.entries, configuration=v.configuration)))"
    )
    tests = str(Path(__file__).parent.parent)
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, tests], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_R25_a_late_event_with_an_old_event_time_never_alters_earlier_state() -> None:
    venue = Venue()
    order_id = venue.accepted()
    earlier = _fold(venue)
    kept = encode_state(earlier)
    venue.emit(OrderCanceled(venue.now, 1, order_id))
    later = _fold(venue)
    assert encode_state(earlier) == kept
    assert later.position == earlier.position + 1


@given(venues())
def test_R28_stream_time_is_the_highest_local_stamp_and_never_falls(venue: Venue) -> None:
    state, highest = INITIAL, 0
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        highest = max(highest, entry.event.at_ns)
        assert state.stream_time_ns == highest


def test_R28_a_local_stamp_that_steps_back_leaves_stream_time() -> None:
    venue = Venue()
    venue.rows(10)
    high = _fold(venue).stream_time_ns
    venue.emit(TradingStateChanged(START_NS - 5, START_NS - 5, "REDUCING"))
    assert _fold(venue).stream_time_ns == high


def test_R29_nothing_in_state_but_stream_time_is_a_time() -> None:
    assert [name for name in State.__struct_fields__ if name.endswith("_ns")] == ["stream_time_ns"]


@given(venues())
def test_R26_R30_every_entry_folds_one_at_a_time(venue: Venue) -> None:
    state = INITIAL
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
    assert state_digest(state) == state_digest(_fold(venue))


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (RunCompleted(START_NS), "completed"),
        (RunStopped(START_NS, "asked"), "stopped"),
        (RunFailed(START_NS, "ValueError"), "failed"),
    ],
)
def test_a_run_ends_once(event: RunCompleted | RunStopped | RunFailed, status: str) -> None:
    venue = Venue()
    venue.emit(event)
    assert _fold(venue).control.run == status
    venue.emit(event)
    with pytest.raises(InvariantViolation, match=f"ends a run that is {status}"):
        _fold(venue)


def test_a_run_starts_once() -> None:
    venue = Venue()
    venue.emit(RunStarted(START_NS, 1, venue.configuration.fingerprint))
    with pytest.raises(InvariantViolation, match="position 2 starts the run a second time"):
        _fold(venue)


def test_several_datasets_are_followed_each_by_itself() -> None:
    venue = Venue()
    venue.rows(3)
    venue.emit(MarketDataRows(START_NS, "e" * 64, 100, 101))
    venue.rows(2)
    assert _fold(venue).market == MarketState({DATASET: 4, "e" * 64: 101}, 7)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"position":1}'])
def test_a_broken_checkpoint_is_an_artifact_error(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="holds no State"):
        decode_state(data)


def test_configuration_of_another_stream_is_refused_from_a_checkpoint() -> None:
    venue = Venue()
    state = decode_state(encode_state(_fold(venue)))
    with pytest.raises(InvariantViolation):
        fold_event_stream_entries(
            [EventStreamEntry(2, RunCompleted(START_NS))], configuration=configuration(closed_orders_kept=3), state=state
        )
