"""ops.jsonl: the chained stream of facts that come after the seal, or from other processes than the run's own.

Each line is ``{"digest":"<64 hex>","entry":{"position":N,"fact":{…}}}``, chained as the journal's lines are. Any process may
append, one at a time. Files that a fact speaks of lie in `ops/` and are named in it with their SHA-256.
"""

import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store import chained
from tc.store.chained import ChainScan, chained_line, scan_lines
from tc.store.facts import Fact, OpsArtifact, OpsEntry, OpsMended, StopRequested
from tc.store.files import (
    TEMPORARY_PREFIX,
    digest_file,
    is_real_folder,
    read_file,
    remove_temporaries,
    sync_folder,
    write_all,
    write_atomic,
)
from tc.store.journal.judge import Reason
from tc.store.journal.lines import GENESIS, claimed_digest
from tc.store.layout import RunDirectory

type OpsScan = ChainScan[OpsEntry]
"""What an ops stream holds; a torn last line is mended by the next `append_fact`."""

_ARTIFACT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_decode_entry = msgspec.json.Decoder(OpsEntry).decode


def append_fact(run: RunDirectory, fact: Fact) -> OpsEntry:
    """Append a fact to the run's ops stream; it is on disk on return.

    Raises
    ------
    ArtifactError
        The stream cannot be written; what stood there still does.

    """
    try:
        with _locked(run) as descriptor:
            _mend(run, descriptor, fact)
            return _appended(descriptor, fact)
    except OSError as error:
        raise _unwritable(run.ops, error) from None


def write_ops_artifact(run: RunDirectory, name: str, data: bytes) -> OpsArtifact:
    """Write a file into `ops/`, once; return it as the fact that comes next must name it.

    Raises
    ------
    DocumentError
        The name is no plain file name.
    RefusedError
        There is a file of this name with other content: a fact may name it.
    ArtifactError
        It cannot be written.

    """
    if not _ARTIFACT_NAME.fullmatch(name):
        raise DocumentError(f"{name!r} is no name for an artifact", hint="Use letters, digits, dots, hyphens and underscores.")
    artifact = OpsArtifact(name, hashlib.sha256(data).hexdigest(), len(data))
    try:
        with _locked(run):
            _write_artifact(run, artifact, data)
    except OSError as error:
        raise _unwritable(run.ops_folder, error) from None
    return artifact


def write_numbered_artifact(run: RunDirectory, stem: str, suffix: str, data: bytes) -> OpsArtifact:
    """Write a file into `ops/` under its next number, ``<stem>-0001<suffix>`` the first; return it as `write_ops_artifact` does.

    A file that exists is never written over, and no two writers get the same number.

    Raises
    ------
    DocumentError
        The name is no plain file name.
    ArtifactError
        It cannot be written.

    """
    if not _ARTIFACT_NAME.fullmatch(f"{stem}-0001{suffix}"):
        raise DocumentError(f"{stem!r} is no name for an artifact", hint="Use letters, digits, dots, hyphens and underscores.")
    try:
        with _locked(run):
            _prepare_folder(run)
            name = _write_numbered(run.ops_folder, stem, suffix, data)
    except OSError as error:
        raise _unwritable(run.ops_folder, error) from None
    return OpsArtifact(name, hashlib.sha256(data).hexdigest(), len(data))


def sweep_ops_folder(run: RunDirectory) -> None:
    """Remove what killed writers left unfinished in `ops/`.

    Raises
    ------
    ArtifactError
        The stream's lock cannot be had.

    """
    if not is_real_folder(run.ops_folder):
        return
    try:
        with _locked(run):
            remove_temporaries(run.ops_folder)
    except OSError as error:
        raise _unwritable(run.ops, error) from None


def read_facts(run: RunDirectory) -> tuple[Fact, ...]:
    """Return the run's facts in order, up to the first damaged line; none when there is no stream.

    Raises
    ------
    ArtifactError
        The stream is there and cannot be read.

    """
    return tuple(entry.fact for entry in scan_ops(run).entries)


def scan_ops(run: RunDirectory) -> OpsScan:
    """Judge every line of the run's ops stream; no stream is an empty one.

    Raises
    ------
    ArtifactError
        The stream is there and cannot be read.

    """
    return scan_lines(read_file(run.ops) if os.path.lexists(run.ops) else b"", _decode_entry)


