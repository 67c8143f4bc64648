"""What an engine and the Runtime are to each other: the way into the Event Stream, and who carries out what it decides."""

from collections.abc import Sequence
from typing import Protocol

from tc.core import ProcessingContext
from tc.core.decision import Decision, Outcome
from tc.core.events import Event, MarketObserved
from tc.core.intents import Intent


class DispatchError(Exception):
    """Commands that a decision sent never left for the venue; the others of the decision did.

    Parameters
    ----------
    unsent
        The ``sent`` outcomes that failed.
    reason
        Why, in words that are the same in every run.

    """

    def __init__(self, unsent: Sequence[Outcome], reason: str) -> None:
        super().__init__(reason)
        self.unsent = tuple(unsent)
        self.reason = reason


class ExecutionAdapter(Protocol):
    """What an engine behind a gate offers the Runtime: the only thing that sends, and the engine's one timer.

    Feedback may be emitted while a method runs: it waits its turn in the stream.
    """

    def carry_out(self, decision: Decision) -> None:
        """Send what the decision sent, in its order, and tell the engine what became of the rest.

        What a gate that only observes would have done is for the record: what came through the engine has gone its way already,
        and what a Core-native strategy asked for (there is no other way for it) is sent whatever the outcome.

        Raises
        ------
        DispatchError
            Some of it never left; what could be sent was sent.

        """
        ...

    def set_timer(self, deadline_ns: int) -> None:
        """Call `Stream.reach` at the deadline, after everything else of that stamp; replaces the timer that was set before.

        A deadline that is now or past rings at the end of the present stamp.
        """
        ...

    def clear_timer(self) -> None:
        """Call nothing any more."""
        ...

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:
        """Return the latest that was seen of an instrument's market, or None when nothing was."""
        ...


class Stream(Protocol):
    """What an engine is given to run with: the way into the Event Stream, and back out of it."""

    @property
    def context(self) -> ProcessingContext:
        """The read-only view of the stream as it stands."""
        ...

    @property
    def is_waiting(self) -> bool:
        """Whether the next feedback may lead to a decision or belongs to a step under way, so that it is taken in at once."""
        ...

    def emit(self, event: Event) -> None:
        """Take an event into the stream, in the order of the calls; one that arrives during a step waits its turn."""
        ...

    def is_own(self, key: str) -> bool:
        """Whether the order of a key is one that the Runtime asked for: for a Core-native strategy, or to flatten."""
        ...

    def attach(self, adapter: ExecutionAdapter) -> None:
        """Say who carries decisions out; nothing is sent before."""
        ...

    def is_due(self, now_ns: int) -> bool:
        """Say whether a deadline has come by now; a timer may ring for one that is gone."""
        ...

    def reach(self, now_ns: int) -> None:
        """Realise every deadline up to now: the engine's timer rang."""
        ...


class CoreStrategy(Protocol):
    """A strategy that is a pure function of what may be read of the stream."""

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        """Return what is asked for now: zero or more Intents."""
        ...
