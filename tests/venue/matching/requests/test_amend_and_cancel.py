"""Amending and cancelling orders, and asking for them."""

from decimal import Decimal

import pytest

from matching_samples import BUY, SELL, SYMBOL, an_exchange, fills_in, limit, market, told
from tc.venue.matching import Exchange, Fact, OrderStatus, Refused, Side, TimeInForce


def amended(exchange: Exchange, price: str, quantity: str, *, side: Side = BUY, order_id: int = 1) -> list[Fact]:
    return exchange.amend(SYMBOL, order_id=order_id, side=side, quantity=Decimal(quantity), price=Decimal(price), now_ns=9)


def with_bid(tif: TimeInForce = TimeInForce.GTC) -> Exchange:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.8", "2", tif, client="mine"), 2)
    return exchange


def test_an_amended_order_keeps_its_ids_and_loses_its_place() -> None:
    exchange = with_bid()
    exchange.trade(SYMBOL, Decimal("99.8"), Decimal(4), SELL, 3)
    assert exchange.queue_ahead(SYMBOL, 1) == 6
    assert told(amended(exchange, "99.8", "1")) == ["AMENDMENT NEW"]
    order = exchange.order(SYMBOL, client_order_id="mine")
    assert (order.order_id, order.quantity, order.created_ns, order.updated_ns) == (1, 1, 2, 9)
    assert exchange.queue_ahead(SYMBOL, 1) == 10


def test_an_amended_order_takes_what_it_now_crosses() -> None:
    exchange = with_bid()
    facts = amended(exchange, "100.1", "6")
    assert (told(facts), fills_in(facts)) == (["AMENDMENT NEW", "ACCOUNT", "TRADE PARTIALLY_FILLED"], [("100.1", "5")])
    assert [order.remaining for order in exchange.open_orders()] == [1]


def test_an_amendment_to_no_more_than_has_traded_cancels() -> None:
    exchange = with_bid()
    exchange.trade(SYMBOL, Decimal("99.8"), Decimal("11.5"), SELL, 3)
    assert told(amended(exchange, "99.8", "1.5")) == ["CANCELED"]
    assert exchange.order(SYMBOL, order_id=1).executed_quantity == Decimal("1.5")


def test_a_post_only_order_amended_across_the_book_is_cancelled() -> None:
    exchange = with_bid(TimeInForce.GTX)
    assert told(amended(exchange, "100.1", "2")) == ["CANCELED"]


@pytest.mark.parametrize(
    ("price", "quantity", "code"),
    [
        ("99.8", "2", -5027),
        ("99.85", "2", -1111),
        ("99.8", "0", -4003),
        ("99.8", "0.01", -4164),
        ("99.8", "1000", None),
        ("99.9", "1001", -4005),
    ],
)
def test_an_amendment_meets_the_filters(price: str, quantity: str, code: int | None) -> None:
    exchange = with_bid()
    before = exchange.dump()
    if code is None:
        amended(exchange, price, quantity)
        return
    with pytest.raises(Refused, match=str(code)):
        amended(exchange, price, quantity)
    assert exchange.dump() == before


def test_an_amendment_needs_margin() -> None:
    exchange = an_exchange(balance=Decimal(10))
    exchange.submit(limit(BUY, "99.8", "1.5"), 2)
    amended(exchange, "99.8", "2")
    with pytest.raises(Refused, match="-2019"):
        amended(exchange, "99.8", "2.1")


def test_what_cannot_be_amended() -> None:
    exchange = with_bid()
    for order_id, side, code in ((7, BUY, -2013), (1, SELL, -1117)):
        with pytest.raises(Refused, match=str(code)):
            amended(exchange, "99.7", "2", order_id=order_id, side=side)
    exchange.cancel(SYMBOL, order_id=1, now_ns=3)
    with pytest.raises(Refused, match="-2013"):
        amended(exchange, "99.7", "2")


def test_an_order_is_amended_ten_thousand_times_at_most() -> None:
    exchange = with_bid()
    for turn in range(10_000):
        amended(exchange, "99.7" if turn % 2 else "99.6", "2")
    with pytest.raises(Refused, match="-5026"):
        amended(exchange, "99.5", "2")


def test_a_cancelled_order_is_gone_from_the_book_and_stays_on_record() -> None:
    exchange = with_bid()
    assert told(exchange.cancel(SYMBOL, client_order_id="mine", now_ns=3)) == ["CANCELED"]
    assert exchange.trade(SYMBOL, Decimal("99.7"), Decimal(100), SELL, 4) == []
    assert exchange.order(SYMBOL, order_id=1).status is OrderStatus.CANCELED
    for _ in range(2):
        with pytest.raises(Refused, match="-2011"):
            exchange.cancel(SYMBOL, client_order_id="mine", now_ns=5)


def test_cancel_all_ends_every_open_order() -> None:
    exchange = with_bid()
    exchange.submit(limit(SELL, "101", "1"), 3)
    assert told(exchange.cancel_all(SYMBOL, 4)) == ["CANCELED", "CANCELED"]
    assert exchange.cancel_all(SYMBOL, 5) == []


def test_unknown_orders_are_refused() -> None:
    exchange = with_bid()
    with pytest.raises(Refused, match="-2013"):
        exchange.order(SYMBOL, order_id=2)
    with pytest.raises(Refused, match="-2013"):
        exchange.order("ETHUSDT", order_id=1)
    with pytest.raises(Refused, match="-2011"):
        exchange.cancel(SYMBOL, order_id=2, now_ns=3)
    with pytest.raises(Refused, match="-2011"):
        exchange.cancel(SYMBOL, now_ns=3)


def test_orders_and_trades_are_listed_from_an_id_and_a_time() -> None:
    exchange = with_bid()
    for now in (3, 4):
        exchange.submit(market(BUY, "1"), now)
    assert [order.order_id for order in exchange.orders(SYMBOL, since_ns=3)] == [2, 3]
    assert [order.order_id for order in exchange.orders(from_id=3)] == [3]
    assert [trade.trade_id for trade in exchange.trades(SYMBOL, since_ns=4)] == [2]
    assert [trade.trade_id for trade in exchange.trades(order_id=2)] == [1]
    assert exchange.trades("ETHUSDT") == exchange.orders("ETHUSDT") == []


def test_a_lost_order_is_as_if_it_had_never_been() -> None:
    exchange = with_bid()
    exchange.lose_order(SYMBOL, 1)
    assert exchange.orders() == exchange.open_orders() == []
    assert exchange.trade(SYMBOL, Decimal("99.7"), Decimal(100), SELL, 4) == []
    with pytest.raises(Refused, match="-2013"):
        exchange.order(SYMBOL, client_order_id="mine")
