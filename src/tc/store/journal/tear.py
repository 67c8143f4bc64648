"""The difference between a tear, which a crash leaves behind the last good line, and damage done to lines that were whole."""

from io import BytesIO

from tc.store.journal.blocks import read_blocks
from tc.store.journal.judge import Reason, is_whole_line
from tc.store.journal.lines import HEAD

_TEARS: frozenset[Reason] = frozenset({"torn_line", "not_json", "not_a_line"})
"""What an unfinished write, or blocks that never reached the disk, look like; a line that says another thing was altered."""


def is_tear(descriptor: int, start: int, end: int, reason: Reason) -> bool:
    """Say whether the damage that begins at ``start`` is a tear: nothing behind it, up to ``end``, is a whole line.

    Raises
    ------
    OSError
        The file cannot be read.

    """
    if reason not in _TEARS:
        return False
    return not any(
        # A line may stand whole behind junk that swallowed the newline before it; nothing inside a line looks like its head.
        is_whole_line(HEAD + rest)
        for _, block in read_blocks(descriptor, start, end)
        for line in BytesIO(block)
        for rest in line.split(HEAD)[1:]
    )
