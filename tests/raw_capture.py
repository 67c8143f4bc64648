"""Captures of Binance's messages, made up from a book that is known at every update id, for tests of the data room."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from market_csv import write_csv

START_MS = 1_723_161_256_000
LOCAL_NS = START_MS * 10**6 + 5_000_000

type Changes = Sequence[tuple[str, int, int]]


def ticks(price: int) -> str:
    """Write a price in tenths."""
    return f"{price // 10}.{price % 10}0"


def lots(size: int) -> str:
    """Write a size in thousandths."""
    return f"{size // 1_000}.{size % 1_000:03d}"


def line(number: int, message: object) -> str:
    """Return a line of a capture, a millisecond after the one before."""
    return f"{LOCAL_NS + number * 1_000_000} {json.dumps(message, separators=(',', ':'))}"


def trade(number: int, *, event: str = "trade", price: str = "61800.30", size: str = "0.006", **other: object) -> str:
    """Return a line with a trade."""
    identifier = "t" if event == "trade" else "a"
    at_ms = START_MS + number
    data = {"e": event, "E": at_ms, "T": at_ms, "s": "BTCUSDT", identifier: 7_000 + number, "p": price, "q": size, "m": False}
    return line(number, {"stream": f"btcusdt@{event}", "data": data | other})


def ticker(number: int) -> str:
    """Return a line with best bid and ask, as the spot venue sends it."""
    data = {"u": 1, "s": "BTCUSDT", "b": "61800.20", "B": "2.507", "a": "61800.30", "A": "2.510"}
    return line(number, {"stream": "btcusdt@bookTicker", "data": data})


@dataclass
class Exchange:
    """A venue with a book; each change of a level has an update id."""

    is_futures: bool = True
    last_id: int = 1_000
    final_id: int = 1_000
    changed_ms: int = START_MS
    bids: dict[int, int] = field(default_factory=lambda: {618_002: 2_507, 618_001: 696})
    asks: dict[int, int] = field(default_factory=lambda: {618_003: 2_510, 618_004: 40})

    def diff(self, number: int, changes: Changes, **other: object) -> str:
        """Change levels and return the line that says so."""
        first, before = self.last_id + 1, self.final_id
        for side, price, size in changes:
            levels = self.bids if side == "b" else self.asks
            levels[price] = size
            if not size:
                del levels[price]
        self.last_id += max(1, len(changes))
        self.final_id = self.last_id
        at_ms = self.changed_ms = START_MS + number
        data: dict[str, object] = {"e": "depthUpdate", "E": at_ms, "s": "BTCUSDT", "U": first, "u": self.last_id}
        if self.is_futures:
            data |= {"T": at_ms, "pu": before}
        for name in ("b", "a"):
            data[name] = [[ticks(price), lots(size)] for side, price, size in changes if side == name]
        return line(number, {"stream": "btcusdt@depth@100ms", "data": data | other})

    def snapshot(self, number: int, **other: object) -> str:
        """Return the line with the whole book."""
        message: dict[str, object] = {"lastUpdateId": self.last_id}
        if self.is_futures:
            message |= {"E": START_MS + number, "T": self.changed_ms}
        message["bids"] = [[ticks(price), lots(size)] for price, size in sorted(self.bids.items(), reverse=True)]
        message["asks"] = [[ticks(price), lots(size)] for price, size in sorted(self.asks.items())]
        return line(number, message | other)


def write_capture(path: Path, *lines: str) -> Path:
    """Write a capture."""
    return write_csv(path, *lines)
