"""The tape: the market data that a live node saw, in the order in which it saw it, in the run directory.

Rows are numbered from 0, as the journal's entries refer to them. They are written in blocks: one file for each, whole or not at
all, whose SHA-256 an entry of the journal states once it is on disk. A killed process loses the block that it had not written.
"""

from tc.store.tape.reading import NamedTape, block_path, checked_block, named_tape, next_block, rows_seen, unnamed_blocks
from tc.store.tape.rows import TAPE_COLUMNS, TapeRow
from tc.store.tape.writing import CountedTape, Encode, RunTape, TapeEvent, TapeLimits

__all__ = [
    "TAPE_COLUMNS",
    "CountedTape",
    "Encode",
    "NamedTape",
    "RunTape",
    "TapeEvent",
    "TapeLimits",
    "TapeRow",
    "block_path",
    "checked_block",
    "named_tape",
    "next_block",
    "rows_seen",
    "unnamed_blocks",
]
