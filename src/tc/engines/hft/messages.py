"""What goes over the pipes between a run and the process that hftbacktest runs in: whole numbers of ticks and lots only."""

from typing import IO, Literal

import msgspec

_LENGTH_BYTES = 8


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The settings and the book: columns of equal length, as bytes of little-endian integers.

    Parameters
    ----------
    first_ns
        Stamps before this only build the book and are not reported.
    end_ns
        The last row's local stamp; nothing is played beyond it.
    kinds, sides
        Of each row of the dataset from its first (one byte): 1 depth, 2 trade, 3 the book is cleared for a snapshot, 4 depth of
        a snapshot, 5 the book is cleared because updates are missing; 1 buy, 2 sell, 0 neither.
    ticks, lots, venue_ns, local_ns
        Price and quantity, and when the venue and we saw it (eight bytes).

    """

    order_entry_ns: int
    order_response_ns: int
    queue_model: str
    queue_exponent: float
    first_ns: int
    end_ns: int
    kinds: bytes
    sides: bytes
    ticks: bytes
    lots: bytes
    venue_ns: bytes
    local_ns: bytes


class Submit(msgspec.Struct, frozen=True, tag=True):
    """Send a new order; a market order has tick 0."""

    order_id: int
    is_buy: bool
    is_market: bool
    time_in_force: int
    ticks: int
    lots: int


class Modify(msgspec.Struct, frozen=True, tag=True):
    """Change an order."""

    order_id: int
    ticks: int
    lots: int


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Cancel an order."""

    order_id: int


type Command = Submit | Modify | Cancel


class Advance(msgspec.Struct, frozen=True, tag=True):
    """Send the commands now, then play on to the next stamp at which something is seen, but not beyond ``until_ns``."""

    commands: tuple[Command, ...]
    until_ns: int | None


Answer = Literal["open", "filled", "canceled", "expired"]


class Response(msgspec.Struct, frozen=True, array_like=True):
    """What the venue answered to an order's command, or did with it: the order as it now is.

    ``ticks`` is the price of a fill, None when the venue had none to give; ``is_maker`` says whether the order rested.
    """

    order_id: int
    answer: Answer
    venue_ns: int
    ticks: int | None
    is_maker: bool


class Top(msgspec.Struct, frozen=True, array_like=True):
    """The best of both sides of the book, in ticks and lots; None where a side is empty."""

    bid_ticks: int | None
    bid_lots: int | None
    ask_ticks: int | None
    ask_lots: int | None


class Seen(msgspec.Struct, frozen=True, tag=True):
    """What one stamp brought.

    Parameters
    ----------
    now_ns
        The stamp; ``until_ns`` when nothing came before it.
    played
        How many rows of the window were played.
    seen_ns, last_row
        The local stamp and the number of the last of them; 0 before the first.
    top
        The best of the book after the stamp.
    trades
        (row, ticks, lots) of the stamp's trades.
    has_gap
        Whether updates of the book are missing before the stamp.
    responses
        The stamp's responses, by order id.
    is_end
        Whether there is nothing more to play.

    """

    now_ns: int
    played: int
    seen_ns: int
    last_row: int
    top: Top
    trades: tuple[tuple[int, int, int], ...]
    has_gap: bool
    responses: tuple[Response, ...]
    is_end: bool


type Request = Begin | Advance


def write_message(pipe: IO[bytes], message: Request | Seen) -> None:
    """Write a message, its length first."""
    data = msgspec.msgpack.encode(message)
    pipe.write(len(data).to_bytes(_LENGTH_BYTES, "little"))
    pipe.write(data)
    pipe.flush()


def read_message[T](pipe: IO[bytes], decoder: "msgspec.msgpack.Decoder[T]") -> T | None:
    """Read a message; None at the end of the pipe, also in the middle of one."""
    head = pipe.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "little")
    data = pipe.read(length)
    return decoder.decode(data) if len(data) == length else None
