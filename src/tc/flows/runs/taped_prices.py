"""The prices for a run's report from its own tape: the blocks that its journal names, as far as they are what it says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from tc.errors import ArtifactError
from tc.reports.candles import Candles
from tc.store.journal import read_lines
from tc.store.layout import RunDirectory
from tc.store.tape import block_path, checked_block, named_tape

DrawTape = Callable[[Iterable[tuple[str, bytes]], str, int], Candles | None]
"""Draws the prices of an instrument, with so many decimal places, from the names and the bytes of blocks, one after the other."""


def taped_prices(run: RunDirectory, document: Mapping[str, Any], draw: DrawTape, *, entries: int) -> Candles | None:
    """Return the prices that a run's tape holds of its instrument; None where it has none, or a block is missing or altered.

    ``entries`` is how many of the journal are whole. A report does without them: `tc runs verify` is what judges the tape.
    """
    instrument = document.get("instrument")
    if not isinstance(instrument, Mapping):
        return None
    try:
        return draw(_blocks(run, entries), str(instrument["id"]), int(instrument["price_precision"]))
    except (ArtifactError, KeyError):
        return None


def _blocks(run: RunDirectory, entries: int) -> Iterator[tuple[str, bytes]]:
    for block in named_tape(islice(read_lines(run.journal), entries)).blocks:
        yield str(block_path(run.tape, block.block)), checked_block(run.tape, block)
