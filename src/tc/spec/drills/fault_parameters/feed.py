"""The parameters of faults of the market data: what the venue's public streams withhold, falsify, or send otherwise."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

StreamKind = Literal["bookTicker", "aggTrade", "depth"]
"""Quotes, trades, and changes of the book."""

_Messages = Annotated[int, Meta(ge=1, le=1_000_000)]


class FreezeMarketData(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All public streams fall silent; the market goes on at the venue, or stands still there, too."""

    what: Annotated[
        Literal["streams", "market"],
        Meta(title="What", description="streams withholds what is sent; market stops the market itself as well."),
    ] = "streams"


class MuteChannel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of public streams falls silent while the others go on."""

    stream: Annotated[StreamKind, Meta(title="Stream", description="The kind of streams that is withheld.")] = "bookTicker"


class SequenceGap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes of the book are lost for good: the next that comes does not follow."""

    count: Annotated[_Messages, Meta(title="Count", description="How many messages with changes of the book are lost.")] = 1


class DuplicateMessages(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages come twice."""

    count: Annotated[_Messages, Meta(title="Count", description="How many of the next messages come twice.")] = 1
    stream: Annotated[StreamKind, Meta(title="Stream", description="The kind of streams that it bites on.")] = "bookTicker"


class OutOfOrder(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages come in pairs, the later one first."""

    count: Annotated[_Messages, Meta(title="Count", description="How many pairs are swapped.")] = 1
    stream: Annotated[
        StreamKind, Meta(title="Stream", description="The kind of streams that it bites on; in depth, a swap is a gap as well.")
    ] = "bookTicker"


class StaleTimestamps(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The stamps of messages lie in the past, while the data itself goes on."""

    ms: Annotated[
        Annotated[int, Meta(ge=1, le=86_400_000)],
        Meta(title="Age", description="By how much, in milliseconds; above 1,000 a node counts it as delayed."),
    ] = 5_000


class CrossedBook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Quotes bid more than is asked."""

    count: Annotated[_Messages, Meta(title="Count", description="How many of the next quotes are crossed.")] = 1


class ZeroBook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Quotes say that nothing is bid: a price and a size of 0, as a venue writes a side that is empty."""

    count: Annotated[_Messages, Meta(title="Count", description="How many of the next quotes have an empty side.")] = 1


class Burst(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages are held back, and then come all at once."""

    count: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)],
        Meta(title="Count", description="How many are held until they are sent; of all public streams together."),
    ] = 50


class QuietMarket(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The market itself stands still: nobody misses a message."""


FEED_PARAMETERS: dict[str, type[Struct]] = {
    "freeze_market_data": FreezeMarketData,
    "mute_channel": MuteChannel,
    "sequence_gap": SequenceGap,
    "duplicate_messages": DuplicateMessages,
    "out_of_order": OutOfOrder,
    "stale_timestamps": StaleTimestamps,
    "crossed_book": CrossedBook,
    "zero_book": ZeroBook,
    "burst": Burst,
    "quiet_market": QuietMarket,
}
"""By the kind of fault; each is the document of the venue's fault port of that name, without `on`."""
