"""Whether market data still comes, by what a node and its supervisor say: a quiet market is told from a dead channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self, get_args

import msgspec

FeedState = Literal["live", "quiet", "silent", "dead", "disconnected"]
"""``live``: messages come, or it is too early to tell. ``quiet``: none comes, and the venue itself, asked beside the feed, has
nothing new either, or the instrument's other channels come and this one need not. ``silent``: none comes, and nobody knows why,
or a bar is overdue although the venue traded. ``dead``: none comes although the venue has news. ``disconnected``: none comes, and
there is no connection."""

Anomaly = Literal["gap", "duplicate", "backwards", "delayed", "crossed", "empty", "malformed"]
"""What can be wrong with a message: it does not follow the one before; is that one again; has an older number or stamp; was a
second longer on its way than the fastest; bids what is asked or more; has a price or a size of zero; cannot be read."""

ANOMALIES: Mapping[str, tuple[Anomaly, ...]] = {
    "QuoteTick": ("duplicate", "backwards", "delayed", "crossed", "empty", "malformed"),
    "TradeTick": ("duplicate", "backwards", "delayed", "malformed"),
    "OrderBookDeltas": ("gap", "duplicate", "backwards", "delayed", "malformed"),
}
"""By channel, what its messages can tell of that."""

type Question = Literal["touch", "trades"]
"""What a venue is asked: for its best prices and their sizes, or for its last trade."""

type Answer = tuple[object, ...]
"""What it says; only whether that is the same as before counts."""

ASK_AFTER_S = 1.0
"""So long is a channel silent before its venue is asked: the first answer is what the next ones are compared with."""

LIVE_S = 2.0
UNKNOWN_AFTER_S = 8.0
"""So long is silence taken for a pause, where nobody has said what it is: to ask twice takes less."""

DELIVERED_WITHIN_S = 0.5
"""So long after the venue was seen to have news may their message be on its way to the node."""

WORD_HOLDS_S = 10.0
"""So long is what the venue said taken for what it would say."""

_MISSED = 10
"""So many words of a node are missed before it is taken for one that says nothing."""

_NS = 1_000_000_000
_QUESTIONS: Mapping[str, Question] = {
    **dict.fromkeys(("QuoteTick", "OrderBookDelta", "OrderBookDeltas", "OrderBookDepth10"), "touch"),
    **dict.fromkeys(("TradeTick", "Bar"), "trades"),
}
"""By channel, what its venue is asked: when the answer changes, a message must come; a bar, within its interval."""

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
    anomalies
        How many messages were wrong, by what was wrong with them; empty where nobody judges them.

    """

    instrument_id: str
    channel: str
    last_ns: int
    messages: int
    every_s: float = 0.0
    since_ns: int = 0
    anomalies: dict[str, int] = {}


def anomalies_of(channel: Channel) -> tuple[tuple[Anomaly, int], ...]:
    """Return how many messages of a channel were wrong, by what was, as far as they are judged; of what is known here only."""
    kinds: tuple[Anomaly, ...] = get_args(Anomaly)
    return tuple((kind, channel.anomalies[kind]) for kind in kinds if kind in channel.anomalies)


class Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the venue said when it was asked beside a channel that is silent.

    Parameters
    ----------
    instrument_id, channel
        The channel.
    first_ns, asked_ns
        When it was asked first, and when it was asked last. A message that came since the first time makes it worthless.
    has_moved
        Whether it has said something else since: its best prices or their sizes changed, or for trades and bars, it traded.
    since_ns
        Since when that is known; 0 while it is not so.

    """

    instrument_id: str
    channel: str
    first_ns: int
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


@dataclass(frozen=True, slots=True)
class Silence:
    """A channel that is silent, what its venue is asked meanwhile, and when its last message came."""

    instrument_id: str
    channel: str
    question: Question
    since_ns: int


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a venue has said since a channel fell silent.

    Parameters
    ----------
    first_ns, first
        When it was asked first, before it could answer, and what it said.
    asked_ns
        When it was asked last; the same as at first while there is one answer only.
    since_ns
        When it had first said something else; 0 while it has not.

    """

    first_ns: int
    first: Answer
    asked_ns: int
    since_ns: int = 0

    @classmethod
    def begun(cls, said: Answer, asked_ns: int) -> Self:
        """Return what there is after the first answer."""
        return cls(asked_ns, said, asked_ns)

    def heard(self, said: Answer, asked_ns: int, answered_ns: int) -> Self:
        """Return what there is after one more answer."""
        since_ns = self.since_ns or (answered_ns if said != self.first else 0)
        return replace(self, asked_ns=asked_ns, since_ns=since_ns)

    def witness(self, instrument_id: str, channel: str) -> Witness | None:
        """Return what that says of a channel; nothing before there are two answers."""
        if self.asked_ns == self.first_ns:
            return None
        return Witness(instrument_id, channel, self.first_ns, self.asked_ns, has_moved=self.since_ns > 0, since_ns=self.since_ns)


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
    said = {(each.instrument_id, each.channel): each for each in witnesses}
    coming = {each.instrument_id for each in node.channels if _silent_s(each, now_ns) <= LIVE_S}
    return tuple(
        (each, _state(each, node, said.get(_key(each)), do_others_come=each.instrument_id in coming, now_ns=now_ns))
        for each in node.channels
    )


def silences(node: Heard, *, now_ns: int) -> tuple[Silence, ...]:
    """Return the silences beside which a venue is to be asked, in the order of the node's channels."""
    if node.state in _ENDING or _is_overdue(node, now_ns):
        return ()
    asked = ((each, _question(each)) for each in node.channels if _silent_s(each, now_ns) > ASK_AFTER_S)
    return tuple(Silence(*_key(each), question, _last_ns(each)) for each, question in asked if question is not None)


def _state(channel: Channel, node: Heard, witness: Witness | None, *, do_others_come: bool, now_ns: int) -> FeedState:
    silent_s = _silent_s(channel, now_ns)
    if silent_s <= LIVE_S:
        return "live"
    if not node.connected.get("data", True):
        return "disconnected"
    said = witness if witness is not None and _holds(witness, channel, now_ns) else None
    if said is not None and said.has_moved and _was_missed(said, channel, node):
        return "silent" if channel.channel == "Bar" else "dead"
    if do_others_come and _question(channel) != "touch":
        return "quiet"
    if said is not None:
        return "live" if said.has_moved else "quiet"
    return "live" if silent_s <= UNKNOWN_AFTER_S else "silent"


def _question(channel: Channel) -> Question | None:
    """Return what tells whether a message is due; nothing does of a bar that has no fixed interval."""
    return _QUESTIONS.get(channel.channel) if channel.channel != "Bar" or channel.every_s else None


def _holds(witness: Witness, channel: Channel, now_ns: int) -> bool:
    """Whether all of it was said in the silence that lasts, and not too long ago."""
    return witness.first_ns > _last_ns(channel) and now_ns - witness.asked_ns <= WORD_HOLDS_S * _NS


def _was_missed(witness: Witness, channel: Channel, node: Heard) -> bool:
    """Whether the node has spoken since a message of the venue's news must have reached it: it still had none."""
    return witness.since_ns <= node.at_ns - (channel.every_s + DELIVERED_WITHIN_S) * _NS


def _is_overdue(node: Heard, now_ns: int) -> bool:
    return now_ns - node.at_ns > _MISSED * node.every_s * _NS


def _silent_s(channel: Channel, now_ns: int) -> float:
    """Return for how long nothing has come that was due, in seconds."""
    return (now_ns - _last_ns(channel)) / _NS - channel.every_s


def _key(channel: Channel) -> tuple[str, str]:
    return channel.instrument_id, channel.channel


def _last_ns(channel: Channel) -> int:
    return channel.last_ns or channel.since_ns
