"""Rule R42 (its flatten): cancel what is open, close what is held, then be done."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated import INSTRUMENT, SECOND, GatedStream, results
from tc.core.control import flatten_intents, is_flat, left_open
from tc.core.events import (
    KillMode,
    OrderCancelRejected,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderRejected,
    SnapshotOrder,
    SnapshotPosition,
    SnapshotTaken,
    SubmitRequested,
)
from tc.core.intents import CancelIntent, Intent, NewIntent
from tc.core.reserved import FLATTEN_STRATEGY
from tc.core.state.exact import ZERO


def play(stream: GatedStream, intents: tuple[Intent, ...]) -> None:
    """Turn Intents into the requests that the Runtime makes of them."""
    for intent in intents:
        if isinstance(intent, CancelIntent):
            stream.cancel(intent.key)
        elif isinstance(intent, NewIntent):
            stream.new(intent.key, intent.side, str(intent.quantity), None, reduce_only=True, strategy_id=FLATTEN_STRATEGY)


def test_R42_under_another_mode_nothing_is_flattened() -> None:
    stream = GatedStream()
    stream.open("A")
    modes: tuple[KillMode, ...] = ("none", "reduce", "halt", "halt_all")
    for mode in modes:
        stream.kill(mode)
        assert flatten_intents(stream.context) == ()
        assert not is_flat(stream.context)


def test_R42_a_flatten_of_nothing_is_done_at_once() -> None:
    stream = GatedStream()
    stream.kill("flatten")
    assert flatten_intents(stream.context) == ()
    assert is_flat(stream.context)


def test_R42_a_flatten_cancels_then_closes_then_is_done() -> None:
    stream = GatedStream()
    stream.hold("BUY", "3")
    stream.open("B")
    stream.open("A", "SELL", price="200")
    stream.kill("flatten")
    cancels = flatten_intents(stream.context)
    assert cancels == (CancelIntent("A"), CancelIntent("B"))
    play(stream, cancels)
    assert flatten_intents(stream.context) == (), "both cancels are under way"
    stream.canceled("A")
    assert flatten_intents(stream.context) == ()
    stream.canceled("B")
    assert not is_flat(stream.context)
    position = stream.context.position
    closing = flatten_intents(stream.context)
    key = f"FLATTEN-{position}"
    assert closing == (NewIntent(key, INSTRUMENT, "SELL", Decimal(3), "MARKET", reduce_only=True),)
    play(stream, closing)
    assert stream.sent[-1] == ("NEW", key)
    assert flatten_intents(stream.context) == (), "it is in flight"
    stream.submitted(key)
    stream.accepted(key)
    assert flatten_intents(stream.context) == (), "its own orders are not cancelled"
    stream.filled(key, "1", trade_id="1")
    assert flatten_intents(stream.context) == ()
    stream.filled(key, "2", trade_id="2")
    assert flatten_intents(stream.context) == ()
    assert is_flat(stream.context)


def test_R42_a_flatten_whose_order_failed_asks_again_under_another_key() -> None:
    stream = GatedStream()
    stream.hold("SELL", "2")
    stream.kill("flatten")
    first = flatten_intents(stream.context)
    play(stream, first)
    assert isinstance(first[0], NewIntent)
    assert first[0].side == "BUY"
    stream.submitted(first[0].key)
    stream.emit(OrderRejected(stream.now, stream.now, first[0].key, "margin"))
    again = flatten_intents(stream.context)
    assert isinstance(again[0], NewIntent)
    assert again[0].key != first[0].key
    assert again[0].quantity == 2


def test_R42_an_order_that_is_still_waiting_for_its_cancel_is_not_cancelled_again() -> None:
    stream = GatedStream(rate=(1, 3600 * SECOND, 1))
    stream.open("A")
    stream.kill("flatten")
    play(stream, flatten_intents(stream.context))
    waiting = stream.context.pending("A")
    assert waiting is not None
    assert waiting.kind == "CANCEL"
    assert flatten_intents(stream.context) == ()
    assert not is_flat(stream.context)


def test_R42_a_cancel_that_was_rejected_is_asked_for_again() -> None:
    stream = GatedStream()
    stream.open("A")
    stream.kill("flatten")
    play(stream, flatten_intents(stream.context))
    stream.emit(OrderPendingCancel(stream.now, stream.now, "A"))
    assert flatten_intents(stream.context) == ()
    stream.emit(OrderCancelRejected(stream.now, stream.now, "A", "too busy"))
    assert flatten_intents(stream.context) == (CancelIntent("A"),)


def test_R62_an_order_that_is_accepted_again_answers_a_cancel_that_never_came_there() -> None:
    stream = GatedStream()
    stream.open("A")
    assert results(stream.cancel("A")) == [("A", "allowed", ""), ("A", "sent", "")]
    stream.emit(OrderPendingCancel(stream.now, stream.now, "A"))
    assert ("A", "held", "in_flight") in results(stream.cancel("A"))
    assert results(stream.accepted("A")) == [("A", "sent", "")]
    assert [each.kind for each in stream.context.commands_in_flight()] == ["CANCEL"]
    stream.canceled("A")
    assert tuple(stream.context.commands_in_flight()) == ()


def test_R42_what_the_engine_says_is_being_cancelled_is_not_cancelled_again() -> None:
    stream = GatedStream()
    stream.open("A")
    stream.emit(OrderPendingCancel(stream.now, stream.now, "A"))
    stream.kill("flatten")
    assert flatten_intents(stream.context) == ()


def test_R42_an_order_with_a_change_in_flight_is_cancelled_too() -> None:
    stream = GatedStream(rate=(2, 3600 * SECOND, 2))
    stream.open("A")
    stream.replace("A", price="90")
    flying = stream.context.in_flight("A")
    assert flying is not None
    assert flying.kind == "REPLACE"
    stream.replace("A", price="80")
    stream.kill("flatten")
    assert flatten_intents(stream.context) == (CancelIntent("A"),)


def test_R42_each_instruments_net_position_is_closed_by_an_order_of_its_own() -> None:
    stream = GatedStream()
    held = (
        SnapshotPosition("P-1", "S-1", "ETH.X", Decimal(-3), Decimal(300)),
        SnapshotPosition("P-2", "S-1", "BTC.X", Decimal(5), Decimal(500)),
        SnapshotPosition("P-3", "S-2", "BTC.X", Decimal(-1), Decimal(100)),
        SnapshotPosition("P-4", "S-1", "XRP.X", Decimal(1), Decimal(100)),
        SnapshotPosition("P-5", "S-2", "XRP.X", Decimal(-1), Decimal(100)),
    )
    stream.emit(SnapshotTaken(stream.now, stream.now, "venue", "flatten", (), held))
    at = stream.context.position
    assert flatten_intents(stream.context) == (
        NewIntent(f"FLATTEN-{at}", "BTC.X", "SELL", Decimal(4), "MARKET", reduce_only=True),
        NewIntent(f"FLATTEN-{at}-1", "ETH.X", "BUY", Decimal(3), "MARKET", reduce_only=True),
    )
    assert not is_flat(stream.context)


def test_R42_a_position_is_closed_by_its_own_fills_whoever_asked() -> None:
    stream = GatedStream()
    stream.hold("BUY", "1")
    stream.kill("flatten")
    stream.emit(
        OrderFilled(
            stream.now, stream.now, "venue-1", "V-9", "A-1", "T-9", "P-1", "S-1", INSTRUMENT, "SELL", Decimal(1), Decimal(100),
            "USDT", ZERO, "USDT", "TAKER",
        )
    )  # fmt: skip
    assert is_flat(stream.context)


def asked(stream: GatedStream) -> NewIntent:
    """Return the one closing order that the flatten asks for now."""
    (intent,) = flatten_intents(stream.context)
    assert isinstance(intent, NewIntent)
    return intent


@given(held=st.decimals("0.001", "50", places=3), most=st.decimals("0.5", "20", places=3))
def test_R42_a_position_above_what_one_order_may_hold_is_closed_by_several(held: Decimal, most: Decimal) -> None:
    stream = GatedStream(max_quantity=str(most))
    stream.hold("BUY", str(held))
    stream.kill("flatten")
    left = held
    while not is_flat(stream.context):
        order = asked(stream)
        assert order.quantity == min(left, most), "whole orders, then the exact rest"
        play(stream, (order,))
        stream.submitted(order.key)
        assert flatten_intents(stream.context) == (), "one after the other"
        stream.filled(order.key, str(order.quantity))
        left -= order.quantity
    assert left == 0
    assert stream.state.execution.exposures[INSTRUMENT].position == 0


def test_R42_no_digit_of_what_is_closed_is_rounded_away() -> None:
    quantity = "1." + "0" * 40 + "1"
    stream = GatedStream()
    stream.hold("SELL", quantity)
    stream.kill("flatten")
    assert asked(stream).quantity == Decimal(quantity)


@pytest.mark.parametrize("most", [None, "NaN", "Infinity", "0", "-1"])
def test_R42_what_is_no_largest_quantity_keeps_nothing_open(most: str | None) -> None:
    stream = GatedStream(max_quantity=most)
    stream.hold("BUY", "7")
    stream.kill("flatten")
    assert asked(stream).quantity == 7


def test_R42_an_order_of_anybody_elses_is_cancelled_whatever_its_key_and_its_tag() -> None:
    stream = GatedStream()
    terms = OrderInitialized(
        stream.now, stream.now, "FLATTEN-7", "EXTERNAL", INSTRUMENT, "BUY", "LIMIT", Decimal(1), "GTC", Decimal(90),
        tags=("tc.core",),
    )  # fmt: skip
    resting = SnapshotOrder(terms, "A-1", "V-7", Decimal(1), ZERO)
    stream.emit(SnapshotTaken(stream.now, stream.now, "venue", "flatten", (resting,)))
    assert flatten_intents(stream.context) == (CancelIntent("FLATTEN-7"),)


@pytest.mark.parametrize("mode", ["none", "flatten"])
def test_R42_a_key_of_the_flattens_is_denied_to_anybody_else(mode: KillMode) -> None:
    stream = GatedStream()
    stream.hold("BUY", "1")
    stream.kill(mode)
    outcomes = stream.new("FLATTEN-8", "SELL", "1", "130", reduce_only=True, tags=("tc.core",))
    assert results(outcomes) == [("FLATTEN-8", "denied", "reserved_key")]
    assert outcomes[0].rule == "R42"
    assert results(stream.emit(SubmitRequested(stream.now, stream.now, ("FLATTEN-9",)))) == [
        ("FLATTEN-9", "denied", "reserved_key")
    ]


def test_R42_where_the_gate_only_observes_a_key_of_the_flattens_would_be_denied() -> None:
    stream = GatedStream(mode="observe")
    assert results(stream.new("FLATTEN-8")) == [("FLATTEN-8", "would_deny", "reserved_key")]


def test_R42_the_flatten_takes_no_key_that_somebody_has_or_is_about_to_ask_for() -> None:
    stream = GatedStream()
    stream.hold("BUY", "1")
    stream.kill("flatten")
    at = int(stream.context.position)
    stream.initialize(f"FLATTEN-{at + 1}")
    (intent,) = flatten_intents(stream.context, {f"FLATTEN-{at + 1}-1"})
    assert intent.key == f"FLATTEN-{at + 1}-2"


def test_R43_the_flattens_own_order_waits_on_when_the_flatten_is_asked_for_again() -> None:
    stream = GatedStream(rate=(1, 3600 * SECOND, 1))
    stream.hold("BUY", "1")
    stream.new("A", "SELL", "1", "130", reduce_only=True)
    stream.kill("flatten")
    own = asked(stream)
    play(stream, (own,))
    assert stream.context.pending(own.key) is not None
    assert results(stream.kill("flatten")) == []
    assert results(stream.kill("halt")) == [(own.key, "invalid", "kill_switch")]


def test_R42_a_run_that_ends_before_the_flatten_is_done_says_what_is_left() -> None:
    stream = GatedStream()
    stream.hold("BUY", "3")
    stream.open("A")
    assert left_open(stream.context) == ""
    stream.kill("flatten")
    play(stream, flatten_intents(stream.context))
    assert left_open(stream.context) == f"{INSTRUMENT} at 3, 1 orders open, 1 commands under way"
    last = stream.complete()
    assert last is not None
    assert results(last.outcomes) == [("", "held", "not_flat")]
    assert last.outcomes[0].detail == f"{INSTRUMENT} at 3, 1 orders open, 1 commands under way"


@pytest.mark.parametrize("mode", ["on", "observe"])
def test_R42_a_run_that_ends_flat_or_whose_gate_only_observes_says_nothing_of_it(mode: str) -> None:
    stream = GatedStream(mode=mode)
    if mode == "observe":
        stream.hold("BUY", "3")
    stream.kill("flatten")
    assert stream.complete() is None
