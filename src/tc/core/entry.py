"""Positions and entries: the one total order in which Events are processed."""

from typing import NewType

import msgspec

from tc.core.events import Event, span

ProcessingPosition = NewType("ProcessingPosition", int)
"""A place in the Processing Order: from 1, rising by 1, without a gap."""

FIRST = ProcessingPosition(1)


class EventStreamEntry(msgspec.Struct, frozen=True, gc=False):
    """An Event at its position; what storage adds (hashes, wall clock) wraps it and is never seen here.

    An event that refers to several rows holds the positions ``position`` to ``last_position(entry)``.
    """

    position: ProcessingPosition
    event: Event


def last_position(entry: EventStreamEntry) -> ProcessingPosition:
    """Return the last position that the entry holds."""
    return ProcessingPosition(entry.position + span(entry.event) - 1)
