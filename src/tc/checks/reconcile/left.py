"""What became of the orders that a run left at its venue on purpose, after it had ended: that is no difference to its journal."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tc.checks.reconcile.holdings import HeldBalance, HeldFill, HeldOrder, HeldPosition, Holdings, Unknown
from tc.core.state.exact import ZERO, add, subtract
from tc.core.state.model import FINAL

_ENDS = FINAL - {"FILLED"}


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a venue is expected to hold when all that happened to orders left open is added to the journal, and what that was."""

    expected: Holdings
    fills: int = 0
    ended: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell of it; empty where nothing happened."""
        said = [f"{self.fills:,} fill{'' if self.fills == 1 else 's'}"] if self.fills else []
        said += [f"{self.ended:,} cancelled or expired"] if self.ended else []
        return (f"as the run ended or after it, of the orders that it left open: {', '.join(said)}; no finding",) if said else ()


def after_the_end(expected: Holdings, observed: Holdings, end_ns: int) -> Aftermath:
    """Add to what a journal says at its end all that the venue states of later fills and ends of the orders that it left open.

    Only what came later than ``end_ns`` by the venue's clock is added, and only for those orders: whatever else is not as the
    journal says is as wrong as it was. A balance is expected to have moved by the fees and by what the fills realized, in the
    currency of the fee.
    """
    if isinstance(expected.orders, Unknown) or isinstance(expected.fills, Unknown):
        return Aftermath(expected)
    left = {each.venue_order_id: each for each in expected.orders if each.status not in FINAL and each.venue_order_id}
    late = _late_fills(expected.fills, observed, left, end_ns)
    orders = {key: _filled_on(left[key], fills) for key, fills in late.items()}
    ended = _ended(observed, left | orders, end_ns)
    orders |= ended
    if not orders:
        return Aftermath(expected)
    fills = [fill for each in late.values() for fill in each]
    later = replace(
        expected,
        orders=tuple(orders.get(each.venue_order_id or "", each) for each in expected.orders),
        fills=(*expected.fills, *fills),
        positions=_moved(expected.positions, fills),
        balances=_paid(expected.balances, fills),
    )
    return Aftermath(later, len(fills), len(ended))


def _late_fills(
    known: Iterable[HeldFill], observed: Holdings, left: dict[str, HeldOrder], end_ns: int
) -> dict[str, list[HeldFill]]:
    """Return the fills after the end of each order that was left, by the venue's id of the order."""
    seen = {(each.instrument_id, each.trade_id) for each in known}
    late: defaultdict[str, list[HeldFill]] = defaultdict(list)
    for each in () if isinstance(observed.fills, Unknown) else observed.fills:
        order = left.get(each.venue_order_id or "")
        is_late = each.at_ns > end_ns and (each.instrument_id, each.trade_id) not in seen
        if is_late and order is not None and (order.instrument_id, order.side) == (each.instrument_id, each.side):
            late[each.venue_order_id or ""].append(each)
    return dict(late)


def _filled_on(order: HeldOrder, fills: Iterable[HeldFill]) -> HeldOrder:
    filled = order.filled
    for each in fills:
        filled = add(filled, each.quantity)
    return replace(order, filled=filled, status="FILLED" if filled == order.quantity else "PARTIALLY_FILLED")


def _ended(observed: Holdings, left: dict[str, HeldOrder], end_ns: int) -> dict[str, HeldOrder]:
    """Return the orders that were left and ended later, but not by being filled."""
    orders = () if isinstance(observed.orders, Unknown) else observed.orders
    return {
        each.venue_order_id: replace(left[each.venue_order_id], status=each.status)
        for each in orders
        if each.venue_order_id in left and each.status in _ENDS and each.updated_ns is not None and each.updated_ns > end_ns
    }


def _moved(positions: tuple[HeldPosition, ...] | Unknown, fills: Iterable[HeldFill]) -> tuple[HeldPosition, ...] | Unknown:
    if isinstance(positions, Unknown):
        return positions
    held = {each.instrument_id: each.signed_quantity for each in positions}
    for each in fills:
        move = add if each.side == "BUY" else subtract
        held[each.instrument_id] = move(held.get(each.instrument_id, ZERO), each.quantity)
    return tuple(HeldPosition(name, quantity) for name, quantity in held.items())


def _paid(balances: tuple[HeldBalance, ...] | Unknown, fills: Iterable[HeldFill]) -> tuple[HeldBalance, ...] | Unknown:
    if isinstance(balances, Unknown):
        return balances
    held = {each.currency: each.total for each in balances}
    for each in fills:
        moved = subtract(each.realized or ZERO, each.fee)
        held[each.fee_currency] = add(held.get(each.fee_currency, ZERO), moved)
    return tuple(HeldBalance(name, total) for name, total in held.items())
