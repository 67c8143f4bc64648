"""The expected side: what a journal's entries add up to, kept for every order and fill of the run.

State forgets closed orders and holds no fills, so that its size is bounded. This book forgets nothing: its cost is
linear in the run's orders and fills.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from tc.checks.reconcile.cached import Life
from tc.checks.reconcile.hearing import Hearing
from tc.checks.reconcile.holdings import (
    HeldBalance,
    HeldFill,
    HeldOrder,
    HeldPosition,
    Holdings,
    Kind,
    Name,
    Said,
    Unknown,
    name_of,
)
from tc.core import State
from tc.core.events import (
    AccountUpdated,
    DispatchFailed,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    SnapshotTaken,
)
from tc.core.state import slots
from tc.core.state.exact import ZERO, add
from tc.core.state.model import FINAL, Order
from tc.core.state.orders import find

Healing = tuple[int, int]
"""From when to when an engine healed, both inclusive, in nanoseconds since the epoch by this machine's clock."""

Amounts = dict[tuple[Kind, Name], HeldPosition | HeldBalance]

NO_ACCOUNT = "the journal holds no account state"

_OF_ONE_ORDER = frozenset(
    {
        DispatchFailed,
        OrderAccepted,
        OrderCanceled,
        OrderCancelRejected,
        OrderExpired,
        OrderFilled,
        OrderModifyRejected,
        OrderPendingCancel,
        OrderPendingUpdate,
        OrderRejected,
        OrderSubmitted,
        OrderTriggered,
        OrderUpdated,
    }
)


class JournalBook:
    """Takes each event with the State after it; says what the run holds by them."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._sent_ns: dict[str, int] = {}
        self._closed: dict[str, HeldOrder] = {}
        self._fills: dict[tuple[str, str], HeldFill] = {}
        self._guessed: dict[tuple[str, str], int] = {}
        self._hearing: Hearing | None = None
        self._amounts: Amounts = {}
        self._amounts_of: tuple[object, object] = (None, None)
        self.life = Life()

    def hear(self, state: State) -> None:
        """From here on keep all that is said of what changes; ``state`` is the one after the last event taken."""
        self._hearing = Hearing()
        self._amounts_of = state.execution.holdings, state.execution.accounts
        self._amounts = _amounts(state)

    def heard_between(self, first_ns: int | None, last_ns: int | None) -> None:
        """Say when by the venue's clock it was read, where that is known: what was not so between the two is not kept."""
        if self._hearing is not None:
            self._hearing.first_ns, self._hearing.last_ns = first_ns, last_ns

    @property
    def said(self) -> Said:
        """All that was said since `hear` of what changed since, in order; first what had been said before."""
        return {} if self._hearing is None else self._hearing.said

    def take(self, event: Event, state: State) -> bool:
        """Take the next event, and the State after it; return whether it changed anything that is compared."""
        if self._hearing is not None:
            self._hearing.begin(event)
        changed = self._take(event, state)
        if self._hearing is not None:
            self._hear_amounts(self._hearing, state)
        return changed

    def _take(self, event: Event, state: State) -> bool:
        if type(event) in _OF_ONE_ORDER:
            self._take_order(event.client_order_id, event, state)  # type: ignore[union-attr]  # each in the set has one
            return True
        if type(event) is SnapshotTaken:
            self.life = Life(event.event_ns, frozenset(self._closed))
            for each in event.orders:
                self._take_order(each.terms.client_order_id, event, state)
            return True
        return type(event) is AccountUpdated

    def holdings(self, state: State, *, healed: Sequence[Healing] = ()) -> Holdings:
        """Return what the events taken so far add up to; ``state`` is the one after the last of them.

        Fills that the engine guessed while it was asked to heal are invented ones.
        """
        orders = (*self._closed.values(), *map(self._held, self._orders.values()))
        fills = dict(self._fills)
        for identity, at_ns in self._guessed.items():
            if any(first <= at_ns <= last for first, last in healed):
                fills[identity] = replace(fills[identity], is_invented=True)
        return Holdings(orders, tuple(fills.values()), held_positions(state), held_balances(state))

    def _hear_amounts(self, hearing: Hearing, state: State) -> None:
        held, accounts = state.execution.holdings, state.execution.accounts
        if self._amounts_of[0] is held and self._amounts_of[1] is accounts:
            return  # State is never changed in place, so the same objects hold the same amounts.
        self._amounts_of = held, accounts
        before, amounts = self._amounts, _amounts(state)
        self._amounts = amounts
        for kind, name in before.keys() | amounts.keys():
            hearing.note(kind, name, before.get((kind, name)), amounts.get((kind, name)))

    def _take_order(self, key: str, event: Event, state: State) -> None:
        if self._hearing is None:
            self._fold_order(key, event, state)
            return
        before = self._order(key)
        self._fold_order(key, event, state)
        self._hearing.note("orders", key, before, self._order(key))

    def _order(self, key: str) -> HeldOrder | None:
        order = self._orders.get(key)
        return self._closed.get(key) if order is None else self._held(order)

    def _held(self, order: Order) -> HeldOrder:
        held = held_order(order)
        return replace(held, sent_ns=self._sent_ns[held.key]) if held.key in self._sent_ns else held

    def _fold_order(self, key: str, event: Event, state: State) -> None:
        is_new_fill = type(event) is OrderFilled and self._take_fill(event)
        order = find(state.execution.orders, key)
        if order is not None and order.status == "SUBMITTED":
            self._sent_ns.setdefault(key, event.at_ns)
        else:
            self._sent_ns.pop(key, None)
        if order is None:
            self._take_forgotten(key, event if is_new_fill else None)
        elif order.status in FINAL:
            self._orders.pop(key, None)
            self._closed[key] = held_order(order)
        else:
            self._orders[key] = order

    def _take_fill(self, event: OrderFilled) -> bool:
        identity = (event.client_order_id, event.trade_id)
        if identity in self._fills:
            return False
        fill = self._fills[identity] = held_fill(event)
        if self._hearing is not None:
            self._hearing.note("fills", name_of(fill), None, fill)
        if event.source == "compat":
            self._guessed[identity] = event.at_ns
        return True

    def _take_forgotten(self, key: str, event: Event | None) -> None:
        """Take a fill of an order that State has forgotten: it counts here all the same."""
        known = self._closed.get(key)
        if known is not None and isinstance(event, OrderFilled):
            self._closed[key] = replace(known, filled=add(known.filled, event.quantity))


