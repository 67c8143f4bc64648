"""Re-feeding: a recorded stream's inputs go through a fresh Runtime, and what it entered itself must come out again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from tc.core import CoreConfiguration, EventStreamEntry, State, last_position, state_digest
from tc.core.control import next_obligation
from tc.core.decision import Decision
from tc.core.events import (
    CancelRequested,
    ControlTimeReached,
    Event,
    KillSwitchChanged,
    MarketObserved,
    ModifyRequested,
    OrderInitialized,
    RunFailed,
    RunResumed,
    RunStopped,
    StrategyFailed,
    SubmitRequested,
)
from tc.errors import InvariantViolation
from tc.ports import CoreStrategy
from tc.runtime.clock import control_time
from tc.runtime.stream import EventStream
from tc.store.decisions import decision_line

_INTERRUPTED = frozenset({RunFailed, RunResumed, RunStopped})
_canonical = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a re-fed stream parts from the recorded one; None stands for nothing there."""

    position: int
    recorded: Event | None
    derived: Event | None


@dataclass(frozen=True, slots=True)
class Refed:
    """What re-feeding a stream came to.

    Parameters
    ----------
    entries
        How many entries were processed, up to the first difference: behind it nothing can be compared.
    difference
        The first entry that the Runtime would not have entered, or would have entered otherwise; None when there is none.
    violation
        The violation that the last entry is, as it was when it was recorded; else empty.
    state, state_digest
        State after them, and its digest, hex.
    decisions, decision_digest
        How many Decisions were derived, and the SHA-256 over their lines, hex: that of ``decisions.jsonl`` when all is equal.

    """

    entries: int
    difference: Difference | None
    violation: str
    state: State
    state_digest: str
    decisions: int
    decision_digest: str


def refeed(entries: Iterable[EventStreamEntry], *, configuration: CoreConfiguration, strategy: CoreStrategy | None) -> Refed:
    """Feed a recorded stream's inputs to a fresh Runtime that evaluates the strategy, with no engine and no clock of its own.

    What came from outside enters where it was recorded. What the Runtime entered (requests of a Core-native strategy and of
    the flatten, what became of their orders, control time) is derived, and must be what stands in the stream at that position.
    """
    runtime = _Runtime(configuration, strategy)
    number, violation, difference = 0, "", None
    remaining = iter(entries)
    for entry in remaining:
        try:
            difference = runtime.take(entry)
        except InvariantViolation as error:
            violation = error.message
            if next(remaining, None) is not None:  # The recorded stream went on, so it was none there.
                difference = Difference(entry.position, entry.event, None)
        if difference is not None or violation:
            break
        number += 1
    else:
        difference = runtime.left()
    state = runtime.stream.state
    return Refed(number, difference, violation, state, state_digest(state), runtime.decisions, runtime.digest.hexdigest())


class _Runtime:
    """A stream that is fed by hand; nothing it does leaves it."""

    def __init__(self, configuration: CoreConfiguration, strategy: CoreStrategy | None) -> None:
        self.decisions = 0
        self.digest = hashlib.sha256()
        self._configuration = configuration
        self._end = 0
        self.stream = EventStream(
            configuration,
            append=_forget,
            checkpoint=lambda position, digest: None,  # noqa: ARG005 - the end's digest is enough
            checkpoint_every=1 << 62,
            decided=self._decided,
            strategy=strategy,
        )
        self.stream.attach(_Silent())

    def take(self, entry: EventStreamEntry) -> Difference | None:
        """Process an entry, or return in what it differs from what the Runtime enters here."""
        event, stream = entry.event, self.stream
        self._end = last_position(entry)
        if self._configuration.gate is None:
            stream.take_input(event)
            return None
        if stream.own:
            if _canonical(stream.own[0]) == _canonical(event):
                stream.take_own()
                return None
            if type(event) not in _INTERRUPTED:
                return Difference(entry.position, event, stream.own[0])
        elif type(event) is ControlTimeReached:
            due = next_obligation(stream.state, self._configuration)
            derived = None if due is None else control_time(due, event.at_ns)
            if derived != event:
                return Difference(entry.position, event, derived)
        elif self._is_own(event):
            return Difference(entry.position, event, None)
        stream.take_input(event)
        return None

    def left(self) -> Difference | None:
        """Return what the Runtime would have entered behind the stream's end."""
        own, is_running = self.stream.own, self.stream.state.control.run == "running"
        return Difference(self._end + 1, None, own[0]) if own and is_running else None

    def _is_own(self, event: Event) -> bool:
        """Say whether only the Runtime can have entered the event."""
        match event:
            case StrategyFailed():
                return True
            case KillSwitchChanged():
                return event.by == "core"
            case OrderInitialized():
                return event.strategy_id in self.stream.own_strategies
            case CancelRequested() if self.stream.context.kill_switch != "none":
                return False  # A node that stops under the kill switch cancels what a Core-native strategy has left open.
            case ModifyRequested():
                keys: tuple[str, ...] = (event.client_order_id,)
            case SubmitRequested() | CancelRequested():
                keys = event.client_order_ids
            case _:
                keys = ()
        return any(map(self.stream.is_own, keys))

    def _decided(self, decision: Decision) -> None:
        self.decisions += 1
        self.digest.update(decision_line(decision))


class _Silent:
    """An adapter behind which there is nothing: feedback is in the recorded stream, and so is the time."""

    def carry_out(self, decision: Decision) -> None:
        """Send nothing."""

    def set_timer(self, deadline_ns: int) -> None:
        """Set no timer."""

    def clear_timer(self) -> None:
        """Have no timer."""

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:  # noqa: ARG002
        """Have seen nothing."""
        return None


def _forget(*_: object) -> None:
    """Keep nothing."""
