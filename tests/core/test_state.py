"""Rules R19 to R30 (R26 is the runtime's, R27 in test_events): State is the fold of the entries, and nothing else."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect, structs

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
from tc.core.events import (
    CATEGORIES,
    AccountUpdated,
    Balance,
    ComponentStateChanged,
    Event,
    MarketDataRows,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderPendingCancel,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
    PositionChanged,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunStopped,
    TradingStateChanged,
    span,
)
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


LATE = (OrderFilled, OrderUpdated, OrderCanceled, OrderExpired, OrderRejected, OrderAccepted, PositionChanged, AccountUpdated)


def _without_event_times(state: State) -> object:
    """Return the State's canonical form without the event times that stored events (terms, accounts) carry."""

    def strip(value: object) -> object:
        if isinstance(value, dict):
            return {key: strip(each) for key, each in value.items() if key != "event_ns"}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return strip(msgspec.json.decode(encode_state(state)))


def _assert_lateness_changes_nothing(venue: Venue, event_ns: int) -> int:
    """Fold the stream beside one whose late events have an old event time; return how many those are."""
    fresh = late = INITIAL
    earlier: list[tuple[State, str]] = []
    aged = 0
    for entry in venue.entries:
        is_late = isinstance(entry.event, LATE)
        aged += is_late
        old = EventStreamEntry(entry.position, structs.replace(entry.event, event_ns=event_ns)) if is_late else entry
        fresh = process_event_entry(fresh, entry, configuration=venue.configuration)
        late = process_event_entry(late, old, configuration=venue.configuration)
        assert _without_event_times(late) == _without_event_times(fresh)
        earlier.append((late, state_digest(late)))
    assert all(state_digest(state) == digest for state, digest in earlier)
    return aged


def test_R25_late_fills_updates_and_cancels_count_where_they_stand_and_alter_no_earlier_state() -> None:
    venue = Venue()
    venue.rows(5)
    order_id = venue.accepted("BUY", "3.0")
    venue.now += 10
    venue.fill(order_id, "1.0", "100.5")
    venue.now += 10
    venue.emit(OrderUpdated(venue.now, venue.now, order_id, Decimal("2.5"), price=Decimal("99.5")))
    venue.now += 10
    venue.end(order_id, "CANCELED")
    venue.now += 10
    venue.fill(order_id, "0.5", "99.5", late=True)
    balance = Balance("USDT", Decimal(5), Decimal(0), Decimal(5))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", True, (balance,)))
    assert _assert_lateness_changes_nothing(venue, event_ns=1) == 7
    assert _fold(venue).execution.anomaly_counts == {"late_fill": 1}


@given(venues(), st.integers(0, START_NS))
def test_R25_no_stream_with_old_event_times_folds_otherwise(venue: Venue, event_ns: int) -> None:
    _assert_lateness_changes_nothing(venue, event_ns)


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


def _numbers(root: type) -> set[str]:
    """Return every field of whole numbers, floats or times, of every Struct that is reachable from one."""
    found: set[str] = set()

    def visit(kind: Any, where: str) -> None:
        match kind:
            case inspect.StructType(cls=cls, fields=fields):
                for each in fields:
                    visit(each.type, f"{cls.__name__}.{each.name}")
            case inspect.UnionType(types=parts):
                for part in parts:
                    visit(part, where)
            case inspect.DictType(key_type=key, value_type=value):
                visit(key, where)
                visit(value, where)
            case inspect.VarTupleType(item_type=item):
                visit(item, where)
            case inspect.StrType() | inspect.DecimalType() | inspect.LiteralType() | inspect.BoolType() | inspect.NoneType():
                pass
            case _:
                found.add(where)

    visit(inspect.type_info(root), "")
    return found


def test_R29_the_only_times_in_state_are_stream_time_and_what_stored_events_carry() -> None:
    counts = {
        "State.position",
        "Anomaly.position",
        "MarketState.last_rows",
        "MarketState.rows",
        "Orders.closed_recent_count",
        "Orders.closed_total",
        "Holdings.fills",
        "Holdings.compat_fills",
        "ExecutionState.anomaly_counts",
        "Queue.size",
        "Queue.lanes",
        "Queue.admissions",
        "Pending.admission",
        "Safeguards.message_day",
        "Safeguards.messages",
        "ClockMarks.realised",
        "ControlState.strategy_failures",
    }
    of_stream_time = {
        "Reference.seen_ns",
        "MarketState.history",
        "Pending.admitted_ns",
        "InFlight.sent_ns",
        "Queue.watch",
        "Queue.arrival",
        "Queue.rate_deadline_ns",
        "Safeguards.kill_switch_ns",
        "Safeguards.executions",
        "Safeguards.recent_orders",
        "ClockMarks.heartbeat_ns",
        "ClockMarks.review_ns",
    }
    stamps = {f"{event}.{stamp}" for event in ("OrderInitialized", "AccountUpdated") for stamp in ("at_ns", "event_ns")}
    terms = {"OrderInitialized.expire_time_ns"}
    assert _numbers(State) - counts == {"State.stream_time_ns"} | stamps | terms | of_stream_time


def test_R30_every_entry_of_every_type_moves_the_position_by_its_span() -> None:
    venue = Venue()
    venue.every_type()
    state, seen = INITIAL, set()
    for entry in venue.entries:
        ends = [RunStopped(venue.now, "asked"), RunFailed(venue.now, "X")] if isinstance(entry.event, RunCompleted) else []
        for event in (*ends, entry.event):
            at = EventStreamEntry(entry.position, event)
            after = process_event_entry(state, at, configuration=venue.configuration)
            assert after.position == state.position + span(event)
            seen.add(type(event))
        state = after
    assert seen == set(CATEGORIES)


def _repeatable(venue: Venue) -> list[Event]:
    """Return events that change nothing when they come (again) where the stream stands."""
    order_id = venue.accepted()
    fill = venue.fill(order_id, "0.5")
    venue.emit(TradingStateChanged(venue.now, venue.now, "HALTED"))
    component = venue.emit(ComponentStateChanged(venue.now, venue.now, "X", "Strategy", "RUNNING"))
    waiting = venue.initialize()
    now = (venue.now, venue.now)
    return [
        fill,
        component,
        TradingStateChanged(*now, "HALTED"),
        PositionChanged(*now, "P-1", "S-1", "BTCUSDT.X", Decimal("0.5")),
        OrderEmulated(*now, waiting),
        OrderTriggered(*now, waiting),
        OrderPendingCancel(*now, waiting),
        OrderCancelRejected(*now, waiting, "NO"),
    ]


def test_R30_an_entry_that_changes_nothing_else_still_moves_the_position() -> None:
    venue = Venue()
    events = _repeatable(venue)
    state = _fold(venue)
    for event in events:
        entry = EventStreamEntry(state.position + 1, event)
        after = process_event_entry(state, entry, configuration=venue.configuration)
        assert after.position == state.position + 1
        assert structs.replace(after, position=state.position) == state
        state = after


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
    with pytest.raises(InvariantViolation, match=f"follows the end of the run, which is {status}"):
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
    assert _fold(venue).market == MarketState({DATASET: 4, "e" * 64: 101}, 7, {}, {})


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
