"""Streams of chained lines, whatever they hold: ops.jsonl and a drill's journal.

Each line is ``{"digest":"<64 hex>","entry":{"position":N,…}}``, with positions from 1, chained as the journal's lines are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from tc.store.journal import Damage
from tc.store.journal.judge import MALFORMED, Reason
from tc.store.journal.lines import GENESIS, body, chain, claimed_digest, format_lines, leaf_hashes, leaf_preimages


class Positioned(Protocol):
    """Whatever has a position in a stream."""

    @property
    def position(self) -> int:
        """Its position, from 1."""


@dataclass(frozen=True, slots=True)
class ChainScan[E]:
    """What a stream holds, up to its first damage.

    Parameters
    ----------
    entries
        The entries, with their positions.
    digest
        The digest in the last good line, hex.
    damage
        The first damage, or None when every line is as it was written.
    torn_bytes
        The bytes of a last line that is not whole, which a killed writer left; else 0.

    """

    entries: tuple[E, ...]
    digest: str
    damage: Damage | None
    torn_bytes: int


def chained_line(entry: Positioned, digest: bytes) -> tuple[bytes, bytes]:
    """Return the line of an entry that follows a line with this digest, and its own digest."""
    preimages = leaf_preimages([entry])
    digests = chain(leaf_hashes(preimages), digest)
    return format_lines(preimages, digests), digests[0]


def judged_line[E: Positioned](line: bytes, digest: bytes, number: int, decode: Callable[[bytes], E]) -> E | Reason:
    """Return the entry of a line that follows a line with this digest as its number is, or what is wrong with it."""
    if not line.endswith(b"\n"):
        return "torn_line"
    if claimed_digest(line) is None:
        return "not_a_line"
    try:
        entry = decode(body(line))
    except MALFORMED:
        return "not_an_entry"
    preimages = leaf_preimages([entry])
    if preimages[0][1:] != body(line):
        return "not_canonical"
    if entry.position != number:
        return "position_gap"
    return entry if chained_line(entry, digest)[0] == line else "digest_mismatch"


def scan_lines[E: Positioned](data: bytes, decode: Callable[[bytes], E]) -> ChainScan[E]:
    """Judge every line of a stream, up to the first that is not as it was written."""
    entries: list[E] = []
    digest = GENESIS
    for number, line in enumerate(BytesIO(data), 1):
        entry = judged_line(line, digest, number, decode)
        if isinstance(entry, str):
            return ChainScan(tuple(entries), digest.hex(), Damage(number, entry), len(line) if entry == "torn_line" else 0)
        entries.append(entry)
        digest = claimed_digest(line) or digest
    return ChainScan(tuple(entries), digest.hex(), None, 0)
