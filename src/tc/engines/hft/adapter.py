"""Between the Core and hftbacktest: decisions become commands, and what was seen of the market becomes Events."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from tc.core.decision import Decision, Outcome
from tc.core.events import (
    Event,
    FeedDegraded,
    MarketObserved,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)
from tc.engines.hft.feed import Scale
from tc.engines.hft.feedback import HftFeedback, Sent
from tc.engines.hft.messages import Cancel, Command, Modify, Seen, Submit, Top
from tc.ports import DispatchError, Stream
from tc.spec.instrument import InstrumentSpec

type _Trade = tuple[Decimal | None, Decimal | None]

_SENT = frozenset({"sent", "would_send", "would_hold", "would_deny"})  # A gate that only observes keeps nothing back.
_GTC, _GTX, _FOK, _IOC = 0, 1, 2, 3
_TIMES_IN_FORCE = {"GTC": _GTC, "FOK": _FOK, "IOC": _IOC}
_GAP = "updates of the book are missing"
_BUSY = "another command of its order is under way"
_UNKNOWN = "its order is not open at the venue"


class HftAdapter:
    """The `ExecutionAdapter` of one run.

    Commands are collected here and go to hftbacktest with the next request, before its clock moves.
    """

    def __init__(
        self, stream: Stream, instrument: InstrumentSpec, feedback: HftFeedback, *, account_id: str, now_ns: int
    ) -> None:
        self._stream = stream
        self._instrument_id = instrument.id
        self._feedback = feedback
        self._account_id = account_id
        self._scale = Scale.of(instrument)
        self._numbers: dict[str, int] = {}
        self._commands: list[Command] = []
        self._last: _Trade = (None, None)
        self._seen: Seen | None = None
        self._told: Top | None = None
        self.now_ns = now_ns
        self.deadline_ns: int | None = None

    def carry_out(self, decision: Decision) -> None:
        """Collect what the decision sent, and say that it is on its way."""
        unsent: list[tuple[Outcome, str]] = []
        for outcome in decision.outcomes:
            if outcome.result in _SENT:
                reason = _DISPATCHES[outcome.kind](self, outcome)
                if reason:
                    unsent.append((outcome, reason))
        if unsent:
            raise DispatchError([outcome for outcome, _ in unsent], "; ".join(dict.fromkeys(reason for _, reason in unsent)))

    def set_timer(self, deadline_ns: int) -> None:
        """Ring at the deadline, after all else of its stamp."""
        self.deadline_ns = deadline_ns

    def clear_timer(self) -> None:
        """Ring no more."""
        self.deadline_ns = None

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:
        """Return the book as it was last seen, whether or not that changed anything."""
        seen = self._seen
        if seen is None or not seen.seen_ns or instrument_id != self._instrument_id:
            return None
        return self._observation(seen, at_ns, None)

    def take_commands(self) -> tuple[Command, ...]:
        """Take out what goes to hftbacktest now: nothing for an order that ended at this stamp, which it knows no more."""
        at_venue = self._feedback.at_venue
        commands = tuple(each for each in self._commands if each.order_id in at_venue)
        self._commands.clear()
        return commands

    def see(self, seen: Seen) -> None:
        """Take what a stamp brought as the latest that was seen."""
        self.now_ns = seen.now_ns
        self._seen = seen

    def market(self) -> Iterator[Event]:
        """Yield what the latest stamp showed: a gap, then each trade, or the best of the book when only that changed."""
        seen = self._seen
        if seen is None or not seen.seen_ns:
            return
        if seen.has_gap:
            yield FeedDegraded(seen.now_ns, seen.seen_ns, self._instrument_id, _GAP)
        for row, ticks, lots in seen.trades:
            self._last = (self._scale.price(ticks), self._scale.quantity(lots))
            yield self._observation(seen, seen.now_ns, row)
        if not seen.trades and seen.top != self._told:
            yield self._observation(seen, seen.now_ns, seen.last_row)
        self._told = seen.top

    def _submit(self, outcome: Outcome) -> str:
        terms = self._stream.context.terms(outcome.key)
        if terms is None or outcome.key in self._numbers:
            return "its key has no terms that are not yet sent"
        if terms.order_type not in {"LIMIT", "MARKET"} or terms.time_in_force not in _TIMES_IN_FORCE:
            return f"hftbacktest has no {terms.order_type} {terms.time_in_force}"
        quantity = terms.quantity if outcome.quantity is None else outcome.quantity
        price = terms.price if outcome.price is None else outcome.price
        is_market = terms.order_type == "MARKET"
        lots, ticks = self._scale.lots(quantity), 0 if is_market or price is None else self._scale.ticks(price)
        if lots is None or ticks is None:
            return f"{quantity} at {price} is no whole number of lots and ticks"
        number = self._numbers[outcome.key] = len(self._numbers) + 1
        time_in_force = _GTX if terms.post_only else _TIMES_IN_FORCE[terms.time_in_force]
        self._feedback.at_venue[number] = Sent(terms, number, quantity, price)
        self._commands.append(Submit(number, terms.side == "BUY", is_market, time_in_force, ticks, lots))
        self._stream.emit(OrderSubmitted(self.now_ns, self.now_ns, outcome.key, self._account_id))
        return ""

    def _modify(self, outcome: Outcome) -> str:
        sent = self._feedback.at_venue.get(self._numbers.get(outcome.key, 0))
        if sent is None or sent.is_busy:
            return _UNKNOWN if sent is None else _BUSY
        quantity = sent.quantity if outcome.quantity is None else outcome.quantity
        price = sent.price if outcome.price is None else outcome.price
        lots, ticks = self._scale.lots(quantity), None if price is None else self._scale.ticks(price)
        if lots is None or ticks is None:
            return f"{quantity} at {price} is no whole number of lots and ticks"
        sent.replace = (quantity, price)
        self._commands.append(Modify(sent.number, ticks, lots))
        self._stream.emit(OrderPendingUpdate(self.now_ns, self.now_ns, outcome.key, sent.venue_order_id))
        return ""

    def _cancel(self, outcome: Outcome) -> str:
        sent = self._feedback.at_venue.get(self._numbers.get(outcome.key, 0))
        if sent is None or sent.is_busy:
            return _UNKNOWN if sent is None else _BUSY
        sent.is_cancelling = True
        self._commands.append(Cancel(sent.number))
        self._stream.emit(OrderPendingCancel(self.now_ns, self.now_ns, outcome.key, sent.venue_order_id))
        return ""

    def _observation(self, seen: Seen, at_ns: int, row: int | None) -> MarketObserved:
        top, scale = seen.top, self._scale
        last, last_quantity = self._last
        return MarketObserved(
            at_ns,
            seen.seen_ns,
            self._instrument_id,
            None if top.bid_ticks is None else scale.price(top.bid_ticks),
            None if top.bid_lots is None else scale.quantity(top.bid_lots),
            None if top.ask_ticks is None else scale.price(top.ask_ticks),
            None if top.ask_lots is None else scale.quantity(top.ask_lots),
            last,
            last_quantity,
            row,
        )


_DISPATCHES: dict[str, Callable[[HftAdapter, Outcome], str]] = {
    "NEW": HftAdapter._submit,  # noqa: SLF001 - the class's own table
    "REPLACE": HftAdapter._modify,  # noqa: SLF001
    "CANCEL": HftAdapter._cancel,  # noqa: SLF001
}
