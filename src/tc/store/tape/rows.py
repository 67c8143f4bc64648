"""What a row of the tape is: plain values, whatever engine saw it."""

from collections.abc import Mapping

import msgspec

from tc.store.dataset import PartKind

_STAMPS = ("ts_event", "ts_init")
TAPE_COLUMNS: Mapping[PartKind, tuple[str, ...]] = {
    "quotes": ("bid_price", "ask_price", "bid_size", "ask_size", *_STAMPS),
    "trades": ("price", "size", "aggressor_side", "trade_id", *_STAMPS),
    "bars": ("open", "high", "low", "close", "volume", *_STAMPS),
    "book": ("action", "side", "price", "size", "order_id", "flags", "sequence", *_STAMPS),
}
"""The values of a row of each kind, in their order; those of a dataset's rows."""


class TapeRow(msgspec.Struct, frozen=True, gc=False):
    """One row: its kind, its bar type or instrument, and the values of its kind's `TAPE_COLUMNS`.

    Prices and sizes are whole numbers of ten to the minus 16, stamps nanoseconds since 1970 UTC.
    """

    kind: PartKind
    identifier: str
    values: tuple[int | str, ...]
