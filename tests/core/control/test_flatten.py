"""Rule R42 (its flatten): cancel what is open, close what is held, then be done."""

from decimal import Decimal

from gated import INSTRUMENT, SECOND, GatedStream
from tc.core.control import flatten_intents, is_flat
from tc.core.events import (
    KillMode,
    OrderCancelRejected,
    OrderFilled,
    OrderPendingCancel,
    OrderRejected,
    SnapshotPosition,
    SnapshotTaken,
)
from tc.core.intents import CancelIntent, Intent, NewIntent
from tc.core.state.exact import ZERO


def play(stream: GatedStream, intents: tuple[Intent, ...]) -> None:
    """Turn Intents into the requests that the Runtime makes of them."""
    for intent in intents:
        if isinstance(intent, CancelIntent):
            stream.cancel(intent.key)
        elif isinstance(intent, NewIntent):
            stream.new(intent.key, intent.side, str(intent.quantity), None, reduce_only=intent.reduce_only)


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
