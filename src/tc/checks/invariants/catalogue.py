"""The invariants by name, each a check of what a run and its venue have left."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.new_risk import new_risk
from tc.checks.invariants.venue_log import VenueLog
from tc.core import FIRST, last_position
from tc.core.events import OrderAccepted, OrderFilled, OrderInitialized, OrderSubmitted, SnapshotTaken
from tc.core.state.exact import ZERO, add
from tc.spec.drills.words import INVARIANTS

__all__ = ["INVARIANTS", "InvariantsFound", "check_invariants"]

_MOST_TOLD = 5
_NO_VENUE = "the venue's log cannot be read"
_NS = 1_000_000_000


class _UnknownError(Exception):
    """An invariant cannot be checked, and why."""


@dataclass(frozen=True, slots=True)
class InvariantsFound:
    """The invariants that hold; those that do not, as ``name: what was found``; those that could not be checked, with why."""

    held: tuple[str, ...]
    broken: tuple[str, ...]
    unknown: tuple[str, ...]


def check_invariants(evidence: Evidence) -> InvariantsFound:
    """Hold a run to every invariant."""
    held: list[str] = []
    broken: list[str] = []
    unknown: list[str] = []
    for name, check in CHECKS.items():
        found: list[str] = []
        try:
            for each in check(evidence):
                found.append(each)  # noqa: PERF402 - what was found before it becomes unknown stands
        except _UnknownError as error:
            if not found:
                unknown.append(f"{name}: {error}")
                continue
        if found:
            broken.append(f"{name}: {_told(found)}")
        else:
            held.append(name)
    return InvariantsFound(tuple(held), tuple(broken), tuple(unknown))


def _no_submit_after_halt(evidence: Evidence) -> Iterator[str]:
    folded = evidence.folded
    yield from (f"order {key} was sent after the halt" for key in folded.after_halt)
    for since_ns, until_ns in evidence.halted:
        for request in _venue(evidence).requests:
            is_inside = since_ns < request.time_ns and (until_ns is None or request.time_ns < until_ns)
            is_new = request.method == "POST" and request.path.lower().endswith(("order", "orders"))
            if is_inside and is_new and request.is_accepted and not evidence.may_pass_a_halt(request.client_order_id):
                yield f"the venue accepted order {request.client_order_id} after the halt"
    _require_whole_fold(evidence)


def _no_new_risk_while_reducing(evidence: Evidence) -> Iterator[str]:
    if evidence.folded.reducing:
        yield from new_risk(evidence, _venue(evidence))
    _require_whole_fold(evidence)


def _fills_sum_to_position(evidence: Evidence) -> Iterator[str]:
    folded = evidence.folded
    if folded.refusal:
        yield f"the journal does not add up: {folded.refusal}"
    for anomaly in folded.state.execution.anomalies:
        if anomaly.code == "position_mismatch":
            yield f"position {anomaly.position}: {anomaly.subject} is another in the engine than by its fills"
    venue = _venue(evidence)
    summed = _total(trade.signed for trade in venue.trades)
    held = _total(venue.positions.values())
    if held != summed:
        yield f"the venue holds {held}, and its trades sum to {summed}"


def _each_trade_once(evidence: Evidence) -> Iterator[str]:
    told = Counter((fill.instrument_id, fill.trade_id) for fill in evidence.fills)
    yield from (f"trade {trade_id} is in the journal {count} times" for (_, trade_id), count in told.items() if count > 1)
    at_venue = Counter(trade.trade_id for trade in _venue(evidence).trades)
    yield from (f"trade {trade_id} is at the venue {count} times" for trade_id, count in at_venue.items() if count > 1)


def _no_fill_without_order(evidence: Evidence) -> Iterator[str]:
    begun: set[str] = set()
    for entry in evidence.entries:
        match entry.event:
            case OrderSubmitted() | OrderAccepted() as event:
                begun.add(event.client_order_id)
            case SnapshotTaken() as event:
                begun.update(each.terms.client_order_id for each in event.orders)
            case OrderFilled() as event if event.client_order_id not in begun:
                yield f"position {entry.position}: a fill of order {event.client_order_id}, which was not sent before"
            case _:
                pass
    venue = _venue(evidence)
    orders = {order.order_id for order in venue.orders}
    yield from (
        f"trade {trade.trade_id} at the venue is of order {trade.order_id}, which it does not have"
        for trade in venue.trades
        if trade.order_id not in orders
    )


def _in_flight_resolved(evidence: Evidence) -> Iterator[str]:
    for each in evidence.folded.unanswered:
        if each.waited_ns is None and evidence.ends_in_order and _never_came(each.key, _venue(evidence)):
            continue
        waited = "never" if each.waited_ns is None else f"after {Decimal(each.waited_ns) / _NS:.3f} s"
        yield f"a command of order {each.key} was answered {waited}"
    _require_whole_fold(evidence)


def _never_came(key: str, venue: VenueLog) -> bool:
    """Say whether the venue has never heard of an order: there is nothing that it could answer."""
    requests = (request.client_order_id for request in venue.requests if request.is_accepted)
    return key not in {*requests, *(order.client_order_id for order in venue.orders)}


def _positions_gapless(evidence: Evidence) -> Iterator[str]:
    due: int = FIRST
    for entry in evidence.entries:
        if entry.position != due:
            yield f"position {entry.position} stands where {due} is due"
        due = last_position(entry) + 1


def _chain_intact(evidence: Evidence) -> Iterator[str]:
    if evidence.damage:
        yield evidence.damage


def _nothing_lost(evidence: Evidence) -> Iterator[str]:
    if evidence.damage:
        raise _UnknownError("the journal is not whole")
    venue = _venue(evidence)
    yield from _lost_orders(evidence, venue)
    guessed = {fill.venue_order_id for fill in evidence.fills if fill.source == "compat"}
    yield from _lost_trades(evidence, venue, guessed)
    yield from _unlike_sums(evidence, venue, guessed)


def _lost_orders(evidence: Evidence, venue: VenueLog) -> Iterator[str]:
    known: set[str] = set()
    accepted: dict[str, str] = {}
    for entry in evidence.entries:
        match entry.event:
            case OrderInitialized() as event:
                known.add(event.client_order_id)
            case OrderAccepted() as event:
                accepted[event.client_order_id] = event.venue_order_id
            case SnapshotTaken() as event:
                known.update(each.terms.client_order_id for each in event.orders)
            case _:
                pass
    at_venue = {str(order.order_id) for order in venue.orders}
    for order in venue.orders:
        if evidence.is_the_runs(order.client_order_id) and order.client_order_id not in known:
            yield f"order {order.client_order_id} is at the venue, and not in the journal"
    for key, venue_order_id in accepted.items():
        if venue_order_id not in at_venue:
            yield f"order {key} is in the journal, and not at the venue"


def _lost_trades(evidence: Evidence, venue: VenueLog, guessed: set[str]) -> Iterator[str]:
    """Compare trade by trade, but for orders of which the engine has guessed a fill: those have no trade's id."""
    told = {fill.trade_id: fill for fill in evidence.fills if fill.venue_order_id not in guessed}
    there = {str(trade.trade_id): trade for trade in venue.trades if str(trade.order_id) not in guessed}
    for trade_id, trade in there.items():
        fill = told.get(trade_id)
        if fill is None:
            is_due = trade.time_ns <= evidence.ends_ns and trade_id not in evidence.missed
            if is_due and evidence.is_the_runs(trade.client_order_id):
                yield f"trade {trade_id} of order {trade.client_order_id} is at the venue, and not in the journal"
        elif (fill.side, fill.quantity, fill.price) != (trade.side, trade.quantity, trade.price):
            said = f"{fill.side} {fill.quantity} at {fill.price}"
            yield f"trade {trade_id} is {said} in the journal, and {trade.side} {trade.quantity} at {trade.price} at the venue"
    yield from (f"trade {trade_id} is in the journal, and not at the venue" for trade_id in told if trade_id not in there)


