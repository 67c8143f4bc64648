"""A reduce-only order never opens or flips a position, at any point in its life."""

from decimal import Decimal

import pytest

from matching_samples import BUY, SELL, SYMBOL, an_exchange, fills_in, limit, market, told, trades_in
from tc.venue.matching import Exchange, OrderStatus, Refused


def long_of(quantity: str) -> Exchange:
    exchange = an_exchange()
    exchange.submit(market(BUY, quantity), 2)
    return exchange


def test_is_refused_without_a_position_to_reduce() -> None:
    with pytest.raises(Refused, match="-2022"):
        an_exchange().submit(limit(SELL, "101", "1", reduce_only=True), 2)
    with pytest.raises(Refused, match="-2022"):
        long_of("2").submit(market(BUY, "1", reduce_only=True), 3)


def test_is_cut_to_what_it_can_close() -> None:
    exchange = long_of("2")
    exchange.submit(market(SELL, "3", reduce_only=True), 3)
    order = exchange.order(SYMBOL, order_id=2)
    assert (order.quantity, order.status) == (2, OrderStatus.FILLED)
    assert exchange.position(SYMBOL).quantity == 0


def test_counts_the_reduce_only_orders_that_rest_already() -> None:
    exchange = long_of("2")
    exchange.submit(limit(SELL, "101", "1.5", reduce_only=True), 3)
    exchange.submit(limit(SELL, "102", "1.5", reduce_only=True), 4)
    assert exchange.order(SYMBOL, order_id=3).quantity == Decimal("0.5")
    with pytest.raises(Refused, match="-4118"):
        exchange.submit(market(SELL, "1", reduce_only=True), 5)


def test_fills_no_more_than_the_position_that_is_left_and_then_expires() -> None:
    exchange = long_of("2")
    exchange.submit(limit(SELL, "101", "2", reduce_only=True), 3)
    exchange.submit(market(SELL, "1.5"), 4)
    facts = exchange.book_delta(SYMBOL, BUY, Decimal(101), Decimal(9), 5)
    assert fills_in(facts) == [("101", "0.5")]
    assert told(facts) == ["ACCOUNT", "TRADE PARTIALLY_FILLED", "EXPIRED"]
    assert exchange.position(SYMBOL).quantity == 0


def test_expires_when_the_position_is_gone_or_turned() -> None:
    exchange = long_of("2")
    exchange.submit(limit(SELL, "101", "2", reduce_only=True), 3)
    facts = exchange.submit(market(SELL, "3"), 4)
    assert told(facts) == ["NEW", "ACCOUNT", "TRADE FILLED", "EXPIRED"]
    assert exchange.open_orders() == []


def test_those_that_a_fill_expires_take_no_part_in_the_trade_that_brought_it() -> None:
    exchange = long_of("3")
    for client in ("first", "second"):
        exchange.submit(limit(SELL, "101", "1.5", client=client, reduce_only=True), 3)
    exchange.submit(market(SELL, "1.5"), 4)
    exchange.submit(limit(SELL, "101", "1", client="third"), 5)
    facts = exchange.trade(SYMBOL, Decimal(101), Decimal(9), BUY, 6)
    assert [(trade.client_order_id, trade.quantity) for trade in trades_in(facts)] == [("first", Decimal("1.5")), ("third", 1)]
    assert exchange.order(SYMBOL, client_order_id="second").status is OrderStatus.EXPIRED


def test_needs_no_margin() -> None:
    exchange = an_exchange(balance=Decimal(60))
    exchange.submit(market(BUY, "10"), 2)
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(limit(BUY, "99", "10"), 3)
    exchange.submit(limit(SELL, "101", "10", reduce_only=True), 4)
    assert exchange.position(SYMBOL).open_order_initial_margin == 0


def test_a_fault_that_fills_it_fills_no_more_than_the_position_that_is_left() -> None:
    exchange = long_of("2")
    exchange.submit(limit(SELL, "101", "2", client="close", reduce_only=True), 3)
    exchange.submit(market(SELL, "0.5"), 4)
    exchange.fill_resting(SYMBOL, client_order_id="close", now_ns=5)
    order = exchange.order(SYMBOL, client_order_id="close")
    assert (exchange.position(SYMBOL).quantity, order.executed_quantity, order.status.is_open) == (0, Decimal("1.5"), False)
