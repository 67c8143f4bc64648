"""What a journal says while a source is asked: the source may have been read at any moment of it."""

from tc.checks.reconcile.holdings import AMOUNTS, Held, Kind, Name, Said
from tc.core.events import AccountUpdated, Event, OrderFilled, PositionChanged, PositionClosed, PositionOpened

_OF_FILLS = frozenset({OrderFilled, PositionChanged, PositionClosed, PositionOpened})


class Hearing:
    """Keeps every value that is said of what changes, and since when it held by the venue's clock.

    Between ``first_ns`` and ``last_ns``, by that clock, the source was read: what came later is not kept, and of amounts what had
    been superseded before is none.
    """

    def __init__(self) -> None:
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self._values: dict[Kind, dict[Name, list[tuple[Held | None, int | None]]]] = {}
        self._at_ns: int | None = None
        self._is_over = False

    def begin(self, event: Event) -> None:
        """Take the time of the next event, before what it says."""
        self._at_ns = _venue_ns(event)
        if self.last_ns is not None and self._at_ns is not None and self._at_ns > self.last_ns:
            self._is_over = True

    def note(self, kind: Kind, name: Name, before: Held | None, after: Held | None) -> None:
        """Take what was said of something before, and what is said now. Once it is over, what was said before is kept alone."""
        if before == after:
            return
        values = self._values.setdefault(kind, {}).setdefault(name, [(before, None)])
        if not self._is_over:
            values.append((after, self._at_ns))

    @property
    def said(self) -> Said:
        """All that was said of what changed, in order; first what had been said before."""
        return {kind: {name: self._held(kind, values) for name, values in each.items()} for kind, each in self._values.items()}

    def _held(self, kind: Kind, values: list[tuple[Held | None, int | None]]) -> list[Held | None]:
        first = 0
        if self.first_ns is not None and kind in AMOUNTS:
            ends = [number for number, (_, at_ns) in enumerate(values) if at_ns is not None and at_ns <= self.first_ns]
            first = max(ends, default=0)
        return [value for value, _ in values[first:]]


def _venue_ns(event: Event) -> int | None:
    """Return when it was by the venue's clock; None where the time is the node's own."""
    if type(event) is AccountUpdated:
        return event.event_ns if event.reported else None
    return event.event_ns if type(event) in _OF_FILLS else None  # type: ignore[union-attr]  # each in the set has it
