"""What a market is made of: one move after another, each with the time since the market began."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

type Levels = tuple[tuple[Decimal, Decimal], ...]
"""Prices and sizes; in a change, a size of 0 removes the level."""


@dataclass(frozen=True, slots=True)
class BookReset:
    """The whole book: what was known of it before is void."""

    at_ns: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class BookChanged:
    """Levels that are now as given."""

    at_ns: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class BestChanged:
    """The best bid and the best ask, and with them: nothing is bid above, nothing asked below."""

    at_ns: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal


@dataclass(frozen=True, slots=True)
class Traded:
    """A trade between others."""

    at_ns: int
    price: Decimal
    quantity: Decimal
    is_buyer_maker: bool


type Move = BookReset | BookChanged | BestChanged | Traded
type Moves = Iterator[Move]
