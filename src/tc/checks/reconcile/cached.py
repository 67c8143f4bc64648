"""The third column: what a running node's own cache holds, as the node tells it, in the words that reconciliation compares."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.checks.reconcile.holdings import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings, Unknown
from tc.core.state.exact import ZERO, add
from tc.core.state.model import FINAL, OrderStatus

Amount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
NEVER_SENT = frozenset({"INITIALIZED", "DENIED", "EMULATED", "RELEASED"})
PENDING = frozenset({"PENDING_UPDATE", "PENDING_CANCEL"})


class CachedFill(Struct, frozen=True):
    """A fill in a node's cache; amounts are decimal texts."""

    trade_id: Text
    quantity: Amount
    price: Amount
    commission: Amount
    currency: Text


class CachedOrder(Struct, frozen=True):
    """An order in a node's cache, in the engine's words; amounts are decimal texts."""

    key: Text
    instrument_id: Text
    venue_order_id: Text | None
    side: Literal["BUY", "SELL"]
    quantity: Amount
    filled: Amount
    price: Amount | None
    trigger_price: Amount | None
    status: OrderStatus | Literal["INITIALIZED", "DENIED", "EMULATED", "RELEASED", "PENDING_UPDATE", "PENDING_CANCEL"]
    fills: tuple[CachedFill, ...]


class CachedPosition(Struct, frozen=True):
    """A position in a node's cache: signed, a decimal text."""

    instrument_id: Text
    quantity: Amount


class NodeHoldings(Struct, frozen=True):
    """What a node answers when it is asked for its cache: positions by their ids, balances by currency."""

    at_ns: int
    orders: tuple[CachedOrder, ...]
    positions: dict[str, CachedPosition]
    balances: dict[Text, Amount]


@dataclass(frozen=True, slots=True)
class Life:
    """The life of the node whose cache it is, as the journal tells it.

    Parameters
    ----------
    since_ns
        When it took over what the venue held, in nanoseconds since the epoch; None where the journal does not say it.
    closed_before
        The keys of the orders that had ended by then.

    """

    since_ns: int | None = None
    closed_before: frozenset[str] = frozenset()


def holdings_of_cache(told: NodeHoldings, *, only: Collection[str] | None = None) -> Holdings:
    """Return what a node's cache holds. Orders that were never sent are none; one with a change under way stands as it was.

    ``only`` names the instruments that count, where the node trades more than its run records.
    """
    sent = [each for each in told.orders if each.status not in NEVER_SENT and (only is None or each.instrument_id in only)]
    net: dict[str, Decimal] = {}
    for each in told.positions.values():
        if only is not None and each.instrument_id not in only:
            continue
        net[each.instrument_id] = add(net.get(each.instrument_id, ZERO), Decimal(each.quantity))
    return Holdings(
        orders=tuple(map(_order, sent)),
        fills=tuple(fill for order in sent for fill in _fills(order)),
        positions=tuple(HeldPosition(name, quantity) for name, quantity in net.items()),
        balances=tuple(HeldBalance(currency, Decimal(total)) for currency, total in told.balances.items()),
        has_all_closed=False,
        at_ns=told.at_ns,
    )


def within_life(cached: Holdings, expected: Holdings, observed: Holdings | Unknown, life: Life) -> Holdings:
    """Return of a cache what its node has lived through: the rest it took over from the venue's past, or made up to explain it.

    So an order that has ended, and that neither journal nor venue has, is left out; what ended before the node lived is, too;
    and a fill of an order of which cache and journal say the same was filled.
    """
    if isinstance(cached.orders, Unknown) or isinstance(cached.fills, Unknown):
        return replace(cached, fills_from_ns=life.since_ns)
    wanted = {each.key: each for each in _known(expected.orders)}
    seen = set() if isinstance(observed, Unknown) else {each.key for each in _known(observed.orders)}
    orders = [
        _as_open(each, wanted.get(each.key))
        for each in cached.orders
        if each.key not in life.closed_before and (each.key in wanted or each.key in seen or each.status not in FINAL)
    ]
    kept = {each.key: each for each in orders}
    stated = {_identity(each) for each in _known(expected.fills)}
    stated |= set() if isinstance(observed, Unknown) else {_identity(each) for each in _known(observed.fills)}
    fills = tuple(
        each
        for each in cached.fills
        if each.key in kept and (_identity(each) in stated or not _is_filled_alike(kept[each.key], wanted.get(each.key)))
    )
    return replace(cached, orders=tuple(orders), fills=fills, fills_from_ns=life.since_ns)


def _order(order: CachedOrder) -> HeldOrder:
    status: str = order.status
    if status in PENDING:
        status = "PARTIALLY_FILLED" if Decimal(order.filled) else "ACCEPTED"
    return HeldOrder(
        order.key,
        order.instrument_id,
        order.side,
        Decimal(order.quantity),
        Decimal(order.filled),
        status,
        None if order.price is None else Decimal(order.price),
        None if order.trigger_price is None else Decimal(order.trigger_price),
        order.venue_order_id,
        order.status if order.status in PENDING else "",
    )


def _fills(order: CachedOrder) -> Iterator[HeldFill]:
    for each in order.fills:
        yield HeldFill(
            each.trade_id,
            order.instrument_id,
            order.side,
            Decimal(each.quantity),
            Decimal(each.price),
            Decimal(each.commission),
            each.currency,
            order.key,
            order.venue_order_id,
        )


def _as_open(order: HeldOrder, expected: HeldOrder | None) -> HeldOrder:
    """Return an order with a change under way in the status that it had; the cache does not say which that was."""
    if not order.remark or expected is None or expected.status in FINAL:
        return order
    return replace(order, status=expected.status)


def _is_filled_alike(order: HeldOrder, expected: HeldOrder | None) -> bool:
    return expected is not None and order.filled == expected.filled


def _identity(fill: HeldFill) -> tuple[str, str]:
    return fill.instrument_id, fill.trade_id


def _known[T: (HeldOrder, HeldFill)](part: tuple[T, ...] | Unknown) -> tuple[T, ...]:
    return () if isinstance(part, Unknown) else part
