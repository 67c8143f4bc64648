"""Claims about a venue's account in the words that reconciliation compares."""

from dataclasses import replace
from decimal import Decimal

from tc.checks.reconcile import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings
from tc.exchange.reading.account import VenueBalance, VenueOrder, VenuePosition, VenueReading, VenueTrade
from tc.exchange.reading.holdings import held_at_venue

NAMES = {"BTCUSDT": "BTCUSDT-PERP.BINANCE"}
ONE, ZERO = Decimal(1), Decimal(0)
ORDER = VenueOrder(
    symbol="BTCUSDT",
    venue_order_id="7",
    client_order_id="O-1",
    side="BUY",
    kind="LIMIT",
    status="NEW",
    time_in_force="GTC",
    quantity=ONE,
    filled=ZERO,
    price=Decimal("60000.10"),
    average_price=ZERO,
    trigger_price=ZERO,
    is_reduce_only=False,
    position_side="BOTH",
    is_conditional=False,
    triggered_order_id="",
    placed_ns=100,
    updated_ns=100,
)
STOP = replace(ORDER, venue_order_id="3", client_order_id="O-2", price=ZERO, trigger_price=Decimal(50000), is_conditional=True)
TRADE = VenueTrade(
    "BTCUSDT",
    "11",
    "7",
    "BUY",
    ONE,
    Decimal(60000),
    Decimal("24.0"),
    "USDT",
    ZERO,
    is_maker=False,
    position_side="BOTH",
    at_ns=120,
)
NOTHING = VenueReading(1, 1, 0, (), (), (), (), (), is_settled=True)


def held(reading: VenueReading, since_ns: int | None = 50) -> Holdings:
    return held_at_venue(reading, instruments=NAMES, since_ns=since_ns)


def orders(reading: VenueReading) -> tuple[HeldOrder, ...]:
    found = held(reading).orders
    assert isinstance(found, tuple)
    return found


def test_a_flat_venue_holds_nothing_and_that_is_known() -> None:
    assert held(NOTHING) == Holdings((), (), (), (), has_all_closed=False, fills_from_ns=50, at_ns=1)


def test_an_order_is_named_as_the_run_names_it_and_has_no_price_of_zero() -> None:
    (order,) = orders(replace(NOTHING, open_orders=(ORDER,)))
    assert order == HeldOrder("O-1", "BTCUSDT-PERP.BINANCE", "BUY", ONE, ZERO, "ACCEPTED", Decimal("60000.10"), None, "7")
    (market,) = orders(replace(NOTHING, orders=(replace(ORDER, symbol="ETHUSDT", price=ZERO, status="FILLED", filled=ONE),)))
    assert (market.instrument_id, market.price, market.status) == ("ETHUSDT", None, "FILLED")


def test_what_is_open_stands_for_the_same_order_of_the_history() -> None:
    later = replace(ORDER, filled=Decimal("0.5"), status="PARTIALLY_FILLED")
    (order,) = orders(replace(NOTHING, open_orders=(later,), orders=(ORDER,)))
    assert (order.filled, order.status) == (Decimal("0.5"), "PARTIALLY_FILLED")


def test_closed_orders_of_before_the_run_are_left_out_and_open_ones_are_not() -> None:
    old = replace(ORDER, updated_ns=49, status="CANCELED", venue_order_id="6")
    assert [each.venue_order_id for each in orders(replace(NOTHING, orders=(old, replace(ORDER, updated_ns=1))))] == ["7"]


def test_a_conditional_order_that_was_triggered_is_the_order_that_it_made() -> None:
    (waiting,) = orders(replace(NOTHING, open_orders=(STOP,)))
    assert (waiting.key, waiting.status, waiting.trigger_price, waiting.venue_order_id) == (
        "O-2",
        "ACCEPTED",
        Decimal(50000),
        "3",
    )
    triggered = replace(STOP, status="TRIGGERED", triggered_order_id="9")
    made = replace(ORDER, venue_order_id="9", client_order_id="of-the-venue", status="FILLED", filled=ONE, price=ZERO)
    (order,) = orders(replace(NOTHING, orders=(triggered, made)))
    assert (order.key, order.status, order.trigger_price, order.venue_order_id) == ("O-2", "FILLED", Decimal(50000), "9")


def test_a_fill_names_its_order_by_both_ids_where_the_order_is_known() -> None:
    known = held(replace(NOTHING, open_orders=(ORDER,), trades=(TRADE,)))
    fill = HeldFill("11", "BTCUSDT-PERP.BINANCE", "BUY", ONE, Decimal(60000), Decimal("24.0"), "USDT", "O-1", "7", 120)
    assert known.fills == (fill,)
    assert held(replace(NOTHING, trades=(TRADE,))).fills == (replace(fill, key=None),)


def test_fills_of_before_the_run_are_left_out() -> None:
    assert held(replace(NOTHING, trades=(replace(TRADE, at_ns=49),))).fills == ()
    assert len(held(replace(NOTHING, trades=(replace(TRADE, at_ns=49),)), None).fills) == 1  # type: ignore[arg-type]


def test_positions_are_net_and_wallets_without_anything_are_none() -> None:
    sides = (VenuePosition("BTCUSDT", "LONG", ONE, ONE), VenuePosition("BTCUSDT", "SHORT", Decimal(-3), ONE))
    wallets = (VenueBalance("USDT", Decimal("5.5"), ONE), VenueBalance("BNB", ZERO, ZERO))
    found = held(replace(NOTHING, positions=sides, balances=wallets))
    assert found.positions == (HeldPosition("BTCUSDT-PERP.BINANCE", Decimal(-2)),)
    assert found.balances == (HeldBalance("USDT", Decimal("5.5")),)
