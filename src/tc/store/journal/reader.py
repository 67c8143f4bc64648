"""Reading entries back, for the fold: typed, in order, with bounded memory; whether they are unaltered, `scan_journal` says."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tc.core import EventStreamEntry
from tc.errors import ArtifactError
from tc.store.files import open_regular, unreadable
from tc.store.journal.blocks import read_blocks
from tc.store.journal.judge import MALFORMED, Line, decode_line, decode_lines

_HINT = "`tc runs verify` says what is wrong with the journal."


def read_entries(path: Path, *, from_line: int = 1) -> Iterator[EventStreamEntry]:
    """Yield the journal's entries in order, from a line (counted from 1) on.

    Raises
    ------
    ArtifactError
        The file is missing or cannot be read, or a line is no entry: torn, no JSON, or of an unknown event type.

    """
    for number, block in _blocks(path, from_line):
        try:
            lines: Iterable[Line] = decode_lines(block)
        except MALFORMED:
            lines = _decoded_singly(path, number, block)
        for line in lines:
            yield line.entry


def read_lines(path: Path, *, from_line: int = 1) -> Iterator[bytes]:
    """Yield the journal's lines as they stand, each with its newline if it has one, from a line (counted from 1) on.

    Raises
    ------
    ArtifactError
        The file is missing or cannot be read.

    """
    for _, block in _blocks(path, from_line):
        yield from block.splitlines(keepends=True)


def _blocks(path: Path, from_line: int) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines, each with the number of its first line."""
    try:
        with open_regular(path) as file:
            number = 1
            for _, block in read_blocks(file.fileno(), 0, os.fstat(file.fileno()).st_size):
                count = block.count(b"\n")
                if number + count >= from_line:
                    skipped = max(from_line - number, 0)
                    yield number + skipped, block.split(b"\n", skipped)[-1] if skipped else block
                number += count
    except OSError as error:
        raise unreadable(path, error) from None


def _decoded_singly(path: Path, number: int, block: bytes) -> Iterator[Line]:
    """Decode line by line, so that the entries before the bad one are still given."""
    for at, line in enumerate(block.splitlines(), number):
        try:
            yield decode_line(line)
        except MALFORMED as error:
            raise ArtifactError(f"{path}, line {at}: no entry can be read: {error}", hint=_HINT) from None
