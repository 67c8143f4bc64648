"""Conditional orders: what triggers them, and what they become."""

from decimal import Decimal

import pytest

from matching_samples import BUY, SELL, SYMBOL, an_exchange, conditional, fills_in, limit, market, told
from tc.venue.matching import AlgoStatus, Exchange, OrderStatus, OrderType, Refused, Side, TimeInForce, WorkingType

STOP, TAKE = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET
LAST, MARK = WorkingType.CONTRACT_PRICE, WorkingType.MARK_PRICE


def at_100() -> Exchange:
    exchange = an_exchange()
    exchange.trade(SYMBOL, Decimal(100), Decimal(1), BUY, 1)
    return exchange


@pytest.mark.parametrize("kind", [LAST, MARK])
@pytest.mark.parametrize(
    ("side", "order_type", "trigger", "not_yet", "reached"),
    [
        (BUY, STOP, "101", "100.9", "101"),
        (SELL, STOP, "99", "99.1", "98.5"),
        (BUY, TAKE, "99", "99.1", "99"),
        (SELL, TAKE, "101", "100.9", "101.5"),
    ],
)
def test_triggers_when_the_price_that_it_watches_gets_there(
    kind: WorkingType, side: Side, order_type: OrderType, trigger: str, not_yet: str, reached: str
) -> None:
    exchange = at_100()
    exchange.submit(conditional(side, order_type, trigger, working_type=kind, client_order_id="c"), 2)

    def move(watched: WorkingType, price: str) -> list[str]:
        if watched is LAST:
            return told(exchange.trade(SYMBOL, Decimal(price), Decimal(1), BUY, 3))
        return told(exchange.mark_price(SYMBOL, Decimal(price), 3))

    assert move(kind, not_yet) == []
    assert move(MARK if kind is LAST else LAST, reached) == []
    assert move(kind, reached) == ["ALGO TRIGGERING", "ALGO TRIGGERED", "NEW", "ACCOUNT", "TRADE FILLED", "ALGO FINISHED"]
    order = exchange.order(SYMBOL, client_order_id="c")
    assert (order.order_id, order.algo_id, order.type, order.original_type) == (2, 1, OrderType.MARKET, order_type)
    assert (exchange.algo(algo_id=1).order_id, exchange.algo(client_algo_id="c").status) == (2, AlgoStatus.FINISHED)


def test_the_middle_of_the_touch_stands_in_for_a_mark_price_that_is_not_told() -> None:
    exchange = an_exchange()
    exchange.submit(conditional(BUY, STOP, "101", working_type=MARK), 2)
    facts = exchange.book_ticker(SYMBOL, Decimal(101), Decimal(5), Decimal("101.1"), Decimal(5), 3)
    assert fills_in(facts) == [("101.1", "1")]


@pytest.mark.parametrize(
    ("side", "kind", "trigger"), [(BUY, STOP, "100"), (SELL, STOP, "100"), (BUY, TAKE, "100.5"), (SELL, TAKE, "99")]
)
def test_one_that_would_trigger_at_once_is_refused(side: Side, kind: OrderType, trigger: str) -> None:
    exchange = at_100()
    with pytest.raises(Refused, match="-2021"):
        exchange.submit(conditional(side, kind, trigger), 2)
    assert exchange.algos() == []


def test_a_stop_limit_order_rests_at_its_price_once_triggered_and_finishes_with_its_order() -> None:
    exchange = at_100()
    exchange.submit(conditional(BUY, OrderType.STOP, "101", "6", price=Decimal("100.1")), 2)
    facts = exchange.trade(SYMBOL, Decimal(101), Decimal(1), BUY, 3)
    assert told(facts)[-1] == "TRADE PARTIALLY_FILLED"
    assert exchange.algo(algo_id=1).status is AlgoStatus.TRIGGERED
    assert told(exchange.cancel(SYMBOL, order_id=2, now_ns=4)) == ["CANCELED", "ALGO FINISHED"]


def test_a_waiting_order_is_no_open_order_and_needs_no_margin() -> None:
    exchange = an_exchange(balance=Decimal(6))
    exchange.submit(conditional(BUY, STOP, "101", "10"), 2)
    assert exchange.open_orders() == []
    assert [algo.algo_id for algo in exchange.open_algos(SYMBOL)] == [1]
    assert exchange.position(SYMBOL).initial_margin == 0
    facts = exchange.trade(SYMBOL, Decimal(101), Decimal(1), BUY, 3)
    assert told(facts) == ["ALGO TRIGGERING", "ALGO REJECTED"]
    assert exchange.algo(algo_id=1).reject_reason == "Margin is insufficient."
    assert exchange.orders() == []


def test_closing_the_position_takes_what_is_there_when_it_triggers() -> None:
    exchange = at_100()
    exchange.submit(market(BUY, "2"), 2)
    exchange.submit(limit(SELL, "110", "2", reduce_only=True), 2)
    exchange.submit(conditional(SELL, STOP, "95", None, close_position=True), 3)
    exchange.submit(conditional(SELL, STOP, "94", None, close_position=True), 3)
    exchange.submit(market(BUY, "1"), 4)
    assert fills_in(exchange.trade(SYMBOL, Decimal(95), Decimal(1), BUY, 5)) == [("99.9", "3")]
    assert exchange.position(SYMBOL).quantity == 0
    assert told(exchange.trade(SYMBOL, Decimal(94), Decimal(1), BUY, 6)) == ["ALGO TRIGGERING", "ALGO EXPIRED"]


def test_a_reduce_only_stop_without_a_position_is_rejected_when_it_triggers() -> None:
    exchange = at_100()
    exchange.submit(conditional(SELL, STOP, "95", reduce_only=True), 2)
    assert told(exchange.trade(SYMBOL, Decimal(95), Decimal(1), BUY, 3)) == ["ALGO TRIGGERING", "ALGO REJECTED"]


def test_a_post_only_stop_that_would_take_is_rejected_when_it_triggers() -> None:
    exchange = at_100()
    exchange.submit(conditional(BUY, OrderType.STOP, "101", price=Decimal("100.5"), time_in_force=TimeInForce.GTX), 2)
    assert told(exchange.trade(SYMBOL, Decimal(101), Decimal(1), BUY, 3)) == ["ALGO TRIGGERING", "ALGO REJECTED"]


def test_the_oldest_triggers_first() -> None:
    exchange = at_100()
    for client, trigger in (("b", "102"), ("a", "101")):
        exchange.submit(conditional(BUY, STOP, trigger, client_order_id=client), 2)
    exchange.trade(SYMBOL, Decimal(103), Decimal(1), BUY, 3)
    assert [(order.client_order_id, order.status) for order in exchange.orders()] == [
        ("b", OrderStatus.FILLED),
        ("a", OrderStatus.FILLED),
    ]


def test_waiting_orders_can_be_cancelled_and_triggered_ones_cannot() -> None:
    exchange = at_100()
    for trigger in ("101", "102", "103"):
        exchange.submit(conditional(BUY, STOP, trigger), 2)
    assert told(exchange.cancel_algo(algo_id=2, now_ns=3)) == ["ALGO CANCELED"]
    exchange.trade(SYMBOL, Decimal(101), Decimal(1), BUY, 4)
    for algo_id in (1, 2, 9):
        with pytest.raises(Refused, match="-2011"):
            exchange.cancel_algo(algo_id=algo_id, now_ns=5)
    assert told(exchange.cancel_all_algos(SYMBOL, 6)) == ["ALGO CANCELED"]
    assert exchange.open_algos() == []
    with pytest.raises(Refused, match="-2013"):
        exchange.algo(client_algo_id="nobody")
