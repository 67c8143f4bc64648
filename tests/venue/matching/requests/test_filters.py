"""What the symbol's filters refuse, each with Binance's code; a refused request changes nothing."""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching_samples import BUY, RULES, SELL, START, SYMBOL, an_exchange, conditional, limit, market
from tc.venue.matching import NewOrder, OrderType, Refused, TimeInForce

CASES = {
    "quantity zero": (limit(BUY, "99", "0"), -4003),
    "quantity negative": (market(BUY, "-1"), -4003),
    "quantity with too many places": (limit(BUY, "99", "1.0001"), -1111),
    "quantity below the least": (market(BUY, "0.0001"), -1111),
    "quantity above the most": (limit(BUY, "99", "1000.001"), -4005),
    "market quantity above the market's most": (market(BUY, "500.001"), -4005),
    "price with too many places": (limit(BUY, "99.01", "1"), -1111),
    "price zero": (limit(BUY, "0", "1"), -4001),
    "price above the most": (limit(BUY, "100000.1", "1"), -4002),
    "trigger with too many places": (conditional(SELL, OrderType.STOP_MARKET, "99.01"), -1111),
    "notional too small": (limit(BUY, "99", "0.05"), -4164),
    "market notional too small": (market(BUY, "0.049"), -4164),
    "client id too long": (limit(BUY, "99", "1", client="x" * 37), -4015),
    "client id with a space": (limit(BUY, "99", "1", client="a b"), -1100),
    "client id that ends in a line feed": (limit(BUY, "99", "1", client="a\n"), -1100),
    "another symbol": (replace(limit(BUY, "99", "1"), symbol="ETHUSDT"), -1121),
    "limit without price": (replace(limit(BUY, "99", "1"), price=None), -1102),
    "market with price": (replace(market(BUY, "1"), price=Decimal(99)), -1106),
    "limit with trigger": (replace(limit(BUY, "99", "1"), stop_price=Decimal(99)), -1106),
    "without quantity": (replace(market(BUY, "1"), quantity=None), -1102),
    "price that is no number": (limit(BUY, "NaN", "1"), -1102),
    "quantity without end": (limit(BUY, "99", "Infinity"), -1102),
    "market for good till crossing": (replace(market(BUY, "1"), time_in_force=TimeInForce.GTX), -1106),
    "limit that closes the position": (replace(limit(BUY, "99", "1"), close_position=True), -4136),
    "margin": (limit(BUY, "99.9", "1000"), -2019),
    "a billion places": (limit(BUY, "1E-999999", "1"), -1111),
}


@pytest.mark.parametrize(("order", "code"), CASES.values(), ids=CASES.keys())
def test_refuses_and_changes_nothing(order: NewOrder, code: int) -> None:
    exchange = an_exchange(balance=Decimal(4000))
    before = exchange.dump()
    with pytest.raises(Refused) as refused:
        exchange.submit(order, 2)
    assert refused.value.code == code
    assert exchange.dump() == before


NUMBERS = st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [
        Decimal("100.1" + "0" * 70 + "1"),
        Decimal("1E-99999999"),
        Decimal("1E+999999"),
        Decimal("-0"),
        Decimal("sNaN"),
        Decimal("1E+2"),
    ]
)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_no_number_whatever_gets_past_the_filters_or_breaks_them(price: Decimal, quantity: Decimal, trigger: Decimal) -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99", "1"), 2)
    asked = replace(limit(BUY, "99", "1"), price=price, quantity=quantity)
    for request in (asked, replace(asked, type=OrderType.STOP, stop_price=trigger)):
        with suppress(Refused):
            exchange.submit(request, 3)
    with suppress(Refused):
        exchange.amend(SYMBOL, order_id=1, side=BUY, quantity=quantity, price=price, now_ns=4)
    for order in exchange.orders():
        assert (order.price % RULES.tick_size, order.quantity % RULES.step_size) == (0, 0)


def test_the_grid_may_be_coarser_than_the_precision() -> None:
    rules = replace(
        RULES, tick_size=Decimal("0.5"), step_size=Decimal("0.005"), min_price=Decimal(10), min_quantity=Decimal("0.1")
    )
    exchange = an_exchange(rules=rules)
    for order, code in (
        (limit(BUY, "99.1", "1"), -4014),
        (limit(BUY, "99", "1.001"), -4023),
        (limit(BUY, "9.5", "1"), -4013),
        (limit(BUY, "99", "0.05"), -4004),
    ):
        with pytest.raises(Refused, match=str(code)):
            exchange.submit(order, 2)
    exchange.submit(limit(BUY, "99.5", "1.005"), 2)


def test_a_limit_far_from_the_mark_price_is_refused() -> None:
    exchange = an_exchange(rules=replace(RULES, multiplier_up=Decimal("1.05"), multiplier_down=Decimal("0.95")))
    with pytest.raises(Refused, match=r"-4016: Limit price can't be higher than 105"):
        exchange.submit(limit(BUY, "105.1", "1"), 2)
    with pytest.raises(Refused, match=r"-4024: Limit price can't be lower than 95"):
        exchange.submit(limit(SELL, "94.9", "1"), 2)
    exchange.submit(limit(BUY, "90", "1"), 2)


def test_a_client_order_id_is_free_again_when_its_order_is_closed() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99", "1", client="a.Z:/_-9"), 2)
    with pytest.raises(Refused, match="-4116"):
        exchange.submit(limit(BUY, "98", "1", client="a.Z:/_-9"), 3)
    with pytest.raises(Refused, match="-4116"):
        exchange.submit(conditional(SELL, OrderType.STOP_MARKET, "90", client_order_id="a.Z:/_-9"), 3)
    exchange.submit(conditional(SELL, OrderType.STOP_MARKET, "90", client_order_id="waits"), 3)
    with pytest.raises(Refused, match="-4116"):
        exchange.submit(limit(BUY, "98", "1", client="waits"), 3)
    exchange.cancel(SYMBOL, client_order_id="a.Z:/_-9", now_ns=4)
    exchange.submit(limit(BUY, "98", "1", client="a.Z:/_-9"), 5)
    assert exchange.order(SYMBOL, client_order_id="a.Z:/_-9").order_id == 3


def test_an_order_without_a_client_id_is_given_one() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99", "1"), 2)
    assert exchange.order(SYMBOL, order_id=1).client_order_id == "auto-1"


def test_no_more_open_orders_than_the_symbol_allows() -> None:
    exchange = an_exchange(rules=replace(RULES, max_open_orders=2))
    exchange.submit(limit(BUY, "99", "1"), 2)
    exchange.submit(conditional(SELL, OrderType.STOP_MARKET, "90"), 2)
    with pytest.raises(Refused, match="-2025"):
        exchange.submit(limit(BUY, "98", "1"), 3)


def test_a_reduce_only_order_may_be_worth_little() -> None:
    exchange = an_exchange(balance=START)
    exchange.submit(market(BUY, "1"), 2)
    exchange.submit(market(SELL, "0.001", reduce_only=True), 3)
    assert exchange.position(SYMBOL).quantity == Decimal("0.999")
