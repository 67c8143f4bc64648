"""How the stream of a crashed run goes on: what it begins with, what its venue is asked on the way, and what time it has left."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from tc.core import EventStreamEntry, State
from tc.core.events import Event, KillSwitchChanged, RunResumed, SnapshotTaken
from tc.errors import EngineError, UnreachableError
from tc.flows.paper.node import Playing
from tc.flows.recording.record import Recording
from tc.ports import NodeState, OnStop
from tc.runtime.stream import EventStream

_REASON = "the process before it ended without ending the run"


class Venue(Protocol):
    """What says, over a signed line of our own, what became of a run's orders at its venue."""

    def take(self, entry: EventStreamEntry) -> None:
        """Take note of the stream's next entry; it is shown all of them, each before it is processed or as it is read."""
        ...

    def caught_up(self, state: State, *, is_last_word: bool) -> Sequence[Event]:
        """Return what State does not know of what the venue says; UnreachableError when the venue cannot be asked."""
        ...

    def settle(self, on_stop: OnStop) -> None:
        """Cancel, or cancel and close, what the account has there; UnreachableError when the venue cannot be asked."""
        ...


class GoingOn:
    """How a stream goes on: what it begins with, and what is asked of the venue on the way."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._stream: EventStream | None = None
        self._has_traded = False
        self._traded = _TradingTime()
        self.segment = 0
        self.on_stop: OnStop = "leave"

    def take(self, entry: EventStreamEntry) -> None:
        """Take note of the stream's next entry."""
        self._venue.take(entry)
        self._traded.take(entry.event)

    def left_of(self, planned_ns: int | None) -> int | None:
        """Return what is left of the time that the run is to trade, after what the entries so far say that it had."""
        return None if planned_ns is None else max(0, planned_ns - self._traded.total_ns)

    def begin(self, stream: EventStream) -> None:
        """Enter that the run goes on, and what became of its orders; the venue is asked first, so that nothing is half done."""
        self._stream = stream
        missed = self._venue.caught_up(stream.state, is_last_word=True)
        stream.emit(RunResumed(time.time_ns(), self.segment, _REASON))
        for event in missed:
            stream.emit(event)

    def blocked(self, stream: EventStream) -> None:
        """Do with orders and positions what the run's ``on_stop`` says, and enter what became of them; else they are left."""
        if self.on_stop == "leave":
            return
        with suppress(UnreachableError):
            self._venue.settle(self.on_stop)
            for event in self._venue.caught_up(stream.state, is_last_word=True):
                stream.emit(event)

    def catch_up(self) -> Sequence[Event]:
        """Return what became of the orders since; and the kill switch, which whoever goes on with a run has found clear."""
        if self._stream is None:
            raise AssertionError("a node asked before its stream began")
        missed = self._venue.caught_up(self._stream.state, is_last_word=False)
        if self._stream.context.kill_switch == "none":
            return missed
        return (*missed, KillSwitchChanged(time.time_ns(), "none", "operator", "the run was resumed, and no switch is active"))

    def noting(self, on_state: Callable[[NodeState], None]) -> Callable[[NodeState], None]:
        """Return what passes a state on, and notes that the node traded."""

        def at(state: NodeState) -> None:
            self._has_traded = self._has_traded or state == "trading"
            on_state(state)

        return at

    def guarded(self, play: Playing) -> Callable[[Recording, EventStream], None]:
        """Return the playing of a node that ends the run only if it traded: else it can be tried again."""

        def playing(recording: Recording, stream: EventStream) -> None:
            try:
                play(recording, stream)
            except EngineError as error:
                if self._has_traded or stream.violation is not None:
                    raise
                hint = f"{error.hint} Then resume it again."
                raise UnreachableError(f"the run does not go on: {error.message}", hint=hint) from error

        return playing

    @property
    def left(self) -> tuple[str, ...]:
        """What is open or held, in words."""
        if self._stream is None:
            return ()
        context = self._stream.context
        orders = (f"order {each.terms.client_order_id} is open" for each in context.open_orders())
        positions = (f"{each.signed_quantity} {each.instrument_id} is held" for each in context.positions())
        return (*orders, *positions)


class _TradingTime:
    """Adds up how long a run has traded: in each segment, from the snapshot that trading begins with to the last stamp."""

    def __init__(self) -> None:
        self._total_ns = 0
        self._began_ns: int | None = None
        self._last_ns = 0

    @property
    def total_ns(self) -> int:
        """All of it so far, in nanoseconds."""
        return self._total_ns + (0 if self._began_ns is None else self._last_ns - self._began_ns)

    def take(self, event: Event) -> None:
        """Take the next event; a clock that was set back takes nothing away."""
        match event:
            case RunResumed():
                self._total_ns, self._began_ns = self.total_ns, None
            case SnapshotTaken() if self._began_ns is None:
                self._began_ns = self._last_ns = event.at_ns
            case _:
                self._last_ns = max(self._last_ns, event.at_ns)
