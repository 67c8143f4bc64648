"""EventStreamCursor: the one thing that allocates positions."""

from tc.core import FIRST, ProcessingPosition
from tc.core.events import Event, span


class EventStreamCursor:
    """Allocates the positions of one stream, from 1 without a gap; nothing else does."""

    __slots__ = ("_next",)

    def __init__(self, first: ProcessingPosition = FIRST) -> None:
        self._next: int = first

    @property
    def next(self) -> ProcessingPosition:
        """The position that the next event gets."""
        return ProcessingPosition(self._next)

    def allocate(self, event: Event) -> ProcessingPosition:
        """Return the event's position and move past every position that it holds."""
        position = self._next
        self._next = position + span(event)
        return ProcessingPosition(position)
