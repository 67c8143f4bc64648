"""What enters a stream from outside: as an Event at a known position, or as State that its digest fixes; nothing else."""

import inspect
from decimal import Decimal

import pytest

from gated import INSTRUMENT, SECOND, GatedStream, results
from tc.core import EventStreamEntry, decode_state, encode_state, state_digest, step_event_entry
from tc.core.events import (
    AccountUpdated,
    Balance,
    ControlTimeReached,
    FeedDegraded,
    OrderFilled,
    OrderInitialized,
    SnapshotOrder,
    SnapshotPosition,
    SnapshotTaken,
    StrategyFailed,
)
from tc.errors import ArtifactError, InvariantViolation


def snapshot(stream: GatedStream, *, filled: str = "1", held: str = "-2") -> SnapshotTaken:
    at = (stream.now, stream.now)
    terms = OrderInitialized(*at, "E-1", "EXTERNAL", INSTRUMENT, "BUY", "LIMIT", Decimal(4), "GTC", price=Decimal(90))
    return SnapshotTaken(
        *at,
        "venue",
        "reduce",
        (SnapshotOrder(terms, "A-1", "V-1", Decimal(4), Decimal(filled)),),
        (SnapshotPosition("P-E", "EXTERNAL", INSTRUMENT, Decimal(held), Decimal(210)),),
        (AccountUpdated(*at, "A-1", "MARGIN", True, (Balance("USDT", Decimal(9), Decimal(0), Decimal(9)),)),),
    )


@pytest.mark.parametrize(("filled", "status"), [("0", "ACCEPTED"), ("1", "PARTIALLY_FILLED")])
def test_R85_kill_state_orders_positions_and_balances_enter_at_one_position(filled: str, status: str) -> None:
    stream = GatedStream()
    stream.emit(snapshot(stream, filled=filled))
    context = stream.context
    order, position = context.order("E-1"), context.position_of("P-E")
    assert order is not None
    assert position is not None
    assert (context.position, order.status, position.sell_value) == (2, status, Decimal(210))
    assert context.accounts()["A-1"].balances[0].total == 9
    assert context.kill_switch == "reduce"
    assert (context.exposure(INSTRUMENT).position, context.exposure(INSTRUMENT).buy_open) == (-2, 4 - Decimal(filled))
    assert results(stream.new("A", "SELL")) == [("A", "denied", "kill_switch_reduce")]
    assert results(stream.cancel("E-1"))[-1] == ("E-1", "sent", "")


def test_R85_a_long_position_counts_as_bought() -> None:
    stream = GatedStream()
    stream.emit(snapshot(stream, held="3"))
    position = stream.context.position_of("P-E")
    assert position is not None
    assert (position.buy_quantity, position.buy_value, position.sell_quantity) == (3, 210, 0)
    assert stream.context.exposure(INSTRUMENT).position == 3


def test_R85_a_snapshot_does_not_restate_what_the_stream_knows() -> None:
    stream = GatedStream()
    first = snapshot(stream)
    stream.emit(first)
    with pytest.raises(InvariantViolation, match="states order E-1, which the stream knows already"):
        stream.emit(first)
    again = SnapshotTaken(stream.now, stream.now, "venue", "none", (), first.positions)
    with pytest.raises(InvariantViolation, match="states position P-E a second time"):
        stream.emit(again)


def test_R84_a_step_is_given_state_an_entry_and_the_configuration_and_nothing_else() -> None:
    assert list(inspect.signature(step_event_entry).parameters) == ["state", "entry", "configuration"]
    assert list(inspect.signature(EventStreamEntry).parameters) == ["position", "event"]


def test_R84_state_that_was_kept_is_fixed_by_its_digest() -> None:
    stream = GatedStream()
    stream.open("A")
    kept, digest = encode_state(stream.state), state_digest(stream.state)
    assert state_digest(decode_state(kept)) == digest
    assert state_digest(decode_state(kept.replace(b'"quantity":"1"', b'"quantity":"2"'))) != digest
    with pytest.raises(ArtifactError, match="holds no State"):
        decode_state(kept[:-1])


def test_R86_a_gap_in_the_feed_is_recorded_and_ends_with_a_newer_observation() -> None:
    stream = GatedStream(max_order_notional="1000")
    stream.emit(FeedDegraded(stream.now, stream.now, INSTRUMENT, "nothing was seen yet"))
    assert results(stream.new("A")) == [("A", "denied", "feed_degraded")]
    stream.now += 1
    stream.market()
    stream.now += 1
    stream.emit(FeedDegraded(stream.now, stream.now, INSTRUMENT, "the sequence jumped"))
    assert results(stream.new("B")) == [("B", "denied", "feed_degraded")]
    stream.market()
    assert results(stream.new("C")) == [("C", "denied", "feed_degraded")]
    stream.now += 1
    stream.market()
    assert results(stream.new("D"))[-1] == ("D", "sent", "")


def test_R88_what_is_done_because_data_is_absent_is_an_event() -> None:
    stream = GatedStream(timing={"stale_feed_ns": 5 * SECOND})
    stream.market()
    stream.new("A")
    stream.reach()
    assert isinstance(stream.entries[-1].event, ControlTimeReached)
    assert stream.state.control.clock.stale == (INSTRUMENT,)
    stream.now += 1
    stream.market()
    assert stream.state.control.clock.stale == ()


def test_R88_a_failure_that_changes_state_is_an_event_and_diagnostics_change_nothing() -> None:
    stream = GatedStream()
    before = stream.state
    stream.emit(StrategyFailed(stream.now, "ValueError"))
    assert stream.context.strategy_failures == 1
    stream.new("A")
    denied, context = stream.state, stream.context
    assert list(context.pending_commands()) == []
    assert [each.key for each in context.commands_in_flight()] == ["A"]
    assert (context.is_throttled("S-1"), context.reference_price(INSTRUMENT), context.history(INSTRUMENT)) == (False, None, ())
    assert stream.state is denied
    assert before.control.strategy_failures == 0


def test_a_fill_that_was_seen_before_moves_no_exposure() -> None:
    stream = GatedStream()
    stream.open("A", quantity="2")
    stream.filled("A", "1")
    fill = stream.entries[-1].event
    assert isinstance(fill, OrderFilled)
    stream.emit(fill)
    assert (stream.context.exposure(INSTRUMENT).position, stream.context.exposure(INSTRUMENT).buy_open) == (1, 1)


def test_a_strategy_can_see_that_risk_lets_nothing_of_its_kind_through() -> None:
    stream = GatedStream(max_daily_messages=1)
    assert not stream.context.is_shut_out
    stream.new("A")
    stream.new("B")
    assert stream.context.is_shut_out
    observed = GatedStream(mode="observe", max_daily_messages=1)
    observed.new("A")
    observed.new("B")
    assert not observed.context.is_shut_out
