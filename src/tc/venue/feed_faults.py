"""Faults of the public streams: what is withheld, sent twice, swapped, falsified or sent in a burst, on its way to who listens.

They bite on messages only: the market itself, and what requests are told of it, stay as they are.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from tc.venue.hub import Hub

QUOTES, TRADES, DEPTH = "bookTicker", "aggTrade", "depth"
_MARK_PRICE = "markPriceUpdate"

type Bite = Callable[[str], None]
type _Message = tuple[str, bytes]


@dataclass(slots=True)
class Next:
    """How many of the next messages of a kind of streams a fault still bites on."""

    remaining: int = 0
    kind: str = QUOTES

    def bites(self, kind: str) -> bool:
        """Tell whether it bites on a message, and count it off."""
        if self.remaining <= 0 or kind != self.kind:
            return False
        self.remaining -= 1
        return True


@dataclass(slots=True)
class Burst:
    """How many messages are held until they are sent all at once, and those that are held so far."""

    size: int = 0
    held: deque[_Message] = field(default_factory=deque)


@dataclass(slots=True)
class FeedFaults:
    """What of the public streams is broken now; at first nothing."""

    muted: set[str] = field(default_factory=set)
    withheld_diffs: int = 0
    crossed: int = 0
    emptied: int = 0
    stale_ms: int = 0
    doubled: Next = field(default_factory=Next)
    swapped: Next = field(default_factory=Next)
    first_of_pair: dict[str, bytes] = field(default_factory=dict)
    """By stream, the message that is sent after the next one."""
    burst: Burst = field(default_factory=Burst)

    def publish(self, hub: Hub, stream: str, payload: bytes, bite: Bite) -> bool:
        """Send a message to who listens, as the faults let it; tell whether it counts as sent: not on a muted channel."""
        kind = kind_of(stream)
        if kind in self.muted:
            bite("mute_channel")
            return False
        if self.withheld_diffs and kind == DEPTH and not _is_partial(stream):
            self.withheld_diffs -= 1
            bite("sequence_gap")
            return True
        message = stream, self._falsified(kind, payload, bite)
        if not self.burst.size:
            self._send(hub, message, bite)
            return True
        self.burst.held.append(message)
        if len(self.burst.held) >= self.burst.size:
            self.end_burst(hub, bite)
        return True

    def end_burst(self, hub: Hub, bite: Bite) -> None:
        """Send at once what a burst holds, and hold nothing more."""
        held, self.burst = self.burst.held, Burst()
        for message in held:
            if hub.has(message[0]):
                bite("burst")
                self._send(hub, message, bite)

    def end_swaps(self, hub: Hub) -> None:
        """Send what waits for the next one of its stream, and swap nothing more."""
        self.swapped = Next()
        waiting, self.first_of_pair = self.first_of_pair, {}
        for stream, payload in waiting.items():
            hub.publish(stream, payload)

    def waiting(self) -> dict[str, int]:
        """Return how many messages each fault still bites on."""
        return {
            "sequence_gap": self.withheld_diffs,
            "duplicate_messages": self.doubled.remaining,
            "out_of_order": self.swapped.remaining,
            "crossed_book": self.crossed,
            "zero_book": self.emptied,
            "burst": self.burst.size,
        }

    def lasting(self) -> dict[str, object]:
        """Return what lasts until it is taken back."""
        return {"muted": sorted(self.muted), "stale_ms": self.stale_ms, "held": len(self.burst.held) + len(self.first_of_pair)}

    def _falsified(self, kind: str, payload: bytes, bite: Bite) -> bytes:
        if self.crossed and kind == QUOTES:
            self.crossed -= 1
            bite("crossed_book")
            payload = _changed(payload, _cross)
        elif self.emptied and kind == QUOTES:
            self.emptied -= 1
            bite("zero_book")
            payload = _changed(payload, _empty)
        if self.stale_ms:
            bite("stale_timestamps")
            payload = _changed(payload, lambda message: _age(message, self.stale_ms))
        return payload

    def _send(self, hub: Hub, message: _Message, bite: Bite) -> None:
        stream, payload = message
        kind, first = kind_of(stream), self.first_of_pair.pop(stream, None)
        if first is not None:
            bite("out_of_order")
            hub.publish(stream, payload)
            hub.publish(stream, first)
        elif self.swapped.bites(kind):
            self.first_of_pair[stream] = payload
        else:
            hub.publish(stream, payload)
            if self.doubled.bites(kind):
                bite("duplicate_messages")
                hub.publish(stream, payload)


def kind_of(stream: str) -> str:
    """Return what kind of stream one is: every depth stream is `depth`, and any other what stands behind its symbol."""
    kind = stream.partition("@")[2]
    return DEPTH if kind.startswith(DEPTH) else kind


def _is_partial(stream: str) -> bool:
    """Whether a depth stream tells the best levels, each time anew."""
    return stream.partition("@depth")[2][:1].isdigit()


def _changed(payload: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    message: dict[str, Any] = msgspec.json.decode(payload)
    change(message)
    return msgspec.json.encode(message)


def _cross(message: dict[str, Any]) -> None:
    message["b"], message["a"] = message["a"], message["b"]


def _empty(message: dict[str, Any]) -> None:
    """Leave nothing of the bid, as Binance writes a side on which there is nothing."""
    for name in ("b", "B"):
        message[name] = f"{Decimal(message[name]) * 0:f}"


def _age(message: dict[str, Any], by_ms: int) -> None:
    message["E"] -= by_ms
    if "T" in message and message["e"] != _MARK_PRICE:  # That one is the time of the next funding.
        message["T"] -= by_ms
