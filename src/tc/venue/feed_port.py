"""What the fault port does for the faults of the public streams."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from tc.venue import feed_documents as documents
from tc.venue.feed_faults import Next
from tc.venue.venue import Venue


def mute_channel(venue: Venue, asked: documents.Muted) -> None:
    """Withhold one kind of streams, or no more; a depth stream goes on without a gap afterwards."""
    muted = venue.faults.feed.muted
    (muted.add if asked.on else muted.discard)(asked.stream)


def sequence_gap(venue: Venue, asked: documents.Missed) -> None:
    """Withhold the next changes of the book for good: what comes after them does not follow."""
    venue.faults.feed.withheld_diffs = asked.count


def duplicate_messages(venue: Venue, asked: documents.MissedOf) -> None:
    """Send each of the next messages twice."""
    venue.faults.feed.doubled = Next(asked.count, asked.stream)


def out_of_order(venue: Venue, asked: documents.MissedOf) -> None:
    """Send the next messages in pairs, the later one first."""
    venue.faults.feed.end_swaps(venue.hub)
    venue.faults.feed.swapped = Next(asked.count, asked.stream)


def stale_timestamps(venue: Venue, asked: documents.Aged) -> None:
    """Let the stamps of messages lie in the past, or no more."""
    venue.faults.feed.stale_ms = asked.ms if asked.on else 0


def crossed_book(venue: Venue, asked: documents.Missed) -> None:
    """Let the next quotes bid above what is asked."""
    venue.faults.feed.crossed = asked.count


def zero_book(venue: Venue, asked: documents.Missed) -> None:
    """Let the next quotes say that nothing is bid."""
    venue.faults.feed.emptied = asked.count


def burst(venue: Venue, asked: documents.HeldBack) -> None:
    """Hold so many messages, then send them at once."""
    venue.faults.feed.end_burst(venue.hub, venue.faults.bite)
    venue.faults.feed.burst.size = asked.count


def quiet_market(venue: Venue, asked: documents.Quiet) -> None:
    """Let the market itself stand still, or go on: nobody misses a message."""
    venue.faults.is_frozen = venue.faults.stops_market = asked.on


def let_go(venue: Venue) -> None:
    """Send what is held back of the streams."""
    venue.faults.feed.end_burst(venue.hub, venue.faults.bite)
    venue.faults.feed.end_swaps(venue.hub)


FEED_FAULTS: Mapping[str, tuple[type[Struct], Callable[[Venue, Any], None]]] = {
    "mute_channel": (documents.Muted, mute_channel),
    "sequence_gap": (documents.Missed, sequence_gap),
    "duplicate_messages": (documents.MissedOf, duplicate_messages),
    "out_of_order": (documents.MissedOf, out_of_order),
    "stale_timestamps": (documents.Aged, stale_timestamps),
    "crossed_book": (documents.Missed, crossed_book),
    "zero_book": (documents.Missed, zero_book),
    "burst": (documents.HeldBack, burst),
    "quiet_market": (documents.Quiet, quiet_market),
}
