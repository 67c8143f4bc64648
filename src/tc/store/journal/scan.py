"""scan_journal: everything that can be said about a journal from its bytes alone, on all processors when it is large."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tc.store.files import open_regular, unreadable
from tc.store.journal.judge import ChunkScan, Reason, judge_chunk
from tc.store.journal.lines import GENESIS
from tc.store.journal.merkle import NODE_BYTES, MerkleTree
from tc.store.journal.tear import is_tear
from tc.store.journal.workers import judge_on_all_processors
from tc.store.journal.writer import JournalEnd

CHUNK_BYTES = 4 << 20
LARGE_BYTES = 32 << 20
"""From this size on, other processes help: starting them takes a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Damage:
    """The first line, counted from 1, that is not as it was written, and what is wrong with it."""

    line: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class JournalScan:
    """What a journal holds, up to its first damage.

    Parameters
    ----------
    entries, positions
        How many good lines there are, and how many positions they hold.
    digest, merkle_root
        The digest in the last good line, and the RFC 6962 root over the good lines' bodies; hex.
    good_bytes
        The size of the good lines together.
    damage
        The first damage, or None when every line is as it was written.
    torn_bytes
        When the damage is the tear of a crash, no good line follows it: the bytes behind the last good line; else 0.

    """

    entries: int
    positions: int
    digest: str
    merkle_root: str
    good_bytes: int
    damage: Damage | None
    torn_bytes: int

    @property
    def is_torn(self) -> bool:
        """Whether the damage is what a crash leaves, and `recover_journal` mends."""
        return self.torn_bytes > 0

    @property
    def end(self) -> JournalEnd:
        """Where a `JournalWriter` may go on, once nothing stands behind the good lines."""
        return JournalEnd(self.entries, self.good_bytes, bytes.fromhex(self.digest))


def scan_journal(path: Path) -> JournalScan:
    """Judge every line of a journal: form, schema, canonical bytes, gapless positions from 1, chain; and take the Merkle root.

    Memory is bounded whatever the size of the journal. Damage is a value, not an error.

    Raises
    ------
    ArtifactError
        The file is missing, no regular file, or cannot be read.

    """
    try:
        with open_regular(path) as file:
            return scan_descriptor(file.fileno())
    except OSError as error:
        raise unreadable(path, error) from None


def scan_descriptor(descriptor: int) -> JournalScan:
    """Judge a journal that is open; as `scan_journal`.

    Raises
    ------
    OSError
        The file cannot be read.

    """
    size = os.fstat(descriptor).st_size
    with _chunks(descriptor, size) as chunks:
        return stitch(descriptor, size, chunks)


def stitch(descriptor: int, size: int, chunks: Iterable[ChunkScan]) -> JournalScan:
    """Put the judgements of a journal's chunks together, in order; what each could not see is its link to the one before."""
    tree = MerkleTree()
    position, digest, good_bytes = 1, GENESIS, 0
    damage: Damage | None = None
    for chunk in chunks:
        damage = _broken_link(chunk, position, digest, tree.leaves)
        if damage is not None:
            break
        if chunk.leaves:
            tree.extend(chunk.leaves)
            position, digest, good_bytes = chunk.next_position, chunk.last_digest, chunk.end
        if chunk.damage is not None:
            damage = Damage(tree.leaves + 1, chunk.damage)
            break
    is_torn = damage is not None and is_tear(descriptor, good_bytes, size, damage.reason)
    torn_bytes = size - good_bytes if is_torn else 0
    return JournalScan(tree.leaves, position - 1, digest.hex(), tree.root().hex(), good_bytes, damage, torn_bytes)


def _broken_link(chunk: ChunkScan, position: int, digest: bytes, lines: int) -> Damage | None:
    """Say whether a chunk's first line does not follow the last one of the chunk before."""
    if not chunk.leaves:
        return None
    if chunk.first_position != position:
        return Damage(lines + 1, "position_gap")
    if hashlib.sha256(digest + chunk.leaves[:NODE_BYTES]).digest() != chunk.first_digest:
        return Damage(lines + 1, "digest_mismatch")
    return None


@contextmanager
def _chunks(descriptor: int, size: int) -> Iterator[Iterator[ChunkScan]]:
    if size < LARGE_BYTES:
        yield (judge_chunk(descriptor, start, min(start + CHUNK_BYTES, size)) for start in range(0, size, CHUNK_BYTES))
        return
    with judge_on_all_processors(descriptor, size, CHUNK_BYTES) as chunks:
        yield chunks