class StopWatch:
    """Asks whether the run was requested to stop; costs one look at the file's size while nothing was appended."""

    __slots__ = ("_request", "_run", "_seen")

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._seen = -1
        self._request: StopRequested | None = None

    def request(self) -> StopRequested | None:
        """Return the first request to stop, or None while there is none."""
        if self._request is None:
            try:
                size = self._run.ops.stat(follow_symlinks=False).st_size
            except OSError:
                return None
            if size != self._seen:
                self._seen = size
                requests = (fact for fact in read_facts(self._run) if isinstance(fact, StopRequested))
                self._request = next(requests, None)
        return self._request


def stop_requested(run: RunDirectory) -> bool:
    """Say whether the run was requested to stop; who asks again and again keeps a `StopWatch`."""
    return StopWatch(run).request() is not None


@contextmanager
def _locked(run: RunDirectory) -> Iterator[int]:
    is_new = not os.path.lexists(run.ops)
    descriptor = os.open(run.ops, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_new:
            sync_folder(run.path)
        yield descriptor
    finally:
        os.close(descriptor)


def _appended(descriptor: int, fact: Fact) -> OpsEntry:
    size, position, digest = _end(descriptor)
    entry = OpsEntry(position + 1, fact)
    line, _ = chained_line(entry, digest)
    try:
        write_all(descriptor, line, size)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    return entry


def _mend(run: RunDirectory, descriptor: int, fact: Fact) -> None:
    """Cut off what a killed appender left of a line, keep it as an artifact, and say so in the stream."""
    data = _content(descriptor)
    size = data.rfind(b"\n") + 1
    torn = data[size:]
    if not torn:
        return
    sha256 = hashlib.sha256(torn).hexdigest()
    artifact = OpsArtifact(f"torn-{sha256[:16]}.bin", sha256, len(torn))
    _write_artifact(run, artifact, torn)
    os.ftruncate(descriptor, size)
    _appended(descriptor, OpsMended(at_ns=fact.at_ns, tc=fact.tc, artifacts=(artifact,), cut_bytes=len(torn)))


def _write_artifact(run: RunDirectory, artifact: OpsArtifact, data: bytes) -> None:
    _prepare_folder(run)
    path = run.ops_folder / artifact.name
    if os.path.lexists(path):
        if digest_file(path)[0] != artifact.sha256:
            raise RefusedError(f"{path} exists already", hint="Give the artifact another name; one that exists is never changed.")
        return
    write_atomic(path, data)


def _prepare_folder(run: RunDirectory) -> None:
    run.ops_folder.mkdir(exist_ok=True)
    if not is_real_folder(run.ops_folder):
        raise NotADirectoryError(errno.ENOTDIR, "a link stands in its place")
    sync_folder(run.path)
    # Writers hold the stream's lock, so an unfinished file here is one that a killed writer left.
    remove_temporaries(run.ops_folder)


def _write_numbered(folder: Path, stem: str, suffix: str, data: bytes) -> str:
    """Write under the next number; a link to a finished file is made only where nothing stands yet, as with O_EXCL."""
    pattern = re.compile(rf"{re.escape(stem)}-([0-9]{{4,9}}){re.escape(suffix)}")
    taken = (found for each in folder.iterdir() if (found := pattern.fullmatch(each.name)))
    number = max((int(found[1]) for found in taken), default=0)
    finished = folder / f"{TEMPORARY_PREFIX}{stem}{suffix}"
    write_atomic(finished, data)
    try:
        while True:
            number += 1
            name = f"{stem}-{number:04d}{suffix}"
            with suppress(FileExistsError):
                (folder / name).hardlink_to(finished)
                return name
    finally:
        finished.unlink()
        sync_folder(folder)


def _unwritable(path: Path, error: OSError) -> ArtifactError:
    return ArtifactError(
        f"{path} cannot be written: {error.strerror}",
        hint="Check the free space and the permissions of the run directory.",
    )


def _end(descriptor: int) -> tuple[int, int, bytes]:
    """Return size, number of lines and last line's digest; a damaged last line is followed as if it stood for zero bytes."""
    data = _content(descriptor)
    last = data[data.rfind(b"\n", 0, -1) + 1 :]
    return len(data), data.count(b"\n"), claimed_digest(last) or GENESIS


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def judged_line(line: bytes, digest: bytes, number: int) -> OpsEntry | Reason:
    """Return the entry of a line that follows a line with this digest as its number is, or what is wrong with it."""
    return chained.judged_line(line, digest, number, _decode_entry)
