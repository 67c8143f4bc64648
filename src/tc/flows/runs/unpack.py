"""An exported run's archive, unpacked where it can do no harm: plain files with plain names, no more than there is room for."""

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from tc.errors import ArtifactError, DocumentError
from tc.store.layout import RunDirectory, run_directory

MOST_FILES = 10_000
MOST_LEVELS = 64
SPARE_BYTES = 1 << 28
"""So much room stays free on the disk, whatever an archive claims to hold."""

_MOST_NAME_BYTES = 4096
_BLOCK_BYTES = 1 << 20
_HINT = "Only archives that `tc runs export` wrote are read. Get it again from where it came from."
_MALFORMED = (OSError, EOFError, ValueError, zlib.error, tarfile.TarError)


@contextmanager
def unpacked(archive: Path) -> Iterator[RunDirectory]:
    """Unpack an archive into a folder of its own, which is gone again on leaving.

    Raises
    ------
    ArtifactError
        The archive is missing or damaged, holds anything but plain files of one run, or more than there is room for.

    """
    with TemporaryDirectory(prefix="tc-archive-") as folder:
        try:
            with gzip.open(archive, "rb") as file:
                run = _Unpacking(archive, Path(folder)).run_in(file)
        except _MALFORMED as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ArtifactError(f"{archive} cannot be unpacked: {why}", hint=_HINT) from None
        yield run


class _Unpacking:
    """Reads a tar record by record: nothing in it is trusted, least of all the sizes it states."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self._archive = archive
        self._folder = folder
        self._room = shutil.disk_usage(folder).free - SPARE_BYTES
        self._names: set[str] = set()

    def run_in(self, file: BinaryIO | gzip.GzipFile) -> RunDirectory:
        """Unpack everything; return the one run that it holds."""
        long_name = ""
        while (header := _exactly(file, tarfile.BLOCKSIZE)).strip(b"\0"):
            member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
            self._room -= max(member.size, 0)
            if member.size < 0 or self._room < 0 or len(self._names) >= MOST_FILES:
                raise self._refused(f"it claims to hold more than there is room for, or more than {MOST_FILES} files")
            if member.type == tarfile.GNUTYPE_LONGNAME and member.size <= _MOST_NAME_BYTES:
                long_name = _exactly(file, _padded(member.size))[: member.size].rstrip(b"\0").decode()
                continue
            self._unpack(file, long_name or member.name, member)
            long_name = ""
        while rest := file.read(_BLOCK_BYTES):
            if rest.strip(b"\0"):
                raise self._refused("something follows its end")
        run_ids = {name.split("/", 1)[0] for name in self._names}
        if len(run_ids) != 1:
            raise self._refused(f"it holds {len(run_ids)} runs")
        return self._run(run_ids.pop())

    def _unpack(self, file: BinaryIO | gzip.GzipFile, name: str, member: tarfile.TarInfo) -> None:
        run_id, *inside = name.split("/")
        if not 0 < len(inside) <= MOST_LEVELS or {"", ".", ".."} & set(inside):
            raise self._refused(f"it holds {name!r}, which is no file of a run")
        if not member.isreg():
            raise self._refused(f"it holds {name!r}, which is no plain file")
        path = self._run(run_id).path.joinpath(*inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as unpacked_file:
            left = member.size
            while left:
                block = _exactly(file, min(left, _BLOCK_BYTES))
                unpacked_file.write(block)
                left -= len(block)
        _exactly(file, _padded(member.size) - member.size)
        self._names.add(name)

    def _run(self, run_id: str) -> RunDirectory:
        try:
            return run_directory(self._folder, run_id)
        except DocumentError as error:
            raise self._refused(f"it holds a folder whose name {error.message}") from None

    def _refused(self, why: str) -> ArtifactError:
        return ArtifactError(f"{self._archive} is not unpacked: {why}", hint=_HINT)


def _exactly(file: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("it ends early")
    return data


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
