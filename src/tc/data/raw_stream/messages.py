"""The lines of a Binance capture: a local stamp in nanoseconds, a space, and a message of a stream or a REST snapshot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tc.data.csv_files.formats import FIRST_STAMP_NS, LAST_STAMP_NS, unit_of
from tc.data.csv_files.source import CsvSource, csv_bytes, printable
from tc.data.progress import Progress, silent
from tc.errors import DocumentError

NAME = "binance-raw"
LONGEST_LINE = 4 * 1024**2
"""A snapshot of 5,000 levels a side is a third of a MiB."""

_BEGINNING = re.compile(rb"[0-9]{19} \{")
_DIFFS = re.compile(r"[^@]+@depth(@[0-9]+ms)?")

type Levels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1 as editors do."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Diff:
    """A depth update of some update ids; `previous_id` is the one before them where the venue names it (USD-M, not spot)."""

    place: Place
    symbol: str
    first_id: int
    final_id: int
    previous_id: int | None
    bids: Levels
    asks: Levels
    ts_event: int
    ts_init: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A depth snapshot as of an update id; `ts_event` is None where the venue sends none (spot)."""

    place: Place
    last_id: int
    bids: Levels
    asks: Levels
    ts_event: int | None
    ts_init: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade, or an aggregated one."""

    place: Place
    symbol: str
    is_aggregated: bool
    trade_id: int
    price: str
    size: str
    is_buyer_maker: bool
    ts_event: int
    ts_init: int


type Message = Diff | Snapshot | Trade


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    last_update_id: int | None = msgspec.field(default=None, name="lastUpdateId")
    transaction_ms: int | None = msgspec.field(default=None, name="T")
    bids: Levels = ()
    asks: Levels = ()


class _Kind(msgspec.Struct):
    e: str = ""


class _DepthUpdate(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    event_ms: int = msgspec.field(name="E")
    first_id: int = msgspec.field(name="U")
    final_id: int = msgspec.field(name="u")
    bids: Levels = msgspec.field(name="b")
    asks: Levels = msgspec.field(name="a")
    transaction_ms: int | None = msgspec.field(default=None, name="T")
    previous_id: int | None = msgspec.field(default=None, name="pu")


class _Trade(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="q")
    transaction_ms: int = msgspec.field(name="T")
    is_buyer_maker: bool = msgspec.field(name="m")
    trade_id: int | None = msgspec.field(default=None, name="t")
    aggregate_id: int | None = msgspec.field(default=None, name="a")
    kind: str = msgspec.field(default="MARKET", name="X")


_ENVELOPE, _KIND = msgspec.json.Decoder(_Envelope), msgspec.json.Decoder(_Kind)
_DEPTH, _TRADE = msgspec.json.Decoder(_DepthUpdate), msgspec.json.Decoder(_Trade)


def is_raw(source: CsvSource) -> bool:
    """Tell whether a file begins as a capture does."""
    with csv_bytes(source) as stream:
        return _BEGINNING.match(stream.read(21)) is not None


def first_stamp(source: CsvSource) -> int:
    """Return the local stamp of a capture's first line.

    Raises
    ------
    DocumentError
        The file does not begin as a capture does.

    """
    with csv_bytes(source) as stream:
        beginning = stream.read(21)
    if _BEGINNING.match(beginning) is None:
        raise DocumentError(
            f"{source.name}, line 1 is no line of {NAME}: {printable(beginning.decode('utf-8', 'replace'))}…",
            hint="Expected lines of a local stamp in nanoseconds (19 digits), a space, and a JSON message.",
        )
    return int(beginning[:19])


def read_messages(source: CsvSource, progress: Progress = silent) -> Iterator[Message]:
    """Give the depth updates, snapshots and trades of a capture; messages of other streams are passed over.

    Trades that no order in the book took part in (`X` other than MARKET: insurance fund, auto-deleveraging) are passed over too.

    Raises
    ------
    DocumentError
        While iterating: a line is no message, has no stamp, or lacks a field.

    """
    with csv_bytes(source, progress) as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise DocumentError(f"{source.name}, line {number} is longer than {LONGEST_LINE:,} bytes: this is no {NAME}")
            if line.isspace():
                continue
            place = Place(source.name, number)
            if _BEGINNING.match(line) is None or not FIRST_STAMP_NS <= int(line[:19]) <= LAST_STAMP_NS:
                raise DocumentError(f"{place} does not begin with a local stamp of 19 digits in nanoseconds and a JSON object")
            try:
                message = _message(place, int(line[:19]), line[20:])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DocumentError(
                    f"{place} is no message of {NAME}: {printable(str(error))}",
                    hint="A line that was cut off when the recorder was stopped can be removed.",
                ) from None
            if message is not None:
                yield message


def _message(place: Place, ts_init: int, text: bytes) -> Message | None:
    envelope = _ENVELOPE.decode(text)
    if envelope.last_update_id is not None:
        ts_event = None if envelope.transaction_ms is None else _nanoseconds(place, envelope.transaction_ms)
        return Snapshot(place, envelope.last_update_id, envelope.bids, envelope.asks, ts_event, ts_init)
    data = bytes(envelope.data)
    if not data.startswith(b"{"):
        return None
    match _KIND.decode(data).e:
        case "depthUpdate" if _DIFFS.fullmatch(envelope.stream):
            return _diff(place, ts_init, _DEPTH.decode(data))
        case "trade" | "aggTrade":
            return _trade(place, ts_init, _TRADE.decode(data))
        case _:
            return None


def _diff(place: Place, ts_init: int, raw: _DepthUpdate) -> Diff:
    if raw.first_id > raw.final_id:
        raise DocumentError(f"{place}: the first update id {raw.first_id} is above the final one, {raw.final_id}")
    at = raw.event_ms if raw.transaction_ms is None else raw.transaction_ms
    ids = raw.first_id, raw.final_id, raw.previous_id
    return Diff(place, raw.symbol, *ids, raw.bids, raw.asks, _nanoseconds(place, at), ts_init)


def _trade(place: Place, ts_init: int, raw: _Trade) -> Trade | None:
    trade_id = raw.aggregate_id if raw.trade_id is None else raw.trade_id
    if raw.kind != "MARKET":
        return None
    if trade_id is None:
        raise DocumentError(f"{place}: the trade has no id")
    is_aggregated = raw.trade_id is None
    at = _nanoseconds(place, raw.transaction_ms)
    return Trade(place, raw.symbol, is_aggregated, trade_id, raw.price, raw.size, raw.is_buyer_maker, at, ts_init)


def _nanoseconds(place: Place, stamp: int) -> int:
    unit_ns = unit_of(stamp)
    if unit_ns is None:
        raise DocumentError(f"{place}: {stamp} is no time in milliseconds or microseconds")
    return stamp * unit_ns
