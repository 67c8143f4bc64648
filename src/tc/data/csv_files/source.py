"""A file to import: what it is packed in, its digest, and its CSV bytes as a stream that never unpacks more than it should."""

import gzip
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Buffer, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol, assert_never

from tc.data.progress import Progress, silent
from tc.errors import DocumentError

SMALLEST_CAP = 256 * 1024**2
LARGEST_RATIO = 100
"""A packed file may unpack to 256 MiB, or to a hundred times its size if that is more: market data packs 5 to 20 times."""

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_UNPACKING_FAILED = (EOFError, OSError, RuntimeError, zlib.error, zipfile.BadZipFile, NotImplementedError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A file to import, looked at but not yet read as CSV; `name` is its base name, safe to print, for messages and manifest."""

    path: Path
    name: str
    size: int
    modified_ns: int
    sha256: str
    packing: Literal["none", "gzip", "zip"]

    @property
    def cap(self) -> int:
        """The most bytes of CSV that it may hold."""
        return max(SMALLEST_CAP, LARGEST_RATIO * self.size)


def printable(text: str) -> str:
    """Return a text as it may be shown: characters that control a terminal, or are no characters, are escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def look_at(path: Path) -> CsvSource:
    """Look at a file: its size, its digest, and what it is packed in (by its first bytes, not by its name).

    Raises
    ------
    DocumentError
        There is no such file, it is not a regular file, it is empty, or it cannot be read.

    """
    name = printable(path.name)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DocumentError(f"{printable(str(path))} is not a file", hint="Give the CSV files themselves, not their folder.")
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            found = os.fstat(file.fileno())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{printable(str(path))} cannot be read: {reason}") from None
    if found.st_size == 0:
        raise DocumentError(f"{name} is empty")
    packing: Literal["none", "gzip", "zip"] = "none"
    if magic.startswith(_GZIP_MAGIC):
        packing = "gzip"
    elif magic in {_ZIP_MAGIC, _EMPTY_ZIP_MAGIC}:
        packing = "zip"
    return CsvSource(path, name, found.st_size, found.st_mtime_ns, sha256, packing)


@contextmanager
def csv_bytes(source: CsvSource, progress: Progress = silent) -> Iterator[IO[bytes]]:
    """Open the CSV inside a file; `progress` is told the packed bytes that were read, of all.

    Raises
    ------
    DocumentError
        Here or while reading: the file is truncated or damaged, or unpacks to more than its cap; a zip that does not hold exactly
        one CSV.

    """
    with ExitStack() as stack:
        try:
            packed = stack.enter_context(source.path.open("rb"))
            inner = stack.enter_context(_unpacked(source, packed))
        except _UNPACKING_FAILED as error:
            raise _damaged(source, error) from None
        yield io.BufferedReader(_Guarded(source, packed, inner, progress), 1 << 20)
        found = os.fstat(packed.fileno())
        if (found.st_size, found.st_mtime_ns) != (source.size, source.modified_ns):
            raise DocumentError(f"{source.name} changed while it was read", hint="Import it when it is complete.")


@contextmanager
def _unpacked(source: CsvSource, packed: IO[bytes]) -> Iterator[_Readable]:
    match source.packing:
        case "none":
            yield packed
        case "gzip":
            with gzip.GzipFile(fileobj=packed, mode="rb") as inner:
                yield inner
        case "zip":
            with zipfile.ZipFile(packed) as archive, archive.open(_only_csv(source, archive)) as inner:
                yield inner
        case _:
            assert_never(source.packing)


def _only_csv(source: CsvSource, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
    if len(members) == 1:
        return members[0]
    raise DocumentError(
        f"{source.name} holds {len(members)} CSV files, expected exactly one",
        hint="Unpack it and give the CSV files one by one.",
    )


class _Guarded(io.RawIOBase):
    """The unpacked bytes, counted against the cap; what goes wrong in unpacking becomes an error of the file."""

    def __init__(self, source: CsvSource, packed: IO[bytes], inner: _Readable, progress: Progress) -> None:
        super().__init__()
        self._source = source
        self._packed = packed
        self._inner = inner
        self._progress = progress
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        try:
            piece = self._inner.read(len(view))
        except _UNPACKING_FAILED as error:
            raise _damaged(self._source, error) from None
        self._count += len(piece)
        if self._count > self._source.cap:
            raise DocumentError(
                f"{self._source.name} ({self._source.size:,} bytes) unpacks to more than {self._source.cap:,} bytes",
                hint="If it is what you expect, unpack it yourself and import the CSV.",
            )
        self._progress(min(self._packed.tell(), self._source.size), self._source.size)
        view[: len(piece)] = piece
        return len(piece)


def _damaged(source: CsvSource, error: BaseException) -> DocumentError:
    reason = printable(str(error)) or type(error).__name__
    return DocumentError(f"{source.name} is truncated or damaged: {reason}", hint="Fetch the file again.")
