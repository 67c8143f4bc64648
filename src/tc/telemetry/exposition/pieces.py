"""Texts that stand as they are in many bodies, and gzip bodies of such texts: each is compressed once, for all scrapes.

A piece is a run of deflate blocks that refers to nothing before it and ends on a byte (RFC 1951, a full flush), so that pieces
can be put in a row in any order; only the checksum at the end (RFC 1952) is that of the whole.
"""

import zlib
from collections.abc import Sequence
from functools import cached_property

HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_LEVEL = 1  # the lines are so alike that a higher level gains little, and takes three times as long
_RAW = -zlib.MAX_WBITS


class Piece:
    """A text, and its compressed form once somebody asked for it."""

    __slots__ = ("_packed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._packed: bytes | None = None

    @property
    def packed(self) -> bytes:
        """The text as deflate blocks; two threads that ask at once both do the work, and no harm."""
        if self._packed is None:
            packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
            self._packed = packer.compress(self.text) + packer.flush(zlib.Z_FULL_FLUSH)
        return self._packed


class Body:
    """What all scrapes in one format have in common until something changes; each adds its own end."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.plain: list[bytes] = [piece.text for piece in pieces]
        self.size = sum(map(len, self.plain))

    def with_end(self, end: bytes) -> list[bytes]:
        """Return the parts of the whole text."""
        return [*self.plain, end]

    def packed_with_end(self, end: bytes) -> list[bytes]:
        """Return the parts of the whole text in gzip; the first call takes as long as what was not compressed yet."""
        parts, checksum = self._packed
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        last = packer.compress(end) + packer.flush(zlib.Z_FINISH)
        whole = zlib.crc32(end, checksum).to_bytes(4, "little") + ((self.size + len(end)) & 0xFFFFFFFF).to_bytes(4, "little")
        return [*parts, last + whole]

    @property
    def is_packed(self) -> bool:
        """Whether the text is compressed already."""
        return "_packed" in self.__dict__

    @cached_property
    def _packed(self) -> tuple[list[bytes], int]:
        parts, checksum = [HEAD], 0
        for piece in self._pieces:
            parts.append(piece.packed)
            checksum = zlib.crc32(piece.text, checksum)
        return parts, checksum
