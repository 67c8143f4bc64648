"""New risk at ``reduce``: by the venue's own log, each order that it accepted then can only shrink the position.

The position is the sum of the venue's trades, save those that took an order's room without the run's knowing when it asked: of
an order that is not its own, or that it took for ended. A fill of an order that it took for open is none of those: the gate
counts such an order as filled already, so what is under way takes nobody's room.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.knowledge import Knowledge
from tc.checks.invariants.reducing import Reducing
from tc.checks.invariants.venue_log import VenueLog, VenueOrder, VenueTrade
from tc.core.state.exact import ZERO, add, negate, subtract


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An order of the run's own that the venue took, or took a change of, while the run was at ``reduce``.

    Parameters
    ----------
    order
        The order as it is now.
    at_ns, until_ns
        When that was, and until when the order's trades are held to it; None: to the end.
    asked
        The position in the journal at which the run asked for it; of what had waited when ``reduce`` began, where that is. Of a
        change it is the order's own: which of several requests the gate let through is not known here, and that is early enough.
    quantity
        What it could trade from then on; None where a later change hides it.

    """

    order: VenueOrder
    at_ns: int
    until_ns: int | None
    asked: int
    quantity: Decimal | None

    def comes_after(self, trade: VenueTrade) -> bool:
        """Say whether a trade was there before."""
        return (trade.time_ns, trade.order_id) < (self.at_ns, self.order.order_id)

    def binds(self, trade: VenueTrade) -> bool:
        """Say whether a trade that was not there before is held to it."""
        return trade.order_id == self.order.order_id and (self.until_ns is None or trade.time_ns < self.until_ns)


def new_risk(evidence: Evidence, venue: VenueLog) -> Iterator[str]:
    """Tell each order that could enlarge the position, or did: the first that shows it."""
    known = Knowledge(evidence.entries)
    for accepted in acceptances(evidence, venue, known):
        yield from _told(accepted, list(_room(accepted, evidence, venue, known)))


def acceptances(evidence: Evidence, venue: VenueLog, known: Knowledge) -> Iterator[Acceptance]:
    """Give what is judged: neither what was under way when ``reduce`` began, nor what is not the strategy's."""
    for window in evidence.folded.reducing:
        for order in venue.orders:
            if order.client_order_id and not evidence.may_pass_a_halt(order.client_order_id):
                yield from _accepted(order, window, venue, known)


def _room(accepted: Acceptance, evidence: Evidence, venue: VenueLog, known: Knowledge) -> Iterator[VenueTrade]:
    """Give the trades that count: what gives the order room always does, what takes it only where the run could know."""
    order = accepted.order
    for trade in venue.trades:
        is_own = evidence.is_the_runs(trade.client_order_id)
        if trade.symbol == order.symbol and (trade.side != order.side or known.counts(trade, accepted.asked, is_own=is_own)):
            yield trade


def _accepted(order: VenueOrder, window: Reducing, venue: VenueLog, known: Knowledge) -> Iterator[Acceptance]:
    key = order.client_order_id
    changes = [each.time_ns for each in venue.requests if each.is_change and each.is_accepted and each.client_order_id == key]
    stamps = [order.accepted_ns, *changes]
    for index, at_ns in enumerate(stamps):
        if not window.covers(at_ns) or key in (window.in_flight if index else window.sent):
            continue
        is_as_now = len(changes) == order.changes and index == len(changes)
        yield Acceptance(
            order=order,
            at_ns=at_ns,
            until_ns=min((each for each in (window.until_ns, *stamps[index + 1 : index + 2]) if each is not None), default=None),
            asked=max(window.position, known.asked(key, at_ns)),
            quantity=subtract(order.quantity, _filled(order, at_ns, venue)) if is_as_now else None,
        )


def _filled(order: VenueOrder, before_ns: int, venue: VenueLog) -> Decimal:
    return _sum(each.quantity for each in venue.trades if each.order_id == order.order_id and each.time_ns < before_ns)


def _told(accepted: Acceptance, trades: Sequence[VenueTrade]) -> Iterator[str]:
    order = accepted.order
    position = _sum(each.signed for each in trades if accepted.comes_after(each))
    if not _shrinks(position, order.side, accepted.quantity or ZERO):
        quantity = "an amount" if accepted.quantity is None else accepted.quantity
        yield f"order {order.client_order_id} to {order.side} {quantity} was accepted at a position of {position}"
        return
    for trade in trades:
        if accepted.comes_after(trade):
            continue
        if accepted.binds(trade) and not _shrinks(position, trade.side, trade.quantity):
            said = f"trade {trade.trade_id}, {trade.side} {trade.quantity}"
            yield f"order {order.client_order_id} came to {said}, at a position of {position}"
            return
        position = add(position, trade.signed)


def _shrinks(position: Decimal, side: str, quantity: Decimal) -> bool:
    """Say whether so much on a side makes a position smaller, and ends at flat at the furthest."""
    held = negate(position) if side == "BUY" else position
    return held > ZERO and quantity <= held


def _sum(amounts: Iterator[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = add(total, amount)
    return total
