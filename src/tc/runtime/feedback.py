"""ExecutionFeedbackRecordSource: how what a venue answered, record by record, becomes execution Events of the stream."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from tc.core.events import ControlTimeReached, Event, RunCompleted, RunFailed, RunResumed, RunStarted, RunStopped, StrategyFailed
from tc.errors import EngineError

RUNTIMES_OWN = frozenset({ControlTimeReached, StrategyFailed, RunStarted, RunResumed, RunCompleted, RunStopped, RunFailed})
"""What only the Runtime, or the flow that runs it, puts into a stream."""


class ExecutionFeedbackRecordSource[Record](Protocol):
    """The adapter's side of feedback: the venue's responses, each a record, never a difference between two snapshots.

    A fill that the venue does not report by itself, but that had to be guessed, says so (``source="compat"``).
    """

    def records(self) -> Iterator[Record]:
        """Take out, one by one in the order of arrival, the records that wait; what is not iterated waits on."""
        ...

    def events(self, record: Record) -> Iterable[Event]:
        """Return what one record says, as Events: none, one, or several; market data taken up before it may stand in front."""
        ...


def take_in[Record](source: ExecutionFeedbackRecordSource[Record], emit: Callable[[Event], None]) -> int:
    """Emit what the waiting records say, each record's Events before the next record is taken; return how many Events.

    Raises
    ------
    EngineError
        The source gave an event that is the Runtime's alone.
    InvariantViolation
        As the stream that takes the events raises it.

    """
    taken = 0
    for record in source.records():
        for event in source.events(record):
            if type(event) in RUNTIMES_OWN:
                raise EngineError(
                    f"an adapter gave {type(event).__name__} as feedback of the venue",
                    hint="This is a bug of the adapter: that event is the Runtime's alone.",
                )
            emit(event)
            taken += 1
    return taken
