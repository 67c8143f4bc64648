"""Rules R59, R63 to R71: the life of an Order, and what its fills add up to."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import START_NS, Venue, configuration, venues
from tc.core import EventStreamEntry, State, fold_event_stream_entries, process_event_entry
from tc.core.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    PositionChanged,
    PositionClosed,
    PositionOpened,
)
from tc.core.state import slots
from tc.core.state.lifecycle import LEGAL_MOVES, UNMOVED
from tc.core.state.model import ANOMALIES_KEPT, FINAL, Order
from tc.core.state.orders import find
from tc.errors import InvariantViolation

STATUSES = ("SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED")


def _fold(venue: Venue) -> State:
    return fold_event_stream_entries(venue.entries, configuration=venue.configuration)


def _order(venue: Venue, order_id: str) -> Order:
    order = find(_fold(venue).execution.orders, order_id)
    assert order is not None
    return order


def _next(venue: Venue, event: Event) -> State:
    state = _fold(venue)
    return process_event_entry(state, EventStreamEntry(state.position + 1, event), configuration=venue.configuration)


def _in_status(status: str) -> tuple[Venue, str]:
    venue = Venue()
    order_id = venue.initialize(quantity="2.0")
    venue.submit(order_id)
    if status in ("ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED"):
        venue.accept(order_id)
    match status:
        case "TRIGGERED":
            venue.emit(OrderTriggered(venue.now, venue.now, order_id))
        case "PARTIALLY_FILLED":
            venue.fill(order_id, "0.5")
        case "FILLED":
            venue.fill(order_id)
        case "CANCELED" | "EXPIRED" | "REJECTED":
            venue.end(order_id, status)
    assert _order(venue, order_id).status == status
    return venue, order_id


def _fill(order_id: str, quantity: str = "0.5", trade_id: str = "T-new", **changes: object) -> OrderFilled:
    event = OrderFilled(
        START_NS, START_NS, order_id, "V-1", "A-1", trade_id, "P-1", "S-1", "BTCUSDT.X", "BUY",
        Decimal(quantity), Decimal(100), "USDT", Decimal("0.01"), "USDT", "MAKER",
    )  # fmt: skip
    return msgspec.structs.replace(event, **changes)


def _moving_event(order_id: str, to: str, filled: Decimal) -> Event:
    now = START_NS
    match to:
        case "SUBMITTED":
            return OrderSubmitted(now, now, order_id, "A-1")
        case "ACCEPTED":
            return OrderAccepted(now, now, order_id, "V-1", "A-1")
        case "TRIGGERED":
            return OrderTriggered(now, now, order_id)
        case "PARTIALLY_FILLED":
            return _fill(order_id, "0.25")
        case "FILLED":
            return _fill(order_id, str(Decimal("2.0") - filled))
        case "CANCELED":
            return OrderCanceled(now, now, order_id)
        case "REJECTED":
            return OrderRejected(now, now, order_id, "NO")
        case _:
            return OrderExpired(now, now, order_id)


def _is_late_fill(start: str, to: str) -> bool:
    return start in FINAL and to in ("PARTIALLY_FILLED", "FILLED")


@pytest.mark.parametrize(("start", "to"), [(a, b) for a in STATUSES for b in STATUSES if not _is_late_fill(a, b)])
def test_R63_R64_R67_every_legal_move_is_made_and_every_other_is_an_anomaly_or_a_violation(start: str, to: str) -> None:
    venue, order_id = _in_status(start)
    event = _moving_event(order_id, to, _order(venue, order_id).filled)
    if (start, to) in LEGAL_MOVES:
        moved = find(_next(venue, event).execution.orders, order_id)
        assert moved is not None
        assert moved.status == to
    elif (start, to) in UNMOVED:
        before, after = _fold(venue).execution, _next(venue, event).execution
        assert after.anomaly_counts == {UNMOVED[start, to]: 1}
        assert (after.orders, after.exposures, after.queue) == (before.orders, before.exposures, before.queue)
    else:
        before = _fold(venue)
        with pytest.raises(InvariantViolation):
            _next(venue, event)
        assert _fold(venue) == before


def test_R63_the_final_states_are_four_and_every_other_may_be_filled() -> None:
    assert {"FILLED", "CANCELED", "REJECTED", "EXPIRED"} == FINAL
    assert not any(start in FINAL for start, _ in LEGAL_MOVES)
    assert {(start, to) for start in set(STATUSES) - FINAL for to in ("PARTIALLY_FILLED", "FILLED")} <= LEGAL_MOVES


def test_R59_an_order_begins_at_submitted_never_earlier() -> None:
    venue = Venue()
    order_id = venue.initialize()
    assert find(_fold(venue).execution.orders, order_id) is None
    venue.submit(order_id)
    assert _order(venue, order_id).status == "SUBMITTED"


def test_R44_a_denied_order_leaves_no_order_and_no_terms() -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.emit(OrderDenied(venue.now, venue.now, order_id, "NOTIONAL"))
    orders = _fold(venue).execution.orders
    assert find(orders, order_id) is None
    assert slots.items(orders.unsubmitted) == []


@pytest.mark.parametrize(
    "kind", [OrderDenied, OrderEmulated, OrderReleased, OrderSubmitted, OrderPendingUpdate, OrderPendingCancel]
)
def test_R67_events_before_submission_need_an_order_that_waits(kind: type) -> None:
    fields = {"reason": "NO", "released_price": Decimal(1), "account_id": "A-1"}
    extra = [value for name, value in fields.items() if name in kind.__struct_fields__]
    with pytest.raises(InvariantViolation, match="is not waiting to be sent"):
        _next(Venue(), kind(START_NS, START_NS, "O-404", *extra))


@pytest.mark.parametrize(
    "event", [OrderAccepted(1, 1, "O-404", "V", "A"), OrderCanceled(1, 1, "O-404"), OrderTriggered(1, 1, "O-404")]
)
def test_R65_execution_events_need_an_order_that_was_submitted(event: Event) -> None:
    with pytest.raises(InvariantViolation, match="never submitted"):
        _next(Venue(), event)


def test_R67_what_stays_a_violation_would_take_back_an_end_or_begin_an_order_in_its_middle() -> None:
    others = {(start, to) for start in STATUSES for to in STATUSES if not _is_late_fill(start, to)} - LEGAL_MOVES - set(UNMOVED)
    assert others == {
        *((start, "SUBMITTED") for start in FINAL),
        *((start, "ACCEPTED") for start in FINAL - {"FILLED"}),
        ("SUBMITTED", "TRIGGERED"),
        ("PARTIALLY_FILLED", "REJECTED"),
    }
    assert not LEGAL_MOVES & set(UNMOVED)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", [OrderInitialized, OrderDenied])
def test_a_second_order_under_an_id_that_was_sent_moves_nothing(status: str, kind: type) -> None:
    venue, order_id = _in_status(status)
    again = {
        OrderInitialized: OrderInitialized(START_NS, START_NS, order_id, "S-1", "BTCUSDT.X", "BUY", "LIMIT", Decimal(1), "GTC"),
        OrderDenied: OrderDenied(START_NS, START_NS, order_id, "duplicate"),
    }[kind]
    before, after = _fold(venue).execution, _next(venue, again).execution
    assert after.anomaly_counts == {"duplicate_key": 1}
    assert after.orders == before.orders


def test_a_second_order_under_the_id_of_one_that_waits_leaves_its_terms() -> None:
    venue = Venue()
    order_id = venue.initialize(quantity="2.0")
    terms = slots.get(_fold(venue).execution.orders.unsubmitted, order_id)
    assert terms is not None
    venue.emit(msgspec.structs.replace(terms, quantity=Decimal(7), is_duplicate=True))
    venue.emit(OrderDenied(venue.now, venue.now, order_id, "duplicate", is_duplicate=True))
    execution = _fold(venue).execution
    assert slots.get(execution.orders.unsubmitted, order_id) == terms
    assert execution.anomaly_counts == {"duplicate_key": 2}


@pytest.mark.parametrize(
    "event",
    [
        OrderUpdated(START_NS, START_NS, "", Decimal(9)),
        OrderPendingUpdate(START_NS, START_NS, ""),
        OrderPendingCancel(START_NS, START_NS, ""),
        OrderEmulated(START_NS, START_NS, ""),
        OrderReleased(START_NS, START_NS, "", Decimal(9)),
    ],
)
@pytest.mark.parametrize("status", sorted(FINAL))
def test_R66_new_terms_and_commands_of_an_order_that_ended_are_late_and_change_nothing(status: str, event: Event) -> None:
    venue, order_id = _in_status(status)
    before = _fold(venue).execution
    after = _next(venue, msgspec.structs.replace(event, client_order_id=order_id)).execution  # type: ignore[type-var]
    assert after.anomaly_counts == {"late_event": 1}
    assert after.orders == before.orders


def test_the_emulator_may_state_terms_anew_before_the_order_is_sent() -> None:
    venue = Venue()
    order_id = venue.initialize(quantity="1.0")
    venue.emit(OrderEmulated(venue.now, venue.now, order_id))
    venue.emit(OrderTriggered(venue.now, venue.now, order_id))
    venue.emit(OrderReleased(venue.now, venue.now, order_id, Decimal(99)))
    venue.initialize(quantity="3.0", order_id=order_id)
    venue.submit(order_id)
    assert _order(venue, order_id).quantity == Decimal("3.0")


def test_terms_changed_before_the_order_is_sent_are_the_terms_it_is_sent_with() -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.emit(OrderUpdated(venue.now, venue.now, order_id, Decimal(7), Decimal("98.5"), Decimal(97)))
    venue.emit(OrderUpdated(venue.now, venue.now, order_id, Decimal(8)))
    venue.submit(order_id)
    order = _order(venue, order_id)
    assert (order.quantity, order.price, order.trigger_price) == (Decimal(8), Decimal("98.5"), Decimal(97))


@pytest.mark.parametrize("kind", ["CANCELED", "EXPIRED", "REJECTED"])
def test_an_order_that_ends_before_it_was_sent_leaves_nothing(kind: str) -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.end(order_id, kind)
    orders = _fold(venue).execution.orders
    assert find(orders, order_id) is None
    assert slots.get(orders.unsubmitted, order_id) is None


def test_R64_the_venue_may_accept_an_external_order_that_we_never_sent() -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.accept(order_id)
    order = _order(venue, order_id)
    assert (order.status, order.venue_order_id) == ("ACCEPTED", f"V-{order_id}")


def test_R64_a_venue_may_update_and_cancel_without_a_command_of_ours() -> None:
    venue = Venue()
    order_id = venue.accepted(quantity="2.0")
    venue.emit(OrderUpdated(venue.now, venue.now, order_id, Decimal("1.5"), trigger_price=Decimal(90), venue_order_id="V-2"))
    order = _order(venue, order_id)
    assert (order.quantity, order.price, order.trigger_price, order.venue_order_id) == (
        Decimal("1.5"), Decimal("100.5"), Decimal(90), "V-2",
    )  # fmt: skip
    venue.end(order_id, "CANCELED")
    assert _order(venue, order_id).status == "CANCELED"


def test_R67_an_order_is_not_updated_below_what_is_filled_nor_when_it_is_not_open() -> None:
    venue = Venue()
    order_id = venue.accepted(quantity="2.0")
    venue.fill(order_id, "1.5")
    with pytest.raises(InvariantViolation, match=r"quantity of 1, below the 1\.5 already filled"):
        _next(venue, OrderUpdated(START_NS, START_NS, order_id, Decimal(1)))
    with pytest.raises(InvariantViolation, match="is updated, but it is not open"):
        _next(venue, OrderUpdated(START_NS, START_NS, "O-404", Decimal(1)))


@pytest.mark.parametrize(("kind", "pending"), [(OrderPendingUpdate, "UPDATE"), (OrderPendingCancel, "CANCEL")])
def test_a_command_under_way_is_noted_until_it_is_answered(kind: type, pending: str) -> None:
    venue = Venue()
    order_id = venue.accepted()
    venue.emit(kind(venue.now, venue.now, order_id))
    assert (_order(venue, order_id).status, _order(venue, order_id).pending) == ("ACCEPTED", pending)
    venue.emit(OrderCancelRejected(venue.now, venue.now, order_id, "TOO LATE"))
    assert _order(venue, order_id).pending == ""


def test_a_command_that_was_not_carried_out_may_be_answered_by_accepting_again() -> None:
    venue = Venue()
    order_id = venue.accepted()
    venue.emit(OrderPendingCancel(venue.now, venue.now, order_id))
    venue.accept(order_id)
    assert (_order(venue, order_id).status, _order(venue, order_id).pending) == ("ACCEPTED", "")


def test_a_command_on_an_order_not_yet_sent_is_noted_nowhere() -> None:
    venue = Venue()
    order_id = venue.initialize()
    before = _fold(venue).execution
    venue.emit(OrderPendingCancel(venue.now, venue.now, order_id))
    assert _fold(venue).execution == before


def test_a_refused_command_on_an_order_that_ended_meanwhile_changes_nothing() -> None:
    venue, order_id = _in_status("FILLED")
    before = _fold(venue).execution
    venue.emit(OrderCancelRejected(venue.now, venue.now, order_id, "FILLED"))
    assert _fold(venue).execution == before


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "REJECTED"])
def test_R66_a_late_fill_still_counts_and_raises_an_anomaly(status: str) -> None:
    venue, order_id = _in_status(status)
    venue.fill(order_id, "0.5", late=True)
    state = _fold(venue)
    order = _order(venue, order_id)
    assert (order.status, order.filled) == (status, Decimal("0.5"))
    assert state.execution.anomaly_counts == {"late_fill": 1}
    assert state.execution.anomalies[0].subject == order_id
    held = slots.get(state.execution.holdings.positions, "P-1")
    assert held is not None
    assert held.signed_quantity == Decimal("0.5")


def test_R66_a_late_fill_of_an_order_in_the_older_generation_counts_too() -> None:
    venue = Venue(configuration(closed_orders_kept=1))
    first = venue.accepted(quantity="2.0")
    venue.end(first, "CANCELED")
    second = venue.accepted()
    venue.end(second, "CANCELED")
    venue.fill(first, "0.5", late=True)
    assert _order(venue, first).filled == Decimal("0.5")
    assert _fold(venue).execution.anomaly_counts == {"late_fill": 1}


def test_a_fill_of_an_order_no_longer_kept_still_counts_and_raises_an_anomaly() -> None:
    venue = Venue(configuration(closed_orders_kept=1))
    first = venue.accepted(quantity="2.0")
    venue.end(first, "CANCELED")
    for _ in range(2):
        venue.end(venue.accepted(), "CANCELED")
    state = _fold(venue)
    assert find(state.execution.orders, first) is None
    assert state.execution.orders.closed_total == 3
    venue.fill(first, "0.5", late=True)
    state = _fold(venue)
    assert state.execution.anomaly_counts == {"unknown_order_fill": 1}
    assert state.execution.holdings.fills == 1


@given(st.integers(1, 6), st.integers(0, 30))
def test_at_least_the_configured_count_of_closed_orders_stays_known(kept: int, closed: int) -> None:
    venue = Venue(configuration(closed_orders_kept=kept))
    ids = [venue.accepted() for _ in range(closed)]
    for order_id in ids:
        venue.end(order_id, "CANCELED")
    orders = _fold(venue).execution.orders
    known = [order_id for order_id in ids if find(orders, order_id) is not None]
    assert known[-min(kept, closed) :] == ids[-min(kept, closed) :] if closed else known == []
    assert len(known) <= 2 * kept


def test_R68_a_repeated_fill_changes_nothing() -> None:
    venue = Venue()
    order_id = venue.accepted(quantity="2.0")
    fill = venue.fill(order_id, "0.5")
    before = _fold(venue).execution
    venue.emit(fill)
    assert _fold(venue).execution == before


@pytest.mark.parametrize("status", ["ACCEPTED", "CANCELED"])
def test_R68_fills_above_the_quantity_are_a_violation(status: str) -> None:
    venue, order_id = _in_status(status)
    with pytest.raises(InvariantViolation, match=r"takes order O-1 to 2\.5, above its quantity of 2\.0"):
        _next(venue, _fill(order_id, "2.5"))


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity"])
def test_R68_a_fill_of_no_quantity_is_a_violation(quantity: str) -> None:
    venue, order_id = _in_status("ACCEPTED")
    with pytest.raises(InvariantViolation, match="has quantity"):
        _next(venue, _fill(order_id, quantity))


def test_R69_without_an_acknowledgement_an_order_stays_submitted_however_long() -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.submit(order_id)
    for _ in range(50):
        venue.rows(10_000)
    assert _order(venue, order_id).status == "SUBMITTED"


def test_R70_the_order_id_is_ours_and_the_venues_attaches_at_the_acknowledgement() -> None:
    venue = Venue()
    order_id = venue.initialize()
    venue.submit(order_id)
    assert _order(venue, order_id).venue_order_id is None
    venue.accept(order_id)
    assert _order(venue, order_id).venue_order_id == f"V-{order_id}"
    venue.end(order_id, "CANCELED")
    assert _order(venue, order_id).terms.client_order_id == order_id


def test_R71_a_fill_guessed_from_snapshots_is_never_counted_as_canonical() -> None:
    venue, order_id = _in_status("ACCEPTED")
    holdings = _next(venue, _fill(order_id, source="compat")).execution.holdings
    assert (holdings.fills, holdings.compat_fills) == (0, 1)


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 9), st.integers(1, 500)), max_size=25))
def test_positions_and_profit_are_exact_sums_of_fills(trades: list[tuple[str, int, int]]) -> None:
    venue = Venue()
    net, cash = Fraction(0), Fraction(0)
    for side, lots, cents in trades:
        order_id = venue.accepted(side, str(Decimal(lots) / 10))
        venue.fill(order_id, price=str(Decimal(cents) / 100))
        sign = 1 if side == "BUY" else -1
        net += sign * Fraction(lots, 10)
        cash -= sign * Fraction(lots, 10) * Fraction(cents, 100)
    holdings = _fold(venue).execution.holdings
    held = slots.get(holdings.positions, "P-1")
    realized = Fraction(holdings.realized.get("BTCUSDT.X", Decimal(0)))
    if held is None:
        assert net == 0
        assert realized == cash
    else:
        assert Fraction(held.signed_quantity) == net
        assert held.signed_quantity == held.buy_quantity - held.sell_quantity
        assert realized + Fraction(held.sell_value) - Fraction(held.buy_value) == cash
    assert holdings.commissions.get("USDT", Decimal(0)) == Decimal("0.01") * len(trades)
    assert holdings.flipping is None
    assert not _fold(venue).execution.anomaly_counts


def test_a_flip_may_continue_under_the_id_that_the_engine_gives_its_other_side() -> None:
    venue = Venue()
    venue.fill(venue.accepted("BUY", "1.0"))
    order_id = venue.accepted("SELL", "3.0")
    venue.fill(order_id)
    opened = venue.entries.pop()
    assert isinstance(opened.event, PositionOpened)
    state = _fold(venue)
    assert state.execution.holdings.flipping == "P-1"
    renamed = _next(venue, PositionOpened(venue.now, venue.now, "P-1F", "S-1", "BTCUSDT.X", Decimal("-2.0")))
    held = slots.get(renamed.execution.holdings.positions, "P-1F")
    assert held is not None
    assert held.signed_quantity == Decimal("-2.0")
    assert slots.get(renamed.execution.holdings.positions, "P-1") is None
    assert renamed.execution.anomaly_counts == {}


def test_a_position_that_the_engine_states_otherwise_raises_an_anomaly() -> None:
    venue = Venue()
    venue.fill(venue.accepted("BUY", "1.0"))
    state = _next(venue, PositionChanged(venue.now, venue.now, "P-1", "S-1", "BTCUSDT.X", Decimal("1.1")))
    assert state.execution.anomaly_counts == {"position_mismatch": 1}
    state = _next(venue, PositionOpened(venue.now, venue.now, "P-9", "S-1", "BTCUSDT.X", Decimal(1)))
    assert state.execution.anomalies[0].subject == "P-9"


def test_a_close_of_a_position_that_we_still_hold_raises_an_anomaly_and_loses_nothing() -> None:
    venue = Venue()
    venue.fill(venue.accepted("BUY", "2.0"))
    closed = PositionClosed(venue.now, venue.now, "P-1", "S-1", "BTCUSDT.X")
    state = _next(venue, closed)
    assert state.execution.anomaly_counts == {"position_mismatch": 1}
    venue.emit(closed)
    venue.emit(_fill("O-404", "5", "T-other", position_id="P-2"))
    venue.emit(PositionOpened(venue.now, venue.now, "P-2", "S-1", "BTCUSDT.X", Decimal(5)))
    holdings = _fold(venue).execution.holdings
    assert {key: held.signed_quantity for key, held in slots.items(holdings.positions)} == {
        "P-1": Decimal("2.0"),
        "P-2": Decimal(5),
    }


def test_an_opening_event_of_another_instrument_does_not_settle_a_flip() -> None:
    venue = Venue()
    venue.fill(venue.accepted("BUY", "1.0"))
    venue.fill(venue.accepted("SELL", "3.0"))
    venue.entries.pop()
    state = _next(venue, PositionOpened(venue.now, venue.now, "P-9", "S-1", "ETHUSDT.X", Decimal(1)))
    assert state.execution.holdings.flipping == "P-1"
    assert state.execution.anomaly_counts == {"position_mismatch": 1}


def test_anomalies_are_all_counted_and_the_first_are_kept() -> None:
    venue = Venue()
    for _ in range(ANOMALIES_KEPT + 5):
        venue.emit(PositionChanged(venue.now, venue.now, "P-1", "S-1", "BTCUSDT.X", Decimal(1)))
    execution = _fold(venue).execution
    assert execution.anomaly_counts == {"position_mismatch": ANOMALIES_KEPT + 5}
    assert len(execution.anomalies) == ANOMALIES_KEPT


@given(venues(max_steps=60, closed_orders_kept=1000))
def test_every_order_of_a_legal_stream_is_where_its_venue_has_it(venue: Venue) -> None:
    orders = _fold(venue).execution.orders
    for order_id, expected in venue.orders.items():
        order = find(orders, order_id)
        if order is None:
            assert expected.status in {"INITIALIZED", "DENIED", "CANCELED"}
            continue
        assert order.status == expected.status
        assert order.filled == expected.filled
        assert order.quantity == expected.quantity
        assert len(order.trade_ids) == len(expected.fills)
        is_open = slots.get(orders.open, order_id) is not None
        assert is_open == (order.status not in FINAL)


def test_an_amount_that_cannot_be_added_exactly_is_a_violation() -> None:
    venue, order_id = _in_status("ACCEPTED")
    venue.emit(_fill(order_id, "0.5", price=Decimal("1e900000")))
    with pytest.raises(InvariantViolation, match=r"cannot be added up exactly \(Inexact\)"):
        _next(venue, _fill(order_id, "0.5", "T-2", price=Decimal(1)))
