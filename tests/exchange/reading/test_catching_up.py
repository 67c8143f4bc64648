"""Claims about what is recorded of what became of a run's orders while nobody looked."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gated import INSTRUMENT, START_NS, GatedStream
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import (
    CancelRequested,
    DispatchFailed,
    Event,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    SnapshotTaken,
    SubmitRequested,
)
from tc.core.state.orders import find
from tc.exchange.reading.account import VenueOrder, VenueReading, VenueTrade
from tc.exchange.reading.catching_up import EXTERNAL, Catching, CaughtUp, Known, caught_up, wait_ns

CATCHING = Catching({"BTCUSDT": INSTRUMENT}, "USDT")
ONE, ZERO = Decimal(1), Decimal(0)
LATER_NS = START_NS + 10**10
ORDER = VenueOrder(
    "BTCUSDT",
    "7",
    "O-1",
    "BUY",
    "LIMIT",
    "NEW",
    "GTC",
    ONE,
    ZERO,
    Decimal(100),
    ZERO,
    ZERO,
    is_reduce_only=False,
    position_side="BOTH",
    is_conditional=False,
    triggered_order_id="",
    placed_ns=LATER_NS,
    updated_ns=LATER_NS,
)
TRADE = VenueTrade(
    "BTCUSDT",
    "11",
    "7",
    "BUY",
    Decimal("0.4"),
    Decimal(100),
    Decimal("0.04"),
    "USDT",
    ZERO,
    is_maker=True,
    position_side="BOTH",
    at_ns=LATER_NS,
)
NOTHING = VenueReading(LATER_NS + 5, 1, 0, (), (), (), (), (), is_settled=True)


class Crashed:
    """A gated stream that began with a snapshot, and what was known of it."""

    def __init__(self) -> None:
        self.stream = GatedStream()
        self.known = Known()
        self.emit(SnapshotTaken(START_NS, START_NS, "venue", "none"))

    def emit(self, *events: Event) -> None:
        for event in events:
            self.known.take(EventStreamEntry(ProcessingPosition(1), event))
            self.stream.emit(event)

    def asked(self, key: str = "O-1") -> "Crashed":
        at = (self.stream.now, self.stream.now)
        terms = OrderInitialized(*at, key, "S-1", INSTRUMENT, "BUY", "LIMIT", ONE, "GTC", price=Decimal(100))
        self.emit(terms, SubmitRequested(*at, (key,)))
        return self

    def submitted(self, key: str = "O-1") -> "Crashed":
        self.asked(key).emit(OrderSubmitted(self.stream.now, self.stream.now, key, "A-1"))
        return self

    def accepted(self, key: str = "O-1") -> "Crashed":
        self.submitted(key).emit(OrderAccepted(self.stream.now, self.stream.now, key, "7", "A-1"))
        return self

    def told(self, *, is_last_word: bool = True, **reading: Any) -> CaughtUp:
        return caught_up(self.stream.state, self.known, replace(NOTHING, **reading), CATCHING, is_last_word=is_last_word)

    def caught_up(self, **reading: Any) -> list[str]:
        """Enter what is told, and return the types; telling it once more tells nothing."""
        told = self.told(**reading)
        self.emit(*told.events)
        assert self.told(**reading).events == ()
        assert not any(self.stream.state.execution.queue.in_flight), "nothing is in doubt"
        assert self.stream.state.execution.anomalies == ()
        return [type(each).__name__ for each in told.events]

    def status(self, key: str = "O-1") -> str:
        order = find(self.stream.state.execution.orders, key)
        assert order is not None
        return order.status


def test_an_order_that_is_open_as_it_was_is_not_told_again() -> None:
    crashed = Crashed().accepted()
    assert crashed.caught_up(open_orders=(ORDER,), orders=(ORDER,)) == []
    assert crashed.status() == "ACCEPTED"


def test_a_fill_is_told_once_with_the_venues_trade_id() -> None:
    crashed = Crashed().accepted()
    filled = replace(ORDER, status="PARTIALLY_FILLED", filled=TRADE.quantity)
    assert crashed.caught_up(open_orders=(filled,), orders=(filled,), trades=(TRADE,)) == ["OrderFilled"]
    order = find(crashed.stream.state.execution.orders, "O-1")
    assert order is not None
    assert (order.status, order.filled, order.trade_ids) == ("PARTIALLY_FILLED", TRADE.quantity, ("11",))


def test_a_fill_is_the_venues_own_record_at_the_venues_time() -> None:
    filled = replace(ORDER, status="PARTIALLY_FILLED", filled=TRADE.quantity)
    (event,) = Crashed().accepted().told(open_orders=(filled,), trades=(TRADE,)).events
    assert isinstance(event, OrderFilled)
    assert (event.event_ns, event.source, event.liquidity, event.strategy_id) == (LATER_NS, "canonical", "MAKER", "S-1")
    assert (event.commission, event.commission_currency, event.currency) == (Decimal("0.04"), "USDT", "USDT")


def test_an_order_in_flight_that_arrived_and_was_filled_is_told_from_its_beginning() -> None:
    crashed = Crashed().asked()
    done = replace(ORDER, status="FILLED", filled=ONE)
    trades = (TRADE, replace(TRADE, trade_id="12", quantity=Decimal("0.6")))
    assert crashed.caught_up(orders=(done,), trades=trades) == [
        "OrderSubmitted",
        "OrderAccepted",
        "OrderFilled",
        "OrderFilled",
    ]
    assert crashed.status() == "FILLED"


def test_an_order_that_was_cancelled_after_a_fill_is_both() -> None:
    crashed = Crashed().accepted()
    gone = replace(ORDER, status="CANCELED", filled=TRADE.quantity)
    assert crashed.caught_up(orders=(gone,), trades=(TRADE,)) == ["OrderFilled", "OrderCanceled"]
    assert crashed.status() == "CANCELED"


def test_an_order_that_expired_is_told_so() -> None:
    crashed = Crashed().submitted()
    assert crashed.caught_up(orders=(replace(ORDER, status="EXPIRED"),)) == ["OrderAccepted", OrderExpired.__name__]


def test_R62_what_was_in_doubt_and_never_arrived_has_not_left() -> None:
    asked, submitted = Crashed().asked(), Crashed().submitted()
    assert asked.told().unseen == submitted.told().unseen == ("O-1",)
    assert asked.caught_up() == [DispatchFailed.__name__]
    assert submitted.caught_up() == [OrderRejected.__name__]
    assert submitted.status() == "REJECTED"


def test_before_the_last_word_only_what_the_venue_has_is_told() -> None:
    told = Crashed().asked().told(is_last_word=False)
    assert (told.events, told.unseen) == ((), ("O-1",))


def test_an_open_order_that_the_venue_has_forgotten_was_cancelled() -> None:
    crashed = Crashed().accepted()
    assert crashed.caught_up() == [OrderCanceled.__name__]


def test_an_order_that_nobody_had_sent_ends_with_the_process_that_knew_it() -> None:
    crashed = Crashed()
    at = (crashed.stream.now, crashed.stream.now)
    crashed.emit(OrderInitialized(*at, "O-1", "S-1", INSTRUMENT, "BUY", "LIMIT", ONE, "GTC", price=Decimal(100)))
    assert crashed.told().unseen == ()
    assert crashed.caught_up() == ["OrderCanceled"]
    assert crashed.stream.context.terms("O-1") is None


def test_a_change_that_was_done_is_told_with_its_terms() -> None:
    crashed = Crashed().accepted()
    crashed.emit(ModifyRequested(crashed.stream.now, crashed.stream.now, "O-1", None, Decimal(101)))
    changed = replace(ORDER, price=Decimal(101))
    (event,) = crashed.told(open_orders=(changed,)).events
    assert isinstance(event, OrderUpdated)
    assert event.price == Decimal(101)
    assert crashed.caught_up(open_orders=(changed,)) == ["OrderUpdated"]


def test_a_change_and_a_cancel_that_were_never_done_have_not_left() -> None:
    for asked in (
        ModifyRequested(START_NS, START_NS, "O-1", None, Decimal(101)),
        CancelRequested(START_NS, START_NS, ("O-1",)),
    ):
        crashed = Crashed().accepted()
        crashed.emit(asked)
        assert crashed.told(open_orders=(ORDER,)).unseen == ("O-1",)
        assert crashed.caught_up(open_orders=(ORDER,)) == ["DispatchFailed"]
        assert crashed.status() == "ACCEPTED"


def test_what_somebody_else_did_is_told_as_an_order_of_nobodys() -> None:
    crashed = Crashed().accepted()
    filled = replace(ORDER, status="FILLED", filled=ONE)
    trade = replace(TRADE, quantity=ONE)
    other = replace(
        ORDER, venue_order_id="8", client_order_id="theirs", side="SELL", kind="MARKET", price=ZERO, status="FILLED", filled=ONE
    )
    sold = replace(TRADE, trade_id="12", venue_order_id="8", side="SELL", quantity=ONE)
    found = crashed.caught_up(orders=(filled, other), trades=(trade, sold))
    assert found == ["OrderInitialized", "OrderAccepted", "OrderFilled", "OrderFilled"]
    assert list(crashed.stream.context.positions()) == []
    terms = next(each.event for each in crashed.stream.entries if getattr(each.event, "client_order_id", "") == "theirs")
    assert isinstance(terms, OrderInitialized)
    assert terms.strategy_id == EXTERNAL


def test_a_fill_whose_order_the_venue_does_not_state_counts_all_the_same() -> None:
    crashed = Crashed()
    assert crashed.caught_up(trades=(TRADE,)) == ["OrderInitialized", "OrderAccepted", "OrderFilled"]
    (position,) = crashed.stream.context.positions()
    assert (position.signed_quantity, position.strategy_id) == (TRADE.quantity, EXTERNAL)


def test_fills_before_the_stream_learned_what_was_held_are_in_that_already() -> None:
    assert Crashed().told(trades=(replace(TRADE, at_ns=START_NS - 10**9),)).events == ()


def test_a_stream_that_never_learned_what_was_held_has_nothing_to_catch_up_with() -> None:
    stream = GatedStream()
    assert caught_up(stream.state, Known(), replace(NOTHING, trades=(TRADE,)), CATCHING, is_last_word=True).events == ()


@pytest.mark.parametrize(("now_ns", "waits"), [(100, 6), (102, 4), (106, 0), (9_999, 0), (-7_200, 6)])
def test_what_may_be_on_its_way_is_waited_for_and_no_longer_by_a_clock_that_was_set_back(now_ns: int, waits: int) -> None:
    assert wait_ns(100, now_ns, longest_ns=6) == waits
