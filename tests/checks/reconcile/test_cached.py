"""Claims about the third column: what of a node's cache is compared, and what its node only took over or made up."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from held import small
from tc.checks.reconcile import (
    HeldBalance,
    HeldFill,
    HeldOrder,
    HeldPosition,
    Holdings,
    Life,
    NodeHoldings,
    Unknown,
    findings_of,
    holdings_of_cache,
    reconcile,
    within_life,
)

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
FILL = {"trade_id": "T-1", "quantity": "1", "price": "100.5", "commission": "0E-8", "currency": "USDT"}
ORDER = {
    "key": "O-1",
    "instrument_id": INSTRUMENT,
    "venue_order_id": "V-1",
    "side": "BUY",
    "quantity": "2",
    "filled": "1",
    "price": "100.5",
    "trigger_price": None,
    "status": "PARTIALLY_FILLED",
    "fills": [FILL],
}


def told(**changed: object) -> NodeHoldings:
    """Return what a node answers, with some of it changed."""
    answer = {
        "at_ns": 7,
        "orders": [ORDER],
        "positions": {"P-1": {"instrument_id": INSTRUMENT, "quantity": "1"}},
        "balances": {"USDT": "99999.98"},
    }
    return msgspec.convert(answer | changed, NodeHoldings)


def order(**changed: object) -> dict[str, Any]:
    return ORDER | changed


def keys(held: Holdings) -> list[str]:
    assert isinstance(held.orders, tuple)
    return [each.key for each in held.orders]


def trades(held: Holdings) -> list[str]:
    assert isinstance(held.fills, tuple)
    return [each.trade_id for each in held.fills]


def test_a_cache_is_told_in_the_words_of_journal_and_venue() -> None:
    held = holdings_of_cache(told())
    assert held.orders == (
        HeldOrder("O-1", INSTRUMENT, "BUY", Decimal(2), Decimal(1), "PARTIALLY_FILLED", Decimal("100.5"), None, "V-1"),
    )
    assert held.fills == (HeldFill("T-1", INSTRUMENT, "BUY", Decimal(1), Decimal("100.5"), Decimal(0), "USDT", "O-1", "V-1"),)
    assert (held.positions, held.balances) == (
        (HeldPosition(INSTRUMENT, Decimal(1)),),
        (HeldBalance("USDT", Decimal("99999.98")),),
    )
    assert (held.at_ns, held.has_all_closed) == (7, False)


def test_positions_of_an_instrument_are_one_net_position() -> None:
    several = {"P-1": ("A.X", "1"), "P-2": ("A.X", "-0.25"), "P-3": ("B.X", "2")}
    positions = {name: {"instrument_id": instrument, "quantity": quantity} for name, (instrument, quantity) in several.items()}
    held = holdings_of_cache(told(orders=[], positions=positions))
    assert held.positions == (HeldPosition("A.X", Decimal("0.75")), HeldPosition("B.X", Decimal(2)))


def test_what_a_node_trades_besides_its_run_is_left_out() -> None:
    other = {"P-9": {"instrument_id": "ETHUSDT-PERP.BINANCE", "quantity": "3"}}
    answer = told(orders=[order(), order(key="O-9", instrument_id="ETHUSDT-PERP.BINANCE")], positions=other)
    held = holdings_of_cache(answer, only={INSTRUMENT})
    assert (keys(held), trades(held), held.positions) == (["O-1"], ["T-1"], ())


@pytest.mark.parametrize("status", ["INITIALIZED", "DENIED", "EMULATED", "RELEASED"])
def test_an_order_that_was_never_sent_is_none(status: str) -> None:
    assert holdings_of_cache(told(orders=[order(status=status)])).orders == ()


@pytest.mark.parametrize("status", ["PENDING_CANCEL", "PENDING_UPDATE"])
def test_an_order_with_a_change_under_way_stands_as_the_journal_has_it(status: str) -> None:
    cached = holdings_of_cache(told(orders=[order(status=status, filled="0", fills=[])]))
    waiting = replace(expected(), orders=(replace(first(expected()), status="TRIGGERED", filled=Decimal(0)),), fills=())
    assert statuses(within_life(cached, waiting, waiting, Life())) == ["TRIGGERED"]
    ended = replace(waiting, orders=(replace(first(expected()), status="CANCELED", filled=Decimal(0)),))
    assert statuses(within_life(cached, ended, ended, Life())) == ["ACCEPTED"]


def expected() -> Holdings:
    """Return a book of which `told` is the cache."""
    held = holdings_of_cache(told())
    assert isinstance(held.fills, tuple)
    return replace(held, fills=(replace(held.fills[0], at_ns=5),), has_all_closed=True)


def first(held: Holdings) -> HeldOrder:
    assert isinstance(held.orders, tuple)
    return held.orders[0]


def statuses(held: Holdings) -> list[str]:
    assert isinstance(held.orders, tuple)
    return [each.status for each in held.orders]


def codes(cached: Holdings, observed: Holdings | Unknown | None = None, life: Life = Life()) -> list[tuple[str, str]]:  # noqa: B008
    """Return the findings of the book that is expected, beside a venue that says the same unless given, and a cache."""
    seen = expected() if observed is None else observed
    found = findings_of(reconcile(expected(), seen, within_life(cached, expected(), seen, life)))
    return [(each.code, each.subject) for each in found]


def test_a_cache_as_the_journal_says_has_no_finding() -> None:
    assert codes(holdings_of_cache(told())) == []


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        (order(price="101"), "order O-1"),
        (order(status="ACCEPTED"), "order O-1"),
        (order(fills=[FILL | {"price": "99"}]), "fill T-1"),
        (order(fills=[FILL | {"trade_id": "T-8"}]), "fill T-1"),
    ],
)
def test_what_only_the_cache_has_wrong_is_found(changed: dict[str, Any], subject: str) -> None:
    assert codes(holdings_of_cache(told(orders=[changed]))) == [("cache_differs", subject)]


def test_what_only_the_cache_lacks_is_found() -> None:
    assert codes(holdings_of_cache(told(orders=[], positions={}, balances={}))) == [
        ("cache_differs", "order O-1"),
        ("cache_differs", "fill T-1"),
        ("cache_differs", f"position {INSTRUMENT}"),
        ("cache_differs", "balance USDT"),
    ]


def test_an_open_order_that_only_the_cache_has_is_found_and_one_that_has_ended_is_the_venues_past() -> None:
    ended = order(key="web-1", venue_order_id="V-9", status="FILLED", filled="2", fills=[FILL | {"trade_id": "T-9"}])
    assert codes(holdings_of_cache(told(orders=[order(), ended]))) == []
    resting = order(key="web-1", venue_order_id="V-9", status="ACCEPTED", filled="0", fills=[])
    assert codes(holdings_of_cache(told(orders=[order(), resting]))) == [("cache_differs", "order web-1")]


def test_an_ended_order_that_the_venue_has_too_is_told_with_what_the_cache_has() -> None:
    cached = holdings_of_cache(told(orders=[order(), order(key="web-1", venue_order_id="V-9", status="FILLED", fills=[])]))
    assert isinstance(cached.orders, tuple)
    seen = replace(expected(), orders=cached.orders)
    (row,) = reconcile(expected(), seen, within_life(cached, expected(), seen, Life())).told
    assert (row.subject, row.verdict, row.cached) == ("web-1", "unexpected", "unexpected")


def test_an_earlier_fill_of_an_order_is_found_only_where_the_order_is_filled_otherwise() -> None:
    past = order(fills=[FILL, FILL | {"trade_id": "T-0"}])
    assert codes(holdings_of_cache(told(orders=[past]))) == []
    more = order(fills=[FILL, FILL | {"trade_id": "T-2"}], filled="2", status="FILLED")
    assert codes(holdings_of_cache(told(orders=[more]))) == [("cache_differs", "order O-1"), ("cache_differs", "fill T-2")]


def test_what_ended_before_the_node_lived_is_not_held_against_its_cache() -> None:
    nothing = holdings_of_cache(told(orders=[]))
    assert ("cache_differs", "fill T-1") not in codes(nothing, life=Life(since_ns=6))
    assert ("cache_differs", "fill T-1") in codes(nothing, life=Life(since_ns=5))
    otherwise = holdings_of_cache(told(orders=[order(status="FILLED", price="1", fills=[])]))
    before = within_life(otherwise, expected(), expected(), Life(closed_before=frozenset({"O-1"})))
    assert before.orders == ()


def test_a_cache_is_compared_with_the_journal_also_where_the_venue_is_unknown() -> None:
    assert codes(holdings_of_cache(told(positions={})), Unknown("no answer")) == [("cache_differs", f"position {INSTRUMENT}")]


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.update(orders=[order(quantity="NaN")]),
        lambda answer: answer.update(orders=[order(quantity="1e999999999")]),
        lambda answer: answer.update(orders=[order(status="WEIRD")]),
        lambda answer: answer.update(orders=[order(side="HOLD")]),
        lambda answer: answer.update(orders=[order(key="")]),
        lambda answer: answer.update(balances={"USDT": "Infinity"}),
        lambda answer: answer.update(balances={"U" * 201: "1"}),
        lambda answer: answer.update(positions=[]),
        lambda answer: answer.pop("at_ns"),
    ],
)
def test_an_answer_that_no_node_gives_is_no_cache(change: Callable[[dict[str, Any]], None]) -> None:
    answer = msgspec.to_builtins(told())
    msgspec.convert(answer, NodeHoldings)
    change(answer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(answer, NodeHoldings)


def test_an_invented_fill_is_missed_nowhere_but_counted() -> None:
    held = small()
    assert isinstance(held.fills, tuple)
    invented = replace(held, fills=(replace(held.fills[0], is_invented=True),))
    found = reconcile(invented, replace(held, fills=()))
    assert (found.verdict, found.invented, found.not_compared) == ("clean", 1, {})
    stated = reconcile(invented, held)
    assert (stated.verdict, stated.invented, stated.counts["fills"]["matched"]) == ("clean", 0, 1)


@pytest.mark.parametrize("part", ["orders", "fills"])
def test_a_cache_of_which_a_part_is_unknown_is_compared_as_far_as_it_is_known(part: str) -> None:
    cached = replace(expected(), **{part: Unknown("it states what cannot be")})
    within = within_life(cached, expected(), expected(), Life(since_ns=7))
    assert within == replace(cached, fills_from_ns=7)
    assert reconcile(expected(), expected(), within).verdict == "clean"


def test_the_verdicts_about_the_cache_are_counted_beside_the_venues() -> None:
    found = reconcile(expected(), expected(), replace(expected(), positions=()))
    assert found.cached_counts["positions"]["missing"] == found.counts["positions"]["matched"] == 1
    assert reconcile(expected(), expected()).cached_counts == {}
