"""The one way an event enters a stream: position, then journal, then fold."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from tc.core import (
    FIRST,
    INITIAL,
    CoreConfiguration,
    EventStreamEntry,
    ProcessingContext,
    ProcessingPosition,
    State,
    process_event_entry,
    state_digest,
)
from tc.core.events import Event, span
from tc.errors import InvariantViolation


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


class Checkpoint(Protocol):
    """Takes the digest of State at a position."""

    def __call__(self, position: int, digest: str) -> None:
        """Keep the digest."""
        ...


class EventStream:
    """A stream being written: each event gets its position, is appended to the journal, and is folded into State.

    Parameters
    ----------
    configuration
        What the stream is processed under.
    append
        Appends an entry to the journal; it is called before the fold and before any effect of the entry.
    checkpoint
        Receives State's digest each time ``checkpoint_every`` entries were processed.
    checkpoint_every
        Entries from one checkpoint to the next.

    """

    def __init__(
        self,
        configuration: CoreConfiguration,
        *,
        append: Callable[[EventStreamEntry], None],
        checkpoint: Checkpoint,
        checkpoint_every: int,
    ) -> None:
        self._configuration = configuration
        self._append = append
        self._checkpoint = checkpoint
        self._checkpoint_every = checkpoint_every
        self._cursor = EventStreamCursor()
        self._until_checkpoint = checkpoint_every
        self._violation: InvariantViolation | None = None
        self._inbox: deque[Event] = deque()
        self._is_stepping = False
        self.state: State = INITIAL

    def emit(self, event: Event) -> None:
        """Take the event into the stream; one that arrives during a step waits its turn.

        Raises
        ------
        InvariantViolation
            The event breaks a rule of the Core. It stays the journal's last entry, and the stream takes no other.

        """
        if self._violation is not None:
            raise self._violation
        inbox = self._inbox
        inbox.append(event)
        if self._is_stepping:
            return
        self._is_stepping = True
        try:
            while inbox:
                self._step(inbox.popleft())
        finally:
            self._is_stepping = False
            inbox.clear()

    def _step(self, event: Event) -> None:
        entry = EventStreamEntry(self._cursor.allocate(event), event)
        self._append(entry)
        try:
            self.state = process_event_entry(self.state, entry, configuration=self._configuration)
        except InvariantViolation as violation:
            self._violation = violation
            raise
        self._until_checkpoint -= 1
        if not self._until_checkpoint:
            self._until_checkpoint = self._checkpoint_every
            self._checkpoint(self.state.position, state_digest(self.state))

    @property
    def is_whole(self) -> bool:
        """Whether every entry that was given a position was folded: not so when something interrupted a step."""
        return self._cursor.next == self.state.position + 1

    @property
    def violation(self) -> InvariantViolation | None:
        """The violation that ended the stream, or None."""
        return self._violation

    @property
    def context(self) -> ProcessingContext:
        """The read-only view of the stream as it stands."""
        return ProcessingContext(self.state, self._configuration)
