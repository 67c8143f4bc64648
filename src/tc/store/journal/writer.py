"""JournalWriter: the one way by which entries get into a journal."""

import errno
import os
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

from tc.core import EventStreamEntry
from tc.errors import ArtifactError, RefusedError
from tc.store.files import sync_folder, write_all
from tc.store.journal.lines import GENESIS, MAX_BODY_BYTES, chain, format_lines, leaf_hashes, leaf_preimages

FLUSH_ENTRIES = 256
"""So many entries wait at most: a batch of about 100 kB, which the allocator serves from memory that it keeps."""

Durability = Literal["buffered", "effects", "entries"]
"""When entries are written, and when they are on disk (``fsync``).

``buffered``: written in batches, and on disk at the end. ``effects``: each is written before the next, and is on disk once
`JournalWriter.sync` has returned, which comes before every effect. ``entries``: each is on disk before the next.
"""

_NO_JSON = (TypeError, ValueError, OverflowError)


class JournalEnd(NamedTuple):
    """Where the acknowledged part of a journal ends: entries, size in bytes, digest of the last line."""

    entries: int
    size: int
    digest: bytes


class JournalWriter:
    """Appends entries to a journal; the caller holds the run's `RunLock` and gives positions without a gap.

    *Acknowledged* means that ``write()`` has returned, so that the entries outlive the process: buffered, once `flush` (or
    `close`) returned; else once `append` returned. They outlive a power loss when ``fsync()`` has returned, too: once `sync`
    or `close` returned, and where each entry is put on disk, once `append` returned.
    What was only appended, and neither flushed nor acknowledged, may be lost with the process.

    A write that fails (disk full, quota, I/O error) leaves the file ending with its last acknowledged line, and the
    entries that it concerned waiting: a later `flush` tries again.

    Parameters
    ----------
    path
        The journal; it must not exist yet.
    durability
        When entries are written, and when they are on disk.
    resume_at
        Continue a journal that exists and ends here, as `recover_journal` says.

    Raises
    ------
    RefusedError
        The journal exists already.
    ArtifactError
        It cannot be made or opened, or does not end where ``resume_at`` says.

    """

    __slots__ = ("_descriptor", "_end", "_failure", "_limit", "_path", "_syncs_each", "_unsynced", "_waiting")

    def __init__(self, path: Path, *, durability: Durability = "buffered", resume_at: JournalEnd | None = None) -> None:
        self._path = path
        self._syncs_each = durability == "entries"
        self._unsynced = False
        self._end = resume_at or JournalEnd(0, 0, GENESIS)
        self._waiting: list[EventStreamEntry] = []
        self._descriptor = -1
        self._descriptor = _opened(path, resume_at)
        self._failure: ArtifactError | None = None
        self._limit = FLUSH_ENTRIES if durability == "buffered" else 1

    def append(self, entry: EventStreamEntry) -> None:
        """Take an entry; on return it waits, is written or is on disk, as the writer's durability says.

        Raises
        ------
        ArtifactError
            As `flush`, when the entry completed a batch.

        """
        waiting = self._waiting
        waiting.append(entry)
        if len(waiting) >= self._limit:
            self.flush()

    def flush(self) -> None:
        """Write what waits; on return it is acknowledged.

        Raises
        ------
        ArtifactError
            The disk refused it, another program changed the journal, or an entry cannot be written as JSON; says what is kept.

        """
        if self._failure is not None:
            raise self._failure
        if not self._waiting:
            return
        waiting = self._waiting
        preimages, refused = _preimages(waiting)
        digests = chain(leaf_hashes(preimages), self._end.digest)
        data = format_lines(preimages, digests)
        self._write(data)
        end = JournalEnd(self._end.entries + len(digests), self._end.size + len(data), (digests or [self._end.digest])[-1])
        left = waiting[len(digests) :]
        # No call stands between these two, so a signal handler that raises leaves both or none changed.
        self._end, self._waiting = end, left
        if refused is not None:
            self._failure = refused
            raise refused

    def sync(self) -> None:
        """Write what waits, and put on disk (``fsync``) what is not there yet; on return every entry outlives a power loss.

        Raises
        ------
        ArtifactError
            As `flush`, or the disk reported an error: the journal takes no more, for what it holds is not known any longer.

        """
        self.flush()
        if not self._unsynced:
            return
        try:
            _synced(self._descriptor, self._path)
        except ArtifactError as error:
            self._failure = error
            raise
        self._unsynced = False

    def close(self) -> None:
        """Flush, put the journal on disk (``fsync``), and close it; a second close does nothing.

        Raises
        ------
        ArtifactError
            As `flush`; the file is closed all the same.

        """
        descriptor = self._descriptor
        if descriptor < 0:
            return
        try:
            self.flush()
            _synced(descriptor, self._path)
            self._unsynced = False
        finally:
            self._descriptor = -1
            os.close(descriptor)

    @property
    def entries(self) -> int:
        """How many entries are acknowledged."""
        return self._end.entries

    @property
    def size(self) -> int:
        """How many bytes are acknowledged."""
        return self._end.size

    @property
    def digest(self) -> str:
        """The digest of the last acknowledged line, hex: the journal digest once everything is flushed."""
        return self._end.digest.hex()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        descriptor, size = self._descriptor, self._end.size
        try:
            _end_at(descriptor, size)
            self._unsynced = True
            write_all(descriptor, data, size)
            if self._syncs_each:
                os.fsync(descriptor)
                self._unsynced = False
        except BaseException as error:
            state = _cut_back(descriptor, size)
            if not isinstance(error, OSError):
                raise
            raise ArtifactError(
                f"{self._path} cannot be written: {error.strerror}; {state} {self._end.entries} entries ({size} bytes)",
                hint="Free space on the disk or choose another --artifacts-root; what was acknowledged is kept.",
            ) from None


