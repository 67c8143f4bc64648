"""Reading a journal in blocks of whole lines, with bounded memory, from any place in it."""

import os
from collections.abc import Iterator

from tc.store.journal.lines import MAX_LINE_BYTES

BLOCK_BYTES = 96 << 10
"""About what is read and judged at a time: small enough to stay in the processor's cache."""


def read_blocks(descriptor: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield, with its offset, block after block of the lines that begin in ``start <= offset < end``.

    A block ends with a newline, save the last one of a file that does not end with one. A line longer than
    `MAX_LINE_BYTES` is not read to its end: the last block then lacks its newline too.
    """
    offset = start if start == 0 else _next_line(descriptor, start - 1, end)
    while offset < end:
        data = os.pread(descriptor, min(BLOCK_BYTES, end - offset), offset)
        if not data:
            return
        cut = data.rfind(b"\n") + 1
        if cut == 0 or offset + len(data) >= end:
            data = _completed(descriptor, offset, data)
            cut = len(data)
        yield offset, data[:cut]
        offset += cut


def _next_line(descriptor: int, offset: int, end: int) -> int:
    """Return where the first line begins after the first newline at or after the offset, or ``end`` when none begins before."""
    while offset < end:
        data = os.pread(descriptor, min(BLOCK_BYTES, end - offset), offset)
        if not data:
            return end
        found = data.find(b"\n")
        if found >= 0:
            return offset + found + 1
        offset += len(data)
    return end


def _completed(descriptor: int, offset: int, data: bytes) -> bytes:
    """Read on until the last line of the data is whole, the file ends, or the line is too long."""
    while not data.endswith(b"\n") and len(data) < MAX_LINE_BYTES + BLOCK_BYTES:
        more = os.pread(descriptor, BLOCK_BYTES, offset + len(data))
        if not more:
            return data
        found = more.find(b"\n") + 1
        data += more[:found] if found else more
    return data
