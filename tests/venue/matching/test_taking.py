"""What an order takes at once, and what its time in force then does."""

from decimal import Decimal

import pytest

from matching_samples import BUY, SELL, SYMBOL, an_exchange, fills_in, limit, market, told, trades_in
from tc.venue.matching import OrderStatus, Refused, TimeInForce


def test_a_taker_sweeps_level_by_level_at_each_level_s_price() -> None:
    exchange = an_exchange()
    facts = exchange.submit(market(BUY, "17"), 2)
    assert fills_in(facts) == [("100.1", "5"), ("100.2", "10"), ("100.5", "2")]
    assert told(facts) == ["NEW", *["ACCOUNT", "TRADE PARTIALLY_FILLED"] * 2, "ACCOUNT", "TRADE FILLED"]
    assert not any(trade.is_maker for trade in trades_in(facts))
    order = exchange.order(SYMBOL, order_id=1)
    assert order.average_price == Decimal("100.20588235")
    assert order.executed_notional == Decimal("1703.5")


def test_what_was_taken_is_not_offered_again_until_its_level_is_told_anew() -> None:
    exchange = an_exchange()
    exchange.submit(market(BUY, "4"), 2)
    assert exchange.best_ask(SYMBOL) == (Decimal("100.1"), 1)
    assert fills_in(exchange.submit(market(BUY, "2"), 3)) == [("100.1", "1"), ("100.2", "1")]
    exchange.book_delta(SYMBOL, SELL, Decimal("100.1"), Decimal(5), 4)
    assert fills_in(exchange.submit(market(BUY, "2"), 5)) == [("100.1", "2")]


def test_a_limit_order_takes_within_its_limit_and_rests_with_what_is_left() -> None:
    exchange = an_exchange()
    facts = exchange.submit(limit(BUY, "100.1", "8"), 2)
    assert fills_in(facts) == [("100.1", "5")]
    assert [(order.remaining, order.status) for order in exchange.open_orders()] == [(3, OrderStatus.PARTIALLY_FILLED)]


def test_a_market_order_beyond_the_book_expires_with_what_is_left() -> None:
    exchange = an_exchange()
    assert told(exchange.submit(market(SELL, "40"), 2))[-1] == "EXPIRED"
    order = exchange.order(SYMBOL, order_id=1)
    assert (order.executed_quantity, order.status) == (35, OrderStatus.EXPIRED)
    assert told(an_exchange(with_book=False).submit(market(SELL, "1"), 2)) == ["NEW", "EXPIRED"]


def test_ioc_takes_what_it_can_and_expires() -> None:
    exchange = an_exchange()
    facts = exchange.submit(limit(SELL, "99.9", "6", TimeInForce.IOC), 2)
    assert (fills_in(facts), told(facts)[-1]) == ([("99.9", "5")], "EXPIRED")
    assert exchange.open_orders() == []


def test_fok_is_filled_whole_or_refused_and_not_recorded() -> None:
    exchange = an_exchange()
    with pytest.raises(Refused, match="-5021"):
        exchange.submit(limit(SELL, "99.8", "15.001", TimeInForce.FOK), 2)
    assert exchange.orders() == []
    assert fills_in(exchange.submit(limit(SELL, "99.8", "15", TimeInForce.FOK), 3)) == [("99.9", "5"), ("99.8", "10")]


def test_gtx_never_takes() -> None:
    exchange = an_exchange()
    with pytest.raises(Refused, match="-5022"):
        exchange.submit(limit(BUY, "100.1", "1", TimeInForce.GTX), 2)
    assert exchange.orders() == []
    assert told(exchange.submit(limit(BUY, "100.0", "1", TimeInForce.GTX), 3)) == ["NEW"]
    with pytest.raises(Refused, match="-5022"):
        exchange.submit(limit(SELL, "100.0", "1", TimeInForce.GTX), 4)


def test_our_own_resting_order_expires_before_we_would_trade_with_ourselves() -> None:
    exchange = an_exchange()
    exchange.submit(limit(SELL, "100.0", "1", client="maker"), 2)
    facts = exchange.submit(limit(BUY, "100.1", "2", client="taker"), 3)
    assert told(facts) == ["NEW", "EXPIRED EXPIRED_IN_MATCH", "ACCOUNT", "TRADE FILLED"]
    assert fills_in(facts) == [("100.1", "2")]


def test_a_limit_order_that_rests_across_our_own_expires_those_it_crosses() -> None:
    exchange = an_exchange()
    exchange.submit(limit(SELL, "100.0", "1"), 2)
    assert told(exchange.submit(limit(BUY, "100.0", "1"), 3)) == ["NEW", "EXPIRED EXPIRED_IN_MATCH"]
    assert [order.order_id for order in exchange.open_orders()] == [2]


def test_an_own_order_behind_the_last_level_taken_stays() -> None:
    exchange = an_exchange()
    exchange.submit(limit(SELL, "100.2", "1"), 2)
    exchange.submit(limit(BUY, "100.3", "3"), 3)
    assert [order.order_id for order in exchange.open_orders()] == [1]
