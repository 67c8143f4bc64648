"""A venue's account in the words that reconciliation compares."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from tc.checks.reconcile import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings
from tc.core.state.exact import ZERO, add
from tc.core.state.model import FINAL
from tc.exchange.reading.account import VenueOrder, VenueReading

_STATUS = {
    "NEW": "ACCEPTED",
    "TRIGGERING": "ACCEPTED",
    "TRIGGERED": "ACCEPTED",
    "EXPIRED_IN_MATCH": "EXPIRED",
}


def held_at_venue(reading: VenueReading, *, instruments: Mapping[str, str], since_ns: int | None) -> Holdings:
    """Return what a venue holds, as it is compared.

    A conditional order that was triggered is the order that it made, with its trigger price. Positions are net: the two sides
    of hedge mode are added up. Closed orders are not complete: a venue forgets those that were never filled.

    Parameters
    ----------
    reading
        The account as it was read.
    instruments
        Instrument ids by the venue's symbols; an instrument that is not named keeps its symbol.
    since_ns
        Fills and closed orders before this time, on the venue's clock, are left out.

    """
    first_ns = 0 if since_ns is None else since_ns
    orders = _orders(reading, instruments, first_ns)
    keys = {each.venue_order_id: each.key for each in orders}
    return Holdings(
        orders=tuple(orders),
        fills=tuple(
            HeldFill(
                trade_id=each.trade_id,
                instrument_id=instruments.get(each.symbol, each.symbol),
                side=each.side,
                quantity=each.quantity,
                price=each.price,
                fee=each.commission,
                fee_currency=each.commission_currency,
                key=keys.get(each.venue_order_id),
                venue_order_id=each.venue_order_id,
                at_ns=each.at_ns,
                realized=each.realized,
            )
            for each in reading.trades
            if each.at_ns >= first_ns
        ),
        positions=_positions(reading, instruments),
        balances=tuple(HeldBalance(each.currency, each.wallet) for each in reading.balances if each.wallet),
        has_all_closed=False,
        fills_from_ns=since_ns,
        at_ns=reading.at_ns,
    )


def _orders(reading: VenueReading, instruments: Mapping[str, str], first_ns: int) -> list[HeldOrder]:
    # What is open was read last, so it stands for the same order in the history.
    latest = {_identity(each): each for each in (*reading.orders, *reading.open_orders)}
    made_by = {
        (each.symbol, each.triggered_order_id): each
        for each in latest.values()
        if each.is_conditional and each.triggered_order_id
    }
    held: list[HeldOrder] = []
    for each in latest.values():
        if each.is_conditional and each.triggered_order_id:
            continue
        order = _held(each, instruments)
        if order.status in FINAL and each.updated_ns < first_ns:
            continue
        origin = None if each.is_conditional else made_by.get((each.symbol, each.venue_order_id))
        held.append(
            order if origin is None else replace(order, key=origin.client_order_id, trigger_price=_price(origin.trigger_price))
        )
    return held


def _identity(order: VenueOrder) -> tuple[str, bool, str]:
    return order.symbol, order.is_conditional, order.venue_order_id


def _held(order: VenueOrder, instruments: Mapping[str, str]) -> HeldOrder:
    return HeldOrder(
        key=order.client_order_id,
        instrument_id=instruments.get(order.symbol, order.symbol),
        side=order.side,
        quantity=ZERO if order.quantity is None else order.quantity,
        filled=order.filled,
        status=_STATUS.get(order.status, order.status),
        price=_price(order.price),
        trigger_price=_price(order.trigger_price),
        venue_order_id=order.venue_order_id,
        updated_ns=order.updated_ns,
    )


def _price(price: Decimal) -> Decimal | None:
    """Return a price; the venue states zero where there is none."""
    return price or None


def _positions(reading: VenueReading, instruments: Mapping[str, str]) -> tuple[HeldPosition, ...]:
    net: dict[str, Decimal] = {}
    for each in reading.positions:
        name = instruments.get(each.symbol, each.symbol)
        net[name] = add(net.get(name, ZERO), each.quantity)
    return tuple(HeldPosition(name, quantity) for name, quantity in net.items())
