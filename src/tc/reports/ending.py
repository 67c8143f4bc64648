"""How an order's life ended, in one sentence: kept up while its events and outcomes pass by."""

from decimal import Decimal

from tc.core.decision import Outcome
from tc.core.events import (
    DispatchFailed,
    Event,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    SubmitRequested,
)
from tc.core.state.exact import ZERO, add
from tc.reports.page.reasons import RESULTS, why
from tc.reports.page.words import count, utc, written

_FINAL: dict[type, str] = {OrderCanceled: "it was cancelled", OrderExpired: "it expired", OrderRejected: "the venue rejected it"}
_UNSENT = frozenset({"denied", "superseded", "annihilated", "invalid"})


class Ending:
    """Takes what happens to one order; `text` says how it stands."""

    def __init__(self) -> None:
        self._quantity = ZERO
        self._filled = ZERO
        self._fills: set[str] = set()
        self._final = ""
        self._is_asked = False
        self._is_submitted = False
        self._last: Outcome | None = None
        self._cause: Outcome | None = None

    def known(self, quantity: Decimal, filled: Decimal) -> None:
        """Take an order that was open before the stream began."""
        self._quantity, self._filled, self._is_submitted = quantity, filled, True

    def event(self, event: Event) -> None:
        """Take one of the order's events; a second order under its id, and what comes after its end, change nothing."""
        if getattr(event, "is_duplicate", False) or (self._has_ended and not isinstance(event, OrderFilled)):
            return
        if isinstance(event, OrderInitialized | OrderUpdated):
            self._quantity = event.quantity
        elif isinstance(event, SubmitRequested):
            self._is_asked = True
        elif isinstance(event, OrderSubmitted):
            self._is_submitted = True
        elif isinstance(event, OrderFilled):
            self._fill(event)
        elif isinstance(event, OrderDenied):
            self._final = f"it was denied and never sent: {event.reason}"
        elif isinstance(event, DispatchFailed) and event.kind == "NEW":
            self._final = f"it never left: {event.reason}"
        elif type(event) in _FINAL:
            self._final = _FINAL[type(event)] + (f": {event.reason}" if isinstance(event, OrderRejected) else "")

    def outcome(self, outcome: Outcome) -> None:
        """Take what was decided about one of the order's commands."""
        if outcome.kind == "NEW" and outcome.reason != "duplicate_key" and (outcome.reason != "run_ended" or self._last is None):
            self._last = outcome
            if outcome.result in _UNSENT:
                self._cause = outcome

    def text(self) -> str:
        """Return how it ended, or how it stands where the stream ends."""
        if not self._is_submitted and self._cause is not None:
            return f"never sent: {_ends(self._cause)}"
        if self._fills and self._filled >= self._quantity:
            return f"filled completely: {self._traded()}"
        if self._final:
            return self._final + (f", after {self._traded()}" if self._fills else "")
        if self._is_submitted:
            return (
                f"open where the stream ends: {self._traded()}" if self._fills else "open where the stream ends, without a fill"
            )
        return self._waiting()

    @property
    def _has_ended(self) -> bool:
        return self._is_submitted and (self._final != "" or (bool(self._fills) and self._filled >= self._quantity))

    def _waiting(self) -> str:
        last = self._last
        if last is None:
            asked = "it was asked for, and nothing was decided" if self._is_asked else "nobody asked to submit it"
            return f"never sent: {asked}"
        if last.result == "held":
            until = f" until {utc(last.until_ns)} UTC" if last.until_ns else ""
            return f"never sent: it was held{until} where the stream ends: {why(last)}"
        if last.result == "sent":
            return "sent, and nothing came back before the stream ended"
        if last.result.startswith("would_"):
            return "never sent: the gate only observed, and nothing came of it before the stream ended"
        return "admitted, and still waiting where the stream ends"

    def _fill(self, event: OrderFilled) -> None:
        if event.trade_id not in self._fills:
            self._fills.add(event.trade_id)
            self._filled = add(self._filled, event.quantity)

    def _traded(self) -> str:
        return f"{written(self._filled)} of {written(self._quantity)} in {count(len(self._fills), 'fill')}"


def _ends(outcome: Outcome) -> str:
    return f"it was {RESULTS[outcome.result]}: {why(outcome)}"
