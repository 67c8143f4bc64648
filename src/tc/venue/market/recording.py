"""The lines of a recorded Binance stream: a local stamp in nanoseconds, a space, and a message of a stream or a REST snapshot.

Only what a market is made of is read: depth updates, best prices, trades and the snapshot. The importer of datasets reads the
same files with other needs (where each row stands, what is wrong with it); the venue needs little of that, and shares no code.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tc.errors import DocumentError

LONGEST_LINE = 4 * 1024**2
_STAMP = 19

type RawLevels = tuple[tuple[str, str], ...]


class Depth(msgspec.Struct, frozen=True):
    """A depth update of some update ids, with the one before them."""

    first_id: int = msgspec.field(name="U")
    final_id: int = msgspec.field(name="u")
    previous_id: int = msgspec.field(name="pu")
    bids: RawLevels = msgspec.field(name="b")
    asks: RawLevels = msgspec.field(name="a")


class Best(msgspec.Struct, frozen=True):
    """The best bid and ask as of an update id."""

    update_id: int = msgspec.field(name="u")
    bid: str = msgspec.field(name="b")
    bid_size: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_size: str = msgspec.field(name="A")


class Print(msgspec.Struct, frozen=True):
    """A trade; `kind` is MARKET for one that orders of the book took part in."""

    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="q")
    is_buyer_maker: bool = msgspec.field(name="m")
    kind: str = msgspec.field(default="MARKET", name="X")


class Snapshot(msgspec.Struct, frozen=True):
    """The book as of an update id."""

    last_id: int = msgspec.field(name="lastUpdateId")
    bids: RawLevels
    asks: RawLevels


type Message = Depth | Best | Print | Snapshot


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    last_id: int | None = msgspec.field(default=None, name="lastUpdateId")


_ENVELOPE, _SNAPSHOT = msgspec.json.Decoder(_Envelope), msgspec.json.Decoder(Snapshot)
_BY_STREAM: dict[str, msgspec.json.Decoder[Depth] | msgspec.json.Decoder[Best] | msgspec.json.Decoder[Print]] = {
    "depth": msgspec.json.Decoder(Depth),
    "bookTicker": msgspec.json.Decoder(Best),
    "trade": msgspec.json.Decoder(Print),
}


def read_recording(path: Path) -> Iterator[tuple[int, Message]]:
    """Give the messages of a recording in the order in which they came, each with its local stamp in nanoseconds.

    Raises
    ------
    DocumentError
        While iterating: the file cannot be read, or a line of it is no message.

    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
                message = _message(path, number, line)
                if message is not None:
                    yield message
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(
            f"{path} cannot be read: {error}", hint="--market-data is `generator`, or a recorded stream."
        ) from None


def _message(path: Path, number: int, line: bytes) -> tuple[int, Message] | None:
    try:
        stamp, envelope = int(line[:_STAMP]), _ENVELOPE.decode(line[_STAMP:])
        if envelope.last_id is not None:
            return stamp, _SNAPSHOT.decode(line[_STAMP:])
        kind = envelope.stream.partition("@")[2].partition("@")[0]
        decoder = _BY_STREAM.get(kind)
        return None if decoder is None else (stamp, decoder.decode(envelope.data))
    except (ValueError, msgspec.DecodeError) as error:
        raise DocumentError(
            f"{path.name}, line {number} is no message of a recorded stream: {error}",
            hint="Expected a local stamp in nanoseconds (19 digits), a space, and a JSON message, as Binance sends them.",
        ) from None
