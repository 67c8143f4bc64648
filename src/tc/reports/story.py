"""The life of an order, or what happened at a position, told from the stream and the decisions, line by line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tc.core import EventStreamEntry, last_position
from tc.core.decision import Decision, Outcome
from tc.core.events import (
    CancelRequested,
    ControlTimeReached,
    Event,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    OrderInitialized,
    RunResumed,
    SnapshotOrder,
    SnapshotTaken,
    SubmitRequested,
)
from tc.reports.asked import Asker
from tc.reports.ending import Ending
from tc.reports.page.reasons import outcome_text
from tc.reports.told import age, market_text, text_of

RECOVERED = " (recovered: the venue said so when the run went on after a crash)"

Source = Literal["event", "decision", "market"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a story: where in the stream, its local stamp in nanoseconds since the epoch, whence it is known, and what."""

    position: int
    at_ns: int
    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """What was told, how it ended, in one sentence, and the order keys that it is about."""

    lines: tuple[Line, ...]
    ending: str
    keys: tuple[str, ...]


def merged(
    entries: Iterable[EventStreamEntry], decisions: Iterable[Decision]
) -> Iterator[tuple[EventStreamEntry, Decision | None]]:
    """Yield each entry with the decision of its step; both come in the order of positions."""
    waiting = iter(decisions)
    decision = next(waiting, None)
    for entry in entries:
        last = last_position(entry)
        while decision is not None and decision.position < entry.position:
            decision = next(waiting, None)
        if decision is not None and decision.position <= last:
            yield entry, decision
            decision = next(waiting, None)
        else:
            yield entry, None


def order_story(key: str, steps: Iterable[tuple[EventStreamEntry, Decision | None]], *, mode: str = "on") -> Story | None:
    """Tell everything that happened to the order of a key; None when the stream does not know it. ``mode`` is the gate's."""
    teller = _Teller(key, mode)
    for entry, decision in steps:
        teller.take(entry, decision)
    return teller.story()


def position_story(
    position: int, steps: Iterable[tuple[EventStreamEntry, Decision | None]], *, mode: str
) -> tuple[Story | None, int]:
    """Tell what happened at one position, and all that was decided there; with the last position that was looked at."""
    references: dict[str, MarketObserved] = {}
    instruments: dict[str, str] = {}
    asker = Asker(mode)
    last = 0
    for entry, decision in steps:
        event, last = entry.event, last_position(entry)
        by = asker.take(event)
        if isinstance(event, MarketObserved):
            references[event.instrument_id] = event
        elif isinstance(event, OrderInitialized):
            instruments[event.client_order_id] = event.instrument_id
        if last < position:
            continue
        lines = [Line(position, event.at_ns, "event", text_of(event, by=by))]
        keys = keys_of(event)
        if decision is not None:
            named = {instruments.get(each.key, ""): None for each in decision.outcomes}
            lines += [
                Line(position, decision.at_ns, "market", _reference(references[name], decision.at_ns))
                for name in named
                if name in references
            ]
            lines += [Line(position, decision.at_ns, "decision", outcome_text(each)) for each in decision.outcomes]
            keys = tuple(dict.fromkeys((*keys, *(each.key for each in decision.outcomes if each.key))))
        return Story(tuple(lines), _decided(event, decision, mode), keys), last
    return None, last


def keys_of(event: Event) -> tuple[str, ...]:
    """Return the order keys that an event names."""
    if isinstance(event, SubmitRequested | CancelRequested):
        return event.client_order_ids
    if isinstance(event, SnapshotTaken):
        return tuple(each.terms.client_order_id for each in event.orders)
    if isinstance(event, ControlTimeReached):
        return (event.scope,) if event.reason == "acknowledgement_timeout" else ()
    key = getattr(event, "client_order_id", None)
    return () if key is None else (key,)


class _Teller:
    """Picks out of a stream what one order is about, and remembers what it needs to say why."""

    def __init__(self, key: str, mode: str) -> None:
        self._key = key
        self._asker = Asker(mode)
        self._lines: list[Line] = []
        self._references: dict[str, MarketObserved] = {}
        self._shown: MarketObserved | None = None
        self._instrument = ""
        self._ending = Ending()
        self._is_recovering = False

    def take(self, entry: EventStreamEntry, decision: Decision | None) -> None:
        """Take the next step of the stream."""
        event = entry.event
        by = self._asker.take(event)
        if isinstance(event, MarketObserved):
            self._references[event.instrument_id] = event
        elif isinstance(event, RunResumed | SnapshotTaken):
            self._is_recovering = isinstance(event, RunResumed)
        own = () if decision is None else tuple(each for each in decision.outcomes if each.key == self._key)
        is_own = self._key in keys_of(event)
        if isinstance(event, OrderInitialized) and is_own:
            self._instrument = event.instrument_id
        elif isinstance(event, SnapshotTaken) and is_own:
            self._known(next(each for each in event.orders if each.terms.client_order_id == self._key))
        if is_own or (own and _causes(event)):
            text = f"{text_of(event, by=by)}{RECOVERED if self._is_recovering else ''}"
            self._lines.append(Line(entry.position, event.at_ns, "event", text))
            self._ending.event(event)
        if own and decision is not None:
            self._decided(decision, own)

    def story(self) -> Story | None:
        """Return what was told; None when there was nothing."""
        return Story(tuple(self._lines), self._ending.text(), (self._key,)) if self._lines else None

    def _known(self, order: SnapshotOrder) -> None:
        self._instrument = order.terms.instrument_id
        self._ending.known(order.quantity, order.filled)

    def _decided(self, decision: Decision, outcomes: tuple[Outcome, ...]) -> None:
        reference = self._references.get(self._instrument)
        if reference is not None and reference is not self._shown and any(each.result in _JUDGED for each in outcomes):
            self._shown = reference
            self._lines.append(Line(decision.position, decision.at_ns, "market", _reference(reference, decision.at_ns)))
        for each in outcomes:
            self._lines.append(Line(decision.position, decision.at_ns, "decision", outcome_text(each)))
            self._ending.outcome(each)


_JUDGED = frozenset({"allowed", "denied", "would_deny", "would_send", "would_hold"})


def _causes(event: Event) -> bool:
    """Say whether an event that does not name an order is the reason why something was decided about it."""
    return isinstance(event, ControlTimeReached | KillSwitchChanged)


def _reference(observed: MarketObserved, at_ns: int) -> str:
    return f"the market it was judged by: {market_text(observed)}; its latest datum was {age(at_ns - observed.event_ns)} old"


def _decided(event: Event, decision: Decision | None, mode: str) -> str:
    if decision is not None and decision.outcomes:
        return ""
    if mode == "off":
        return "the run has no gate: nothing is decided in it"
    if isinstance(event, MarketDataRows):
        return "rows of market data: nothing is decided about them"
    return "nothing was decided at this position"
