"""What every event is: an immutable, tagged fact with the local stamp at which it was received."""

import msgspec


class Fact(msgspec.Struct, frozen=True, tag=True, tag_field="type", omit_defaults=True, gc=False):
    """An Event. ``at_ns`` is the local stamp, in nanoseconds since the epoch; it alone feeds stream time."""

    at_ns: int


class EngineFact(Fact, frozen=True):
    """A fact with a time of its own: ``event_ns`` is when it happened, in nanoseconds since the epoch, by its source's clock."""

    event_ns: int
