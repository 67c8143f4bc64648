"""Whether market data still comes, by what a node and its supervisor say: a quiet market is told from a dead channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self

import msgspec

FeedState = Literal["live", "quiet", "silent", "dead", "disconnected"]
"""``live``: messages come, or it is too early to tell. ``quiet``: none comes, and the venue itself, asked beside the feed, has
nothing new either, or the instrument's other channels come and this one need not. ``silent``: none comes, and nobody knows why.
``dead``: none comes although the venue has news. ``disconnected``: none comes, and there is no connection."""

ASK_AFTER_S = 1.0
"""So long is a channel silent before its venue is asked: the first answer is what the next ones are compared with."""

LIVE_S = 2.0
UNKNOWN_AFTER_S = 6.0
"""So long is silence taken for a pause, where nobody has said what it is: to ask twice takes less."""

DELIVERED_WITHIN_S = 0.5
"""So long after the venue was seen to have news may their message be on its way to the node."""

WORD_HOLDS_S = 10.0
"""So long is what the venue said taken for what it would say."""

_MISSED = 10
"""So many words of a node are missed before it is taken for one that says nothing."""

_NS = 1_000_000_000
_TOUCH = frozenset({"QuoteTick", "OrderBookDelta", "OrderBookDeltas", "OrderBookDepth10"})
"""The channels on which a message must come whenever the best prices or their sizes change."""

_ENDING = frozenset({"stopping", "stopped"})


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One channel of an instrument's market data.

    Parameters
    ----------
    instrument_id, channel
        What comes on it: the instrument, and the type of the messages.
    last_ns
        When the last message came; 0 for never.
    messages
        How many came.
    every_s
        How often one is due, where that is known, as of bars; else 0.
    since_ns
        When it was first seen to be subscribed to; 0 where that is not known.

    """

    instrument_id: str
    channel: str
    last_ns: int
    messages: int
    every_s: float = 0.0
    since_ns: int = 0


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the venue said of an instrument's market when it was asked beside the feed, which was silent.

    Parameters
    ----------
    instrument_id
        The instrument.
    asked_ns
        When it was asked last.
    has_moved
        Whether its best prices or their sizes have changed since it was asked first.
    since_ns
        Since when that is known; 0 while it is not so.

    """

    instrument_id: str
    asked_ns: int
    has_moved: bool
    since_ns: int = 0


class Heard(Protocol):
    """What a node says of itself, as far as its market data goes; its heartbeat is one."""

    @property
    def at_ns(self) -> int:
        """When it said so."""

    @property
    def every_s(self) -> float:
        """How often it does."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def channels(self) -> Sequence[Channel]:
        """What it listens to."""

    @property
    def connected(self) -> Mapping[str, bool]:
        """Whether its clients are connected, by `data` and `execution`."""


type Touch = tuple[object, ...]
"""The best prices of a market and their sizes, as its venue says them."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a venue has said of an instrument's market since its channels fell silent.

    Parameters
    ----------
    instrument_id
        The instrument.
    first_ns, first
        When it was asked first, and what it said.
    asked_ns
        When it was asked last.
    since_ns
        When it first said something else; 0 while it has not.

    """

    instrument_id: str
    first_ns: int
    first: Touch
    asked_ns: int
    since_ns: int = 0

    @classmethod
    def begun(cls, instrument_id: str, said: Touch, at_ns: int) -> Self:
        """Return what there is after the first answer."""
        return cls(instrument_id, at_ns, said, at_ns)

    def heard(self, said: Touch, at_ns: int) -> Self:
        """Return what there is after one more answer."""
        since_ns = self.since_ns or (at_ns if said != self.first else 0)
        return replace(self, asked_ns=at_ns, since_ns=since_ns)

    def witness(self) -> Witness | None:
        """Return what that says of the feed; nothing before there are two answers."""
        if self.asked_ns == self.first_ns:
            return None
        return Witness(self.instrument_id, self.asked_ns, has_moved=self.since_ns > 0, since_ns=self.since_ns)


def feed_states(node: Heard, witnesses: Sequence[Witness], *, now_ns: int) -> tuple[tuple[Channel, FeedState], ...]:
    """Return the state of each channel of a node, in its order; none of a node that is ending.

    Parameters
    ----------
    node
        What the node said last. Once it is overdue with the next word, nothing is known of its channels.
    witnesses
        What its supervisor said last of the venue; nothing where it has none.
    now_ns
        The wall clock, in nanoseconds since 1970 UTC.

    """
    if node.state in _ENDING:
        return ()
    if _is_overdue(node, now_ns):
        return tuple((each, "silent") for each in node.channels)
    said = {each.instrument_id: each for each in witnesses}
    coming = {each.instrument_id for each in node.channels if _silent_s(each, now_ns) <= LIVE_S}
    return tuple(
        (each, _state(each, node, said.get(each.instrument_id), do_others_come=each.instrument_id in coming, now_ns=now_ns))
        for each in node.channels
    )


def silences(node: Heard, *, now_ns: int) -> dict[str, int]:
    """Return the instruments whose venue is to be asked, each with when the longest silence on it began.

    These are those of which a channel is silent that tells every change of the best prices; where there is no such channel,
    those of which all are.
    """
    if node.state in _ENDING or _is_overdue(node, now_ns):
        return {}
    found: dict[str, int] = {}
    for instrument_id in dict.fromkeys(each.instrument_id for each in node.channels):
        channels = [each for each in node.channels if each.instrument_id == instrument_id]
        touch = [each for each in channels if each.channel in _TOUCH]
        silent = [each for each in touch or channels if _silent_s(each, now_ns) > ASK_AFTER_S]
        if silent and (touch or len(silent) == len(channels)):
            found[instrument_id] = min(map(_last_ns, silent))
    return found


def _state(channel: Channel, node: Heard, witness: Witness | None, *, do_others_come: bool, now_ns: int) -> FeedState:
    silent_s = _silent_s(channel, now_ns)
    if silent_s <= LIVE_S:
        return "live"
    if not node.connected.get("data", True):
        return "disconnected"
    if do_others_come and channel.channel not in _TOUCH:
        return "quiet"
    if witness is not None and _holds(witness, channel, now_ns):
        if not witness.has_moved:
            return "quiet"
        if channel.channel in _TOUCH and _was_missed(witness, channel, node):
            return "dead"
    return "live" if silent_s <= UNKNOWN_AFTER_S else "silent"


def _holds(witness: Witness, channel: Channel, now_ns: int) -> bool:
    return witness.asked_ns > _last_ns(channel) and now_ns - witness.asked_ns <= WORD_HOLDS_S * _NS


def _was_missed(witness: Witness, channel: Channel, node: Heard) -> bool:
    """Whether the node has spoken since a message of the venue's news must have reached it, and still had none."""
    return _last_ns(channel) < witness.since_ns <= node.at_ns - DELIVERED_WITHIN_S * _NS


def _is_overdue(node: Heard, now_ns: int) -> bool:
    return now_ns - node.at_ns > _MISSED * node.every_s * _NS


def _silent_s(channel: Channel, now_ns: int) -> float:
    """Return for how long nothing has come that was due, in seconds."""
    return (now_ns - _last_ns(channel)) / _NS - channel.every_s


def _last_ns(channel: Channel) -> int:
    return channel.last_ns or channel.since_ns
