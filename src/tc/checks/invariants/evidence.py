"""What the invariants are held against: a run's journal, folded once, and its venue's own log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from tc.checks.after_halt import AfterHalt
from tc.checks.invariants.reducing import Reducing, ReducingTimes
from tc.checks.invariants.venue_log import VenueLog
from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, State, process_event_entry
from tc.core.events import (
    Event,
    KillSwitchAdvanced,
    KillSwitchChanged,
    OrderFilled,
    RunCompleted,
    RunStopped,
)
from tc.core.reserved import FLATTEN_PREFIX
from tc.core.state import slots
from tc.core.state.exact import ZERO, add
from tc.core.state.model import FINAL
from tc.core.state.orders import find
from tc.errors import InvariantViolation

OUTSIDE_PREFIXES = ("TCK-", "TCF-")
"""How the keys of orders begin that tc itself places from outside of a node, to flatten an account."""

IN_FLIGHT_WITHIN_S = Decimal(30)
"""So long may the venue's answer to a command take, the time in which it cannot be reached included."""

_OPENS = frozenset({"none", "reduce"})
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A command that the venue did not answer in time: the order's key, and how long it waited; None: it waits at the end."""

    key: str
    waited_ns: int | None


@dataclass(slots=True)
class Folded:
    """What the fold of a journal shows on its way.

    Parameters
    ----------
    state
        After the last entry that the Core takes.
    refusal
        Why it does not take the next one; empty where it takes all.
    after_halt
        Keys of the orders that were sent although the run was halted.
    reducing
        The times at which the kill switch was at ``reduce``.
    unanswered
        Commands that were not answered in time.
    largest
        The largest position of each instrument, without its sign.

    """

    state: State = INITIAL
    refusal: str = ""
    after_halt: tuple[str, ...] = ()
    reducing: tuple[Reducing, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    largest: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a run and its venue have left.

    Parameters
    ----------
    entries
        The journal's entries, up to its first damage.
    damage
        What is wrong with a line of it; empty where every line is as it was written, but for a last one that a crash tore.
    configuration
        Under which the journal is folded.
    venue
        The venue's own log; None where it could not be read.
    foreign
        Keys of the orders that a fault placed at the venue.
    missed
        Ids of the trades that the run's own comparisons with its venue found missing from the journal, where that is what must
        come of the fault.
    in_flight_within_s
        How long the answer to a command may take.

    """

    entries: Sequence[EventStreamEntry]
    damage: str
    configuration: CoreConfiguration
    venue: VenueLog | None
    foreign: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()
    in_flight_within_s: Decimal = IN_FLIGHT_WITHIN_S

    @cached_property
    def folded(self) -> Folded:
        """The journal's fold."""
        within_ns = int(self.in_flight_within_s * _NS)
        return _fold(self.entries, self.configuration, within_ns, ends_in_order=self.ends_in_order)

    @cached_property
    def fills(self) -> tuple[OrderFilled, ...]:
        """The journal's fills, in order."""
        return tuple(entry.event for entry in self.entries if isinstance(entry.event, OrderFilled))

    @property
    def ends_ns(self) -> int:
        """When the journal ends; what the venue did later cannot be in it."""
        return self.entries[-1].event.at_ns if self.entries else 0

    @cached_property
    def ends_in_order(self) -> bool:
        """Whether the run took its time to end: it neither crashed nor was ended by the kill switch."""
        mode = "none"
        for entry in self.entries:
            if isinstance(entry.event, KillSwitchChanged):
                mode = entry.event.mode
        last = self.entries[-1].event if self.entries else None
        return mode == "none" and isinstance(last, RunStopped | RunCompleted)

    @property
    def halted(self) -> tuple[tuple[int, int | None], ...]:
        """From when to when the run was halted for certain: nothing of it was under way to the venue; None: to the end."""
        return tuple(_halted(entry.event for entry in self.entries))

    def is_the_runs(self, key: str) -> bool:
        """Say whether an order at the venue is one of the run's own, and no fault's and none of a flatten from outside."""
        return bool(key) and key not in self.foreign and not key.startswith(OUTSIDE_PREFIXES)

    def may_pass_a_halt(self, key: str) -> bool:
        """Say whether an order may be accepted although the run is halted."""
        return key in self.foreign or key.startswith((FLATTEN_PREFIX, *OUTSIDE_PREFIXES))


def _halted(events: Iterable[Event]) -> Iterable[tuple[int, int | None]]:
    since_ns: int | None = None
    for event in events:
        match event:
            case KillSwitchAdvanced(step="halted") if since_ns is None:
                since_ns = event.at_ns
            case KillSwitchChanged() if event.mode in _OPENS and since_ns is not None:
                yield since_ns, event.at_ns
                since_ns = None
            case _:
                pass
    if since_ns is not None:
        yield since_ns, None


def _fold(
    entries: Sequence[EventStreamEntry], configuration: CoreConfiguration, within_ns: int, *, ends_in_order: bool
) -> Folded:
    folded, after_halt, answers = Folded(), AfterHalt(), _Answers(within_ns)
    reducing = ReducingTimes(is_gated=configuration.gate is not None and configuration.gate.mode == "on")
    for entry in entries:
        before, event = folded.state, entry.event
        try:
            folded.state = process_event_entry(before, entry, configuration=configuration)
        except InvariantViolation as error:
            folded.refusal = error.message
            break
        after_halt.take(event, before, folded.state)
        reducing.take(event, before, folded.state)
        answers.take(event, folded.state)
        if before.execution.holdings is not folded.state.execution.holdings:
            _measure(folded)
    folded.after_halt = tuple(after_halt.sent)
    folded.reducing = reducing.all_of_them()
    folded.unanswered = answers.all_of_them(entries[-1].event if entries else None, ends_in_order=ends_in_order)
    return folded


def _measure(folded: Folded) -> None:
    sums: dict[str, Decimal] = {}
    for _, position in slots.items(folded.state.execution.holdings.positions):
        sums[position.instrument_id] = add(sums.get(position.instrument_id, ZERO), position.signed_quantity)
    for instrument_id, quantity in sums.items():
        folded.largest[instrument_id] = max(folded.largest.get(instrument_id, ZERO), quantity.copy_abs())


class _Answers:
    """Follows each order: whether a command of it waits for the venue's answer, and since when."""

    def __init__(self, within_ns: int) -> None:
        self._within_ns = within_ns
        self._since: dict[str, tuple[str, int]] = {}
        self._late: list[Unanswered] = []

    def take(self, event: Event, state: State) -> None:
        """Take an event, and the State after it."""
        key = getattr(event, "client_order_id", None)
        if key is None:
            return
        order = find(state.execution.orders, key)
        waits_for = ""
        if order is not None and order.status not in FINAL:
            waits_for = order.status if order.status == "SUBMITTED" else order.pending
        known = self._since.get(key)
        if known is not None and known[0] != waits_for:
            del self._since[key]
            if event.at_ns - known[1] > self._within_ns:
                self._late.append(Unanswered(key, event.at_ns - known[1]))
        if waits_for:
            self._since.setdefault(key, (waits_for, event.at_ns))

    def all_of_them(self, last: Event | None, *, ends_in_order: bool) -> tuple[Unanswered, ...]:
        """Return them; what a crash or a kill cut short had no time to be answered, a run that ends in order waits for it."""
        ends_ns = 0 if last is None else last.at_ns
        left = (key for key, (_, since_ns) in self._since.items() if ends_in_order or ends_ns - since_ns > self._within_ns)
        return (*self._late, *(Unanswered(key, None) for key in left))
