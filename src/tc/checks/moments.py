"""A stream cut at its rows of market data: what was known after each, what was decided until the next, and what came back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, ProcessingContext, State, step_event_entry
from tc.core.decision import Outcome
from tc.core.events import (
    MarketDataRows,
    MarketObserved,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
)

_ANSWERS = (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
)
_REFUSALS = (OrderRejected, OrderModifyRejected, OrderCancelRejected)


class Said(NamedTuple):
    """What was decided about a command, without the names that its run gave: they hold positions and times."""

    kind: str
    side: str
    quantity: Decimal | None
    price: Decimal | None
    result: str
    reason: str

    def __str__(self) -> str:
        terms = " at ".join(f"{each:,f}" for each in (self.quantity, self.price) if each is not None)
        return " ".join(word for word in (self.kind, self.side, terms, self.result, self.reason) if word)


class Fill(NamedTuple):
    """A fill, and when it was known: after which row, and at which local stamp in nanoseconds."""

    side: str
    quantity: Decimal
    price: Decimal
    liquidity: str
    row: int
    at_ns: int

    @property
    def content(self) -> tuple[str, Decimal, Decimal]:
        """What was filled, whenever it was known."""
        return self.side, self.quantity, self.price

    def __str__(self) -> str:
        return f"{self.side} {self.quantity:,f} at {self.price:,f} as {self.liquidity.lower()}"


@dataclass(slots=True)
class Told:
    """What a stream holds beside its moments, as far as it was read.

    ``waits_ns`` are the times from an order's submission to its acceptance.
    """

    orders: int = 0
    fills: list[Fill] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    waits_ns: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Moment:
    """What lies between one row and the next.

    Parameters
    ----------
    row, at_ns
        The row's number, -1 before the first, and its local stamp.
    state
        What was known with the row, before anything followed from it.
    fills_before, refusals_before
        How many fills and refusals were known then.
    end
        What was known at the end, before the next row.
    said, answered
        What was decided on the row; and what after something had come back, until the next row.
    came
        What came back until then: the kind of answer, and the order's side.
    fills_after, refusals_after
        How many fills and refusals were known at the end.

    """

    row: int
    at_ns: int
    state: State
    fills_before: int
    refusals_before: int
    end: State
    said: list[Said] = field(default_factory=list)
    answered: list[Said] = field(default_factory=list)
    came: list[tuple[str, str]] = field(default_factory=list)
    fills_after: int = 0
    refusals_after: int = 0


def moments(entries: Iterable[EventStreamEntry], configuration: CoreConfiguration, told: Told) -> Iterator[Moment]:
    """Yield the moments of a stream in their order, and fill in what else it tells.

    Raises
    ------
    InvariantViolation
        An entry breaks a rule of the Core.

    """
    submitted: dict[str, int] = {}
    state = INITIAL
    moment = Moment(-1, 0, state, 0, 0, state)
    for entry in entries:
        before, event = state, entry.event
        state, decision = step_event_entry(state, entry, configuration=configuration)
        row = _row(event)
        if row is not None:
            yield _ended(moment, before, told)
            moment = Moment(row, event.at_ns, state, len(told.fills), len(told.refusals), state)
        elif isinstance(event, OrderSubmitted):
            told.orders += 1
            submitted[event.client_order_id] = event.at_ns
        elif isinstance(event, _ANSWERS):
            _answered(event, moment, told, submitted, _side(ProcessingContext(state, configuration), event.client_order_id))
        if decision is not None:
            known = ProcessingContext(before, configuration)
            said = moment.answered if moment.came else moment.said
            said += (_said(outcome, known) for outcome in decision.outcomes)
    yield _ended(moment, state, told)


def _ended(moment: Moment, end: State, told: Told) -> Moment:
    moment.end, moment.fills_after, moment.refusals_after = end, len(told.fills), len(told.refusals)
    return moment


def _row(event: Any) -> int | None:  # noqa: ANN401 - any event
    if isinstance(event, MarketDataRows):
        return event.last_row
    return event.row if isinstance(event, MarketObserved) else None


def _answered(event: Any, moment: Moment, told: Told, submitted: dict[str, int], side: str) -> None:  # noqa: ANN401
    answer = type(event).__name__, side
    moment.came.append(answer)
    if isinstance(event, OrderFilled):
        told.fills.append(Fill(event.side, event.quantity, event.price, event.liquidity, moment.row, event.at_ns))
    elif isinstance(event, _REFUSALS):
        told.refusals.append(answer)
    elif isinstance(event, OrderAccepted) and event.client_order_id in submitted:
        told.waits_ns.append(event.at_ns - submitted.pop(event.client_order_id))


def _side(known: ProcessingContext, key: str) -> str:
    terms = known.terms(key)
    return "" if terms is None else terms.side


def _said(outcome: Outcome, known: ProcessingContext) -> Said:
    terms = known.terms(outcome.key)
    quantity, price = outcome.quantity, outcome.price
    if terms is not None and outcome.kind == "NEW":
        quantity, price = quantity or terms.quantity, price or terms.price
    return Said(outcome.kind, "" if terms is None else terms.side, quantity, price, outcome.result, outcome.reason)
