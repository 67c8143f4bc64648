"""How market events move the market domain: rows by reference, and the latest observation of each instrument."""

from decimal import Decimal

from tc.core.configuration import CoreConfiguration
from tc.core.events import FeedDegraded, MarketDataRows, MarketObserved
from tc.core.state.exact import add, multiply
from tc.core.state.model import MarketState, Reference
from tc.errors import InvariantViolation

_HALF = Decimal("0.5")


def rows_played(market: MarketState, event: MarketDataRows) -> MarketState:
    """Count rows of a dataset, which follow the last ones."""
    last = market.last_rows.get(event.dataset)
    if event.last_row < event.first_row or (last is not None and event.first_row != last + 1):
        raise InvariantViolation(
            f"rows {event.first_row} to {event.last_row} of dataset {event.dataset[:12]}… do not follow row {last}"
        )
    rows = market.rows + event.last_row - event.first_row + 1
    return MarketState({**market.last_rows, event.dataset: event.last_row}, rows, market.references, market.history)


def observed(market: MarketState, event: MarketObserved, configuration: CoreConfiguration) -> MarketState:
    """Keep the observation, and its price where a history is configured; a gap ends with a datum that is newer than it."""
    instrument_id = event.instrument_id
    before = market.references.get(instrument_id)
    seen_ns = event.event_ns
    is_degraded = False
    if before is not None and seen_ns <= before.seen_ns:
        seen_ns, is_degraded = before.seen_ns, before.is_degraded
    now = Reference(
        event.bid, event.bid_quantity, event.ask, event.ask_quantity, event.last, event.last_quantity, seen_ns, is_degraded
    )
    references = {**market.references, instrument_id: now}
    rows = market.rows if event.row is None else market.rows + 1
    history = market.history
    if configuration.history_samples:
        history = _sampled(history, instrument_id, now, configuration)
    return MarketState(market.last_rows, rows, references, history)


def degraded(market: MarketState, event: FeedDegraded, configuration: CoreConfiguration) -> MarketState:  # noqa: ARG001
    """Note that the instrument's feed has had a gap: what was seen before it is in doubt."""
    before = market.references.get(event.instrument_id)
    seen_ns = event.event_ns if before is None else max(event.event_ns, before.seen_ns)
    now = (
        Reference(None, None, None, None, None, None, seen_ns, is_degraded=True)
        if before is None
        else Reference(
            before.bid,
            before.bid_quantity,
            before.ask,
            before.ask_quantity,
            before.last,
            before.last_quantity,
            seen_ns,
            is_degraded=True,
        )
    )
    return MarketState(market.last_rows, market.rows, {**market.references, event.instrument_id: now}, market.history)


def price_of(reference: Reference) -> Decimal | None:
    """Return the reference price: the middle of bid and ask, else the last trade, else the one side that is known."""
    if reference.bid is not None and reference.ask is not None:
        return multiply(add(reference.bid, reference.ask), _HALF)
    if reference.last is not None:
        return reference.last
    return reference.ask if reference.bid is None else reference.bid


def _sampled(
    history: dict[str, tuple[tuple[int, Decimal], ...]], instrument_id: str, now: Reference, configuration: CoreConfiguration
) -> dict[str, tuple[tuple[int, Decimal], ...]]:
    price = price_of(now)
    samples = history.get(instrument_id, ())
    if price is None or (samples and now.seen_ns < samples[-1][0] + configuration.history_every_ns):
        return history
    return {**history, instrument_id: (*samples, (now.seen_ns, price))[-configuration.history_samples :]}
