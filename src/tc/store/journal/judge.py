"""The judgement of lines: a block is right when a writer would write it so; else it goes line by line, to name the damage."""

from io import BytesIO
from itertools import takewhile
from typing import Literal

import msgspec

from tc.core import EventStreamEntry
from tc.core.events import EVENT_TYPES, MarketDataRows
from tc.store.journal.blocks import read_blocks
from tc.store.journal.lines import GENESIS, MAX_LINE_BYTES, body, chain, claimed_digest, format_lines, leaf_hashes, leaf_preimages

Reason = Literal[
    "torn_line",
    "not_json",
    "not_a_line",
    "unknown_event",
    "not_an_entry",
    "not_canonical",
    "position_gap",
    "digest_mismatch",
]
"""What can be wrong with a line: the closed list."""


class ChunkScan(msgspec.Struct, frozen=True, array_like=True):
    """What was found in a chunk of a journal, up to its first damage.

    How the first line follows the line before it is not judged: who knows that line does.

    Parameters
    ----------
    leaves
        The leaf hashes of the good lines, joined; 32 bytes each.
    first_position, next_position
        The position of the first entry, and the one due after the last.
    first_digest, last_digest
        The digests in the first and the last good line, raw.
    end
        The offset behind the last good line; 0 when there is none.
    damage
        What is wrong with the line behind it, if it is in this chunk.

    """

    leaves: bytes
    first_position: int
    next_position: int
    first_digest: bytes
    last_digest: bytes
    end: int
    damage: Reason | None


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line's entry; the digest beside it is skipped, and compared with the rest of the line's bytes."""

    entry: EventStreamEntry


class _Event(msgspec.Struct):
    type: str


class _Entry(msgspec.Struct):
    event: _Event


class _LineOfAnyEvent(msgspec.Struct):
    entry: _Entry


decode_line = msgspec.json.Decoder(Line).decode
decode_lines = msgspec.json.Decoder(Line).decode_lines
MALFORMED = (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError)
"""What msgspec raises on bytes that are not what was asked for."""


def judge_chunk(descriptor: int, start: int, end: int) -> ChunkScan:
    """Judge the lines that begin in ``start <= offset < end``, up to the first damaged one.

    Raises
    ------
    OSError
        The file cannot be read.

    """
    judge = Judge()
    end_of_good = 0
    damage: Reason | None = None
    for offset, block in read_blocks(descriptor, start, end):
        good = len(block)
        if not judge.passes_block(block):
            good, damage = judge.first_damage(block)
        end_of_good = offset + good
        if damage is not None:
            break
    return ChunkScan(
        b"".join(judge.leaves),
        judge.first_position,
        judge.position,
        judge.first_digest,
        judge.digest,
        end_of_good,
        damage,
    )


class Judge:
    """Walks along lines; keeps what the good ones were and what the next one has to follow.

    ``entries`` are those of the block that passed last.
    """

    __slots__ = ("digest", "entries", "first_digest", "first_position", "leaves", "position")

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.first_position = self.position = 0
        self.first_digest = self.digest = b""
        self.entries: list[EventStreamEntry] = []

    def passes_block(self, block: bytes) -> bool:
        """Say whether a block is what a writer would write for its entries at this place; if so, go on behind it."""
        try:
            entries = [line.entry for line in decode_lines(block)]
            preimages = leaf_preimages(entries)
        except MALFORMED:
            return False
        position = next_position(entries, self.position) if entries else 0
        if not position:
            return False
        leaves = leaf_hashes(preimages)
        digests = self._digests(leaves, block)
        if format_lines(preimages, digests) != block:
            return False
        self._go_on(leaves, entries[0].position, position, digests)
        self.entries = entries
        return True

    def first_damage(self, block: bytes) -> tuple[int, Reason]:
        """Go on line by line in a block that does not pass; return the bytes of its good lines, and what is wrong behind them."""
        good = sum(len(line) for line in takewhile(self.passes_block, BytesIO(block)))
        end = block.find(b"\n", good) + 1
        return good, self.reason(block[good : end or None])

    def reason(self, line: bytes) -> Reason:
        """Say why a line did not pass; the reasons are tried from the coarse to the fine."""
        malformed = _reason_of_form(line)
        if malformed is not None:
            return malformed
        try:
            entry = decode_line(line).entry
            [preimage] = leaf_preimages([entry])
        except MALFORMED:
            return _not_an_entry(line)
        if preimage[1:] != body(line):
            return "not_canonical"
        return "digest_mismatch" if next_position([entry], self.position) else "position_gap"

    def _digests(self, leaves: list[bytes], block: bytes) -> list[bytes]:
        """Return the digests of the leaves; when the line before is not known, on from the one that the first line states."""
        if self.digest:
            return chain(leaves, self.digest)
        first = claimed_digest(block[: block.find(b"\n") + 1]) or GENESIS
        return [first, *chain(leaves[1:], first)]

    def _go_on(self, leaves: list[bytes], first_position: int, position: int, digests: list[bytes]) -> None:
        if not self.leaves:
            self.first_position, self.first_digest = first_position, digests[0]
        self.leaves += leaves
        self.position, self.digest = position, digests[-1]


def is_whole_line(line: bytes) -> bool:
    """Say whether a line, with its newline, reads as one that was written whole, whatever it follows."""
    if claimed_digest(line) is None:
        return False
    try:
        decode_line(line)
    except MALFORMED:
        return False
    return True


def next_position(entries: list[EventStreamEntry], expected: int) -> int:
    """Return the position due after the entries, or 0 when one of them is not where it is due; 0 expects the first anywhere."""
    expected = expected or entries[0].position
    for entry in entries:
        if entry.position != expected:
            return 0
        event = entry.event
        if type(event) is not MarketDataRows:
            expected += 1
        elif event.last_row < event.first_row:
            return 0
        else:
            expected += event.last_row - event.first_row + 1
    return expected


def _reason_of_form(line: bytes) -> Reason | None:
    if len(line) > MAX_LINE_BYTES:
        return "not_a_line"
    if not line.endswith(b"\n"):
        return "torn_line"
    try:
        msgspec.json.decode(line)
    except MALFORMED:
        return "not_json"
    return "not_a_line" if claimed_digest(line) is None else None


def _not_an_entry(line: bytes) -> Reason:
    try:
        kind = msgspec.json.decode(line, type=_LineOfAnyEvent).entry.event.type
    except MALFORMED:
        return "not_an_entry"
    return "not_an_entry" if kind in EVENT_TYPES else "unknown_event"