def _unlike_sums(evidence: Evidence, venue: VenueLog, guessed: set[str]) -> Iterator[str]:
    """Compare how much of each order was filled of which the engine has guessed a fill."""
    by_journal: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in evidence.fills:
        by_journal[fill.venue_order_id] = add(by_journal[fill.venue_order_id], fill.quantity)
    by_venue: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for trade in venue.trades:
        if trade.time_ns <= evidence.ends_ns:
            by_venue[str(trade.order_id)] = add(by_venue[str(trade.order_id)], trade.quantity)
    for order_id in sorted(guessed):
        if by_journal[order_id] != by_venue[order_id]:
            yield f"{by_journal[order_id]} of order {order_id} is filled in the journal, and {by_venue[order_id]} at the venue"


def _position_within_limit(evidence: Evidence) -> Iterator[str]:
    gate = evidence.configuration.gate
    most = None if gate is None else gate.limits.max_position
    if most is None:
        return
    for instrument_id, largest in evidence.folded.largest.items():
        if largest > most:
            yield f"the position in {instrument_id} was {largest}, above {most}"
    _require_whole_fold(evidence)


def _require_whole_fold(evidence: Evidence) -> None:
    """Say that nothing is known of what comes after an entry that the Core refuses."""
    if evidence.folded.refusal:
        raise _UnknownError(f"the journal is not folded to its end: {evidence.folded.refusal}")


def _venue(evidence: Evidence) -> VenueLog:
    if evidence.venue is None:
        raise _UnknownError(_NO_VENUE)
    return evidence.venue


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = add(total, amount)
    return total


def _told(found: list[str]) -> str:
    shown = found[:_MOST_TOLD]
    return "; ".join([*shown, f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else shown)


CHECKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "no_submit_after_halt": _no_submit_after_halt,
    "no_new_risk_while_reducing": _no_new_risk_while_reducing,
    "fills_sum_to_position": _fills_sum_to_position,
    "each_trade_once": _each_trade_once,
    "no_fill_without_order": _no_fill_without_order,
    "in_flight_resolved": _in_flight_resolved,
    "positions_gapless": _positions_gapless,
    "chain_intact": _chain_intact,
    "nothing_lost": _nothing_lost,
    "position_within_limit": _position_within_limit,
}
"""How each is checked; what it gives is what is wrong."""