def held_order(order: Order) -> HeldOrder:
    """Return an Order of State as it is compared."""
    terms = order.terms
    return HeldOrder(
        terms.client_order_id,
        terms.instrument_id,
        terms.side,
        order.quantity,
        order.filled,
        order.status,
        order.price,
        order.trigger_price,
        order.venue_order_id,
        _remark(order),
    )


def held_fill(event: OrderFilled) -> HeldFill:
    """Return a fill of the journal as it is compared."""
    return HeldFill(
        event.trade_id,
        event.instrument_id,
        event.side,
        event.quantity,
        event.price,
        event.commission,
        event.commission_currency,
        event.client_order_id,
        event.venue_order_id,
        event.event_ns,
    )


def held_positions(state: State) -> tuple[HeldPosition, ...]:
    """Return the net position of each instrument in which State holds one."""
    positions = (position for _, position in slots.items(state.execution.holdings.positions))
    return tuple(
        HeldPosition(instrument, quantity)
        for instrument, quantity in _sums((each.instrument_id, each.signed_quantity) for each in positions)
    )


def held_balances(state: State) -> tuple[HeldBalance, ...] | Unknown:
    """Return what State holds of each currency by the latest account states; unknown where there was none."""
    accounts = state.execution.accounts
    if not accounts:
        return Unknown(NO_ACCOUNT)
    stated = ((each.currency, each.total) for account in accounts.values() for each in account.balances)
    return tuple(HeldBalance(currency, total) for currency, total in _sums(stated))


def _amounts(state: State) -> Amounts:
    balances = held_balances(state)
    held: Amounts = {("positions", each.instrument_id): each for each in held_positions(state)}
    return held | {("balances", each.currency): each for each in (() if isinstance(balances, Unknown) else balances)}


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for name, amount in amounts:
        sums[name] = add(sums.get(name, ZERO), amount)
    return sorted(sums.items())


def _remark(order: Order) -> str:
    if order.status == "SUBMITTED":
        return "submitted, and not answered yet"
    return f"{order.pending} sent, and not answered yet" if order.pending else ""
