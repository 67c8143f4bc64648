"""Files that are there whole or not at all: atomic writes, reads that follow no link, digests."""

import errno
import hashlib
import io
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tc.errors import ArtifactError

TEMPORARY_PREFIX = ".tc-tmp-"
"""How the name of a file begins that is being written; one left by a crash holds nothing that was acknowledged."""

MOST_BYTES = 256 << 20
"""No document of a run is larger; the journal is never read whole."""

_SPACE_HINT = "Check the free space, the quota and the permissions of the disk. Nothing is half written."
_READ_HINT = "`tc runs verify` says what else is missing or altered."
_BLOCK_BYTES = 1 << 20


def write_atomic(path: Path, data: bytes | Iterable[bytes], *, is_durable: bool = True) -> None:
    """Write a file so that a crash leaves the old content or the new one, and the new one is on disk on return.

    Large content is given block by block. What is not ``is_durable`` is only whole: a power cut may take it.

    Raises
    ------
    ArtifactError
        It cannot be written; the old content stands and no other file is left behind.

    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}-{secrets.token_hex(4)}")
    try:
        try:
            _write_new(temporary, (data,) if isinstance(data, bytes) else data, is_durable=is_durable)
            temporary.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        if is_durable:
            sync_folder(path.parent)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be written: {error.strerror}", hint=_SPACE_HINT) from None


def read_file(path: Path) -> bytes:
    """Return a regular file's content; a symbolic link is not followed.

    Raises
    ------
    ArtifactError
        It is missing, no regular file, larger than `MOST_BYTES`, or cannot be read.

    """
    return read_dated_file(path)[0]


def read_dated_file(path: Path) -> tuple[bytes, int]:
    """Return a regular file's content, and when it was written last by the clock of the system's kernel, in nanoseconds.

    Raises
    ------
    ArtifactError
        As `read_file`.

    """
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno())
            if found.st_size > MOST_BYTES:
                raise ArtifactError(f"{path} is larger than {MOST_BYTES >> 20} MiB: it is not read into memory", hint=_READ_HINT)
            return file.read() or b"", found.st_mtime_ns  # None where nothing can be read at once, as of some files of /proc
    except OSError as error:
        raise unreadable(path, error) from None


def digest_file(path: Path) -> tuple[str, int]:
    """Return the SHA-256, hex, and the size in bytes of a regular file; a symbolic link is not followed.

    Raises
    ------
    ArtifactError
        It is missing, no regular file, or cannot be read.

    """
    digest = hashlib.sha256()
    size = 0
    try:
        with open_regular(path) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise unreadable(path, error) from None
    return digest.hexdigest(), size


def open_regular(path: Path, *, writable: bool = False) -> io.FileIO:
    """Open a regular file, unbuffered; a symbolic link, a pipe or a device is an error, and never waited for.

    Raises
    ------
    OSError
        As `os.open`; `errno.EINVAL` when it is no regular file.

    """
    descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file")
    return io.FileIO(descriptor, "r+b" if writable else "rb")


def unreadable(path: Path, error: OSError) -> ArtifactError:
    """Return the error that says why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return ArtifactError(f"{path} is missing", hint=_READ_HINT)
    if error.errno == errno.ELOOP:
        return ArtifactError(f"{path} is a symbolic link; none is followed in a run directory", hint=_READ_HINT)
    return ArtifactError(f"{path} cannot be read: {error.strerror}", hint=_READ_HINT)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on disk: without it, a new file may be gone after a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_real_folder(path: Path) -> bool:
    """Say whether the path is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def remove_temporaries(folder: Path) -> None:
    """Remove the files that killed writers left unfinished in a folder; what cannot be removed stays."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if path.name.startswith(TEMPORARY_PREFIX):
                with suppress(OSError):
                    path.unlink()


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all bytes at an offset, however many calls it takes.

    Raises
    ------
    OSError
        As `os.pwrite`; a part may have been written.

    """
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


def _write_new(path: Path, blocks: Iterable[bytes], *, is_durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        offset = 0
        for block in blocks:
            write_all(descriptor, block, offset)
            offset += len(block)
        if is_durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
