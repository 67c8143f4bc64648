"""Claims about orders that a run left at its venue: what became of them after its end is no difference, all else still is."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tc.checks.reconcile import (
    HeldBalance,
    HeldFill,
    HeldOrder,
    HeldPosition,
    Holdings,
    Unknown,
    after_the_end,
    findings_of,
    reconcile,
)

END_NS = 1_000
BTC = "BTCUSDT.X"
LEFT = HeldOrder("Q-A-9", BTC, "SELL", Decimal(2), Decimal(0), "ACCEPTED", Decimal(100), venue_order_id="7", updated_ns=500)
FILL = HeldFill(
    "T-1", BTC, "SELL", Decimal(1), Decimal(100), Decimal("0.02"), "USDT", "Q-A-9", "7", at_ns=END_NS + 1, realized=Decimal(5)
)
JOURNAL = Holdings((LEFT,), (), (HeldPosition(BTC, Decimal(3)),), (HeldBalance("USDT", Decimal(50)),))
FILLED = replace(LEFT, filled=Decimal(1), status="PARTIALLY_FILLED", updated_ns=END_NS + 1)
VENUE = Holdings((FILLED,), (FILL,), (HeldPosition(BTC, Decimal(2)),), (HeldBalance("USDT", Decimal("54.98")),))


def codes(venue: Holdings, journal: Holdings = JOURNAL) -> list[str]:
    return [each.code for each in findings_of(reconcile(after_the_end(journal, venue, END_NS).expected, venue))]


def test_a_fill_after_the_end_of_an_order_that_was_left_is_no_difference_and_is_told() -> None:
    assert len(findings_of(reconcile(JOURNAL, VENUE))) == 4
    assert codes(VENUE) == []
    after = after_the_end(JOURNAL, VENUE, END_NS)
    assert (after.fills, after.ended) == (1, 0)
    assert after.notes == ("as the run ended or after it, of the orders that it left open: 1 fill; no finding",)


def test_two_fills_that_end_the_order_are_all_of_it() -> None:
    fills = (FILL, replace(FILL, trade_id="T-2", at_ns=END_NS + 5))
    order = replace(LEFT, filled=Decimal(2), status="FILLED")
    balances = (HeldBalance("USDT", Decimal("59.96")),)
    assert codes(Holdings((order,), fills, (HeldPosition(BTC, Decimal(1)),), balances)) == []


def test_a_fill_from_before_the_end_that_the_journal_has_not_is_found_with_all_that_it_did() -> None:
    venue = replace(VENUE, fills=(replace(FILL, at_ns=END_NS),))
    assert codes(venue) == ["order_differs", "fill_unexpected", "position_differs", "balance_differs"]
    assert after_the_end(JOURNAL, venue, END_NS).notes == ()


@pytest.mark.parametrize(
    ("venue", "code"),
    [
        (replace(VENUE, positions=(HeldPosition(BTC, Decimal("2.5")),)), "position_differs"),
        (replace(VENUE, balances=(HeldBalance("USDT", Decimal(55)),)), "balance_differs"),
        (replace(VENUE, orders=(replace(FILLED, price=Decimal(99)),)), "order_differs"),
    ],
)
def test_a_difference_from_before_the_end_is_found_beside_what_came_after_it(venue: Holdings, code: str) -> None:
    assert codes(venue) == [code]


def test_a_fill_of_an_order_that_the_run_did_not_leave_is_found_whenever_it_was() -> None:
    closed = replace(JOURNAL, orders=(replace(LEFT, status="CANCELED"),))
    assert "fill_unexpected" in codes(VENUE, closed)
    assert "fill_unexpected" in codes(replace(VENUE, fills=(replace(FILL, venue_order_id="8", key="Q-A-9"),)))


def test_a_cancel_after_the_end_is_told_apart_and_one_before_it_is_found() -> None:
    cancelled = replace(LEFT, status="CANCELED", updated_ns=END_NS + 1)
    venue = replace(JOURNAL, orders=(cancelled,))
    assert codes(venue) == []
    assert after_the_end(JOURNAL, venue, END_NS).notes[0].endswith("1 cancelled or expired; no finding")
    assert codes(replace(venue, orders=(replace(cancelled, updated_ns=END_NS),))) == ["order_differs"]


def test_what_the_venue_does_not_state_changes_nothing() -> None:
    nothing = Unknown("it was not asked")
    assert after_the_end(JOURNAL, Holdings(nothing, nothing, nothing, nothing), END_NS).expected == JOURNAL


def test_what_the_journal_does_not_state_stays_unknown_whatever_came_later() -> None:
    nothing = Unknown("it was not stated")
    whole = replace(JOURNAL, orders=nothing)
    assert after_the_end(whole, VENUE, END_NS).expected == whole
    after = after_the_end(replace(JOURNAL, positions=nothing, balances=nothing), VENUE, END_NS)
    assert (after.fills, after.expected.positions, after.expected.balances) == (1, nothing, nothing)
