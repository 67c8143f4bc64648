"""The documents of the faults of the public streams."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

type Count = Annotated[int, Meta(ge=0, le=1_000_000)]
type Held = Annotated[int, Meta(ge=0, le=10_000)]
type Milliseconds = Annotated[int, Meta(ge=1, le=86_400_000)]
type StreamKind = Literal["bookTicker", "aggTrade", "depth"]


class Muted(Struct, forbid_unknown_fields=True):
    """Which kind of streams is silent while the others go on."""

    on: bool = True
    stream: StreamKind = "bookTicker"


class Missed(Struct, forbid_unknown_fields=True):
    """How many of the next messages it bites on; 0 takes back what is left."""

    count: Count = 1


class MissedOf(Struct, forbid_unknown_fields=True):
    """How many of the next messages of a kind of streams it bites on; 0 takes back what is left."""

    count: Count = 1
    stream: StreamKind = "bookTicker"


class Aged(Struct, forbid_unknown_fields=True):
    """By how much the stamps of messages lie in the past."""

    on: bool = True
    ms: Milliseconds = 5_000


class HeldBack(Struct, forbid_unknown_fields=True):
    """How many messages are held and then sent at once; 0 sends what is held."""

    count: Held = 50


class Quiet(Struct, forbid_unknown_fields=True):
    """Whether the market stands still."""

    on: bool = True
