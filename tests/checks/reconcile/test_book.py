"""Claims about the expected side: the book that a journal's entries add up to."""

from decimal import Decimal

from hypothesis import given

from streams import Venue, configuration, venues
from tc.checks.reconcile import HeldBalance, HeldPosition, Holdings, JournalBook, Life, Unknown
from tc.core import INITIAL, process_event_entry
from tc.core.events import OrderFilled, SnapshotTaken


def told(venue: Venue) -> Holdings:
    """Return what the venue's entries add up to."""
    book, state = JournalBook(), INITIAL
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        book.take(entry.event, state)
    return book.holdings(state)


def everything() -> Venue:
    """Return a venue at which all that can happen has happened."""
    venue = Venue()
    venue.every_type()
    return venue


@given(venues(closed_orders_kept=1))
def test_every_order_and_fill_is_kept_however_few_orders_state_keeps(venue: Venue) -> None:
    held = told(venue)
    assert not isinstance(held.orders, Unknown)
    assert not isinstance(held.fills, Unknown)
    sent = {key: order for key, order in venue.orders.items() if f"V-{key}" in _acknowledged(venue) or order.fills}
    by_key = {order.key: order for order in held.orders}
    for key, order in sent.items():
        assert (by_key[key].filled, by_key[key].side) == (order.filled, order.side)
        assert order.status not in {"FILLED", "CANCELED", "EXPIRED", "REJECTED"} or by_key[key].status == order.status
    filled = [entry.event for entry in venue.entries if isinstance(entry.event, OrderFilled)]
    assert [(each.trade_id, each.key) for each in held.fills] == [(each.trade_id, each.client_order_id) for each in filled]


def _acknowledged(venue: Venue) -> set[str]:
    return {entry.event.venue_order_id for entry in venue.entries if type(entry.event).__name__ == "OrderAccepted"}  # type: ignore[union-attr]


@given(venues())
def test_the_position_is_the_sum_of_the_fills(venue: Venue) -> None:
    expected = (HeldPosition("BTCUSDT.X", venue.net),) if venue.net else ()
    assert told(venue).positions == expected


def test_what_was_never_sent_is_no_order() -> None:
    venue = Venue()
    venue.initialize()
    assert told(venue).orders == ()


def test_a_fill_that_comes_twice_counts_once() -> None:
    venue = Venue()
    order = venue.accepted("BUY", "2.0")
    fill = venue.fill(order, "1.0")
    venue.emit(fill)
    held = told(venue)
    assert not isinstance(held.fills, Unknown)
    assert len(held.fills) == 1


def test_a_late_fill_of_an_order_that_state_forgot_counts_in_its_order() -> None:
    venue = Venue(configuration(closed_orders_kept=1))
    late = venue.accepted("BUY", "2.0")
    venue.end(late, "CANCELED")
    for _ in range(3):
        venue.end(venue.accepted(), "CANCELED")
    venue.fill(late, "0.5", late=True)
    held = told(venue)
    assert not isinstance(held.orders, Unknown)
    assert {order.key: order.filled for order in held.orders}[late] == Decimal("0.5")


def test_balances_are_those_last_stated_and_unknown_before_any_was() -> None:
    assert told(Venue()).balances == Unknown("the journal holds no account state")
    assert told(everything()).balances == (HeldBalance("USDT", Decimal(7)),)


def test_orders_and_positions_of_a_snapshot_are_held() -> None:
    held = told(everything())
    assert not isinstance(held.orders, Unknown)
    assert not isinstance(held.positions, Unknown)
    external = {order.key: order for order in held.orders}["E-1"]
    assert (external.quantity, external.filled, external.status) == (Decimal(4), Decimal(1), "PARTIALLY_FILLED")
    assert held.positions == (HeldPosition("BTCUSDT.X", Decimal(-2)),)


def test_the_life_of_a_node_begins_with_its_snapshot() -> None:
    venue = Venue()
    venue.fill(venue.accepted())
    book, state = JournalBook(), INITIAL
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        book.take(entry.event, state)
    assert book.life == Life()
    book.take(SnapshotTaken(venue.now, 77, "venue", "none"), state)
    assert book.life == Life(77, frozenset({"O-1"}))


def test_a_guessed_fill_is_invented_only_where_the_run_was_healed_then() -> None:
    venue = Venue()
    at_ns = venue.fill(venue.accepted(), source="compat").at_ns
    venue.fill(venue.accepted())
    book, state = JournalBook(), INITIAL
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        book.take(entry.event, state)

    def invented(*healed: tuple[int, int]) -> list[bool]:
        fills = book.holdings(state, healed=healed).fills
        assert isinstance(fills, tuple)
        return [each.is_invented for each in fills]

    assert invented() == [False, False]
    assert invented((at_ns - 2, at_ns - 1), (at_ns, at_ns)) == [True, False]
    assert invented((at_ns + 1, at_ns + 2)) == [False, False]
    assert invented((0, 2**63)) == [True, False]


def test_an_answer_that_is_outstanding_is_remarked() -> None:
    venue = Venue()
    key = venue.initialize()
    venue.submit(key)
    held = told(venue)
    assert not isinstance(held.orders, Unknown)
    assert [(order.status, order.remark) for order in held.orders] == [("SUBMITTED", "submitted, and not answered yet")]
    assert [order.sent_ns for order in held.orders] == [venue.entries[-1].event.at_ns]


def test_when_an_order_was_sent_is_told_until_it_is_answered() -> None:
    venue = Venue()
    venue.accepted()
    held = told(venue)
    assert not isinstance(held.orders, Unknown)
    assert [order.sent_ns for order in held.orders] == [None]


def test_taking_an_event_says_whether_it_changed_what_is_compared() -> None:
    venue = everything()
    book, state = JournalBook(), INITIAL
    changed = {}
    for entry in venue.entries:
        state = process_event_entry(state, entry, configuration=venue.configuration)
        changed[type(entry.event).__name__] = book.take(entry.event, state)
    kept = {name for name, has_changed in changed.items() if has_changed}
    assert {"OrderSubmitted", "OrderAccepted", "OrderFilled", "AccountUpdated", "SnapshotTaken"} <= kept
    assert kept.isdisjoint({"RunStarted", "MarketDataRows", "MarketObserved", "OrderInitialized", "ControlTimeReached"})