def _opened(path: Path, resume_at: JournalEnd | None) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (0 if resume_at else os.O_CREAT | os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o644)
        if resume_at is None:
            sync_folder(path.parent)
    except FileExistsError:
        raise RefusedError(
            f"there is a journal already: {path}", hint="A journal is never written a second time; start a new run."
        ) from None
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be opened for writing: {error.strerror}",
            hint="Check the permissions and the free space of the artifacts root.",
        ) from None
    size = os.fstat(descriptor).st_size
    if resume_at is not None and size != resume_at.size:
        os.close(descriptor)
        raise ArtifactError(
            f"{path} has {size} bytes, and is to be continued behind {resume_at.size}", hint="Recover the journal first."
        )
    return descriptor


def _end_at(descriptor: int, size: int) -> None:
    """Let the file end behind what is acknowledged.

    An earlier flush may have been interrupted behind its write, by a signal whose handler raised:
    what it wrote was not acknowledged, and is written again.
    """
    found = os.fstat(descriptor).st_size
    if found < size:
        raise OSError(errno.EIO, f"another program cut it to {found} bytes")
    if found > size:
        os.ftruncate(descriptor, size)


def _preimages(entries: list[EventStreamEntry]) -> tuple[list[bytes], ArtifactError | None]:
    """Return the entries' leaf preimages, up to the first that cannot be a line, and what is wrong with that one."""
    try:
        preimages = leaf_preimages(entries)
    except _NO_JSON as error:
        good = list(takewhile(_has_json_form, entries))
        preimages, _ = _preimages(good)
        return preimages, _refused(entries[len(good)], f"has no JSON form: {error}")
    if len(max(preimages, key=len, default=b"")) > MAX_BODY_BYTES:
        good_count = next(count for count, preimage in enumerate(preimages) if len(preimage) > MAX_BODY_BYTES)
        return preimages[:good_count], _refused(entries[good_count], f"is longer than {MAX_BODY_BYTES} bytes")
    return preimages, None


def _has_json_form(entry: EventStreamEntry) -> bool:
    try:
        leaf_preimages([entry])
    except _NO_JSON:
        return False
    return True


def _refused(entry: EventStreamEntry, why: str) -> ArtifactError:
    return ArtifactError(
        f"the {type(entry.event).__name__} at position {entry.position} {why}",
        hint="The entries before it are in the journal. An event's text must be valid Unicode, and shorter than a line may be.",
    )


def _cut_back(descriptor: int, size: int) -> str:
    try:
        _end_at(descriptor, size)
    except OSError as error:
        return f"it could not be cut back either ({error.strerror}), and does not end with a whole line behind its"
    return "it ends after its"


def _synced(descriptor: int, path: Path) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be put on disk: {error.strerror}", hint="The disk reported an error; do not trust this run's journal."
        ) from None
