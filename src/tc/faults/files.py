"""Files that are changed behind their writer's back, and put back in place: journal, code, configuration."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, InconclusiveError
from tc.store.files import open_regular, write_all, write_atomic

_TAIL_BYTES = 1 << 18
_DIGEST_BYTES = 64
"""So far from its beginning there is nothing in a journal's line but its digest."""

_LINES_TO_CHOOSE_FROM = 8
"""A line that was written just now has been read by nobody yet: where it does not follow, that is seen at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is put at a place of a file, and what stood there before."""

    path: Path
    offset: int
    before: bytes
    after: bytes

    @property
    def length(self) -> int:
        """How many bytes are looked at: those before, or those after."""
        return max(len(self.before), len(self.after))

    def found(self, descriptor: int) -> bytes:
        """Return what stands there in an open file."""
        return os.pread(descriptor, self.length, self.offset)

    def kept(self) -> bytes:
        """Return the document by which a person puts it back when nobody else could."""
        document = {"path": str(self.path), "offset": self.offset, "before": self.before.hex(), "after": self.after.hex()}
        return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


type FindChange = Callable[[int, Path], Change]
"""Finds what is to be changed in an open file."""


class FileFault:
    """Changes bytes of a file, in place; whoever has it open goes on writing to it. See `tc.ports.drills.Fault`.

    Parameters
    ----------
    path
        Returns the file; asked when it happens.
    sidecar
        Keeps what stood there, should the drill be ended before it is put back.
    find
        Finds what is changed.

    """

    def __init__(self, path: Callable[[], Path], sidecar: Path, find: FindChange) -> None:
        self._path = path
        self._sidecar = sidecar
        self._find = find
        self._change: Change | None = None

    def inject(self) -> None:
        """Change it; InconclusiveError where there is nothing to change."""
        path = self._path()
        try:
            with open_regular(path, writable=True) as file:
                change = self._find(file.fileno(), path)
                write_atomic(self._sidecar, change.kept())
                self._change = change
                _put(file.fileno(), change.offset, change.after, cut=len(change.before) > len(change.after))
        except OSError as error:
            raise InconclusiveError(f"{path} cannot be changed: {error.strerror}", hint="Is it yours, and is it there?") from None

    def proof(self) -> int:
        """Return how many bytes differ from those that stood there, are missing, or are more."""
        change = self._change
        if change is None:
            return 0
        try:
            with open_regular(change.path) as file:
                found = change.found(file.fileno())
        except OSError:
            return 0
        return sum(found[at : at + 1] != change.before[at : at + 1] for at in range(change.length))

    def restore(self) -> None:
        """Put back what stood there; what was written behind it meanwhile stays.

        Raises
        ------
        ArtifactError
            Something else stands there by now: it is left alone.

        """
        change = self._change
        if change is None:
            return
        with suppress(FileNotFoundError), open_regular(change.path, writable=True) as file:
            found = change.found(file.fileno())
            if found == change.after:
                _put(file.fileno(), change.offset, change.before, cut=len(change.after) > len(change.before))
            elif found != change.before:
                raise ArtifactError(
                    f"{change.path} was written anew at byte {change.offset}: what stood there is not put back",
                    hint=f"{self._sidecar} keeps it.",
                )


def _put(descriptor: int, offset: int, data: bytes, *, cut: bool) -> None:
    write_all(descriptor, data, offset)
    if cut:
        os.ftruncate(descriptor, offset + len(data))


def end_cut(count: int) -> FindChange:
    """Cut so many bytes off the end; its writer takes no more then."""

    def find(descriptor: int, path: Path) -> Change:
        size = os.fstat(descriptor).st_size
        if size <= count:
            raise InconclusiveError(f"{path} has {size} bytes, of which {count} were to go", hint="Let the run go on for longer.")
        return Change(path, size - count, os.pread(descriptor, count, size - count), b"")

    return find


def bit_flipped(line: int | None, seed: int) -> FindChange:
    """Flip one bit in a line that others follow: in this one from the end, or in one of the last by the seed.

    It is a digit's of the line's digest, where there is one: what is written there can still be read, and is wrong.
    """

    def find(descriptor: int, path: Path) -> Change:
        begin = max(os.fstat(descriptor).st_size - _TAIL_BYTES, 0)
        lines = _whole_lines(os.pread(descriptor, _TAIL_BYTES, begin), begin)
        chance = random.Random(seed)  # noqa: S311 - the same seed, the same place
        back = line or chance.randint(2, max(2, min(_LINES_TO_CHOOSE_FROM, len(lines))))
        if len(lines) < back:
            raise InconclusiveError(f"{path} has less than {back} lines", hint="Let the run go on for longer.")
        offset, text = lines[-back]
        digits = [place for place in range(min(len(text), _DIGEST_BYTES)) if text[place : place + 1].isdigit()]
        at = chance.choice(digits or range(len(text)))
        return Change(path, offset + at, text[at : at + 1], bytes([text[at] ^ 1]))

    return find


def line_added(text: str) -> FindChange:
    """Add a line at the end."""

    def find(descriptor: int, path: Path) -> Change:
        return Change(path, os.fstat(descriptor).st_size, b"", f"{text}\n".encode())

    return find


def digit_changed(descriptor: int, path: Path) -> Change:
    """Change the last digit of a document into another one: it is still written as it was, and says something else."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    at = next((place for place in reversed(range(len(data))) if data[place : place + 1].isdigit()), None)
    if at is None:
        raise InconclusiveError(f"{path} has no digit that could be changed", hint="Is it the document of a run?")
    return Change(path, at, data[at : at + 1], bytes([data[at] ^ 1]))


def _whole_lines(data: bytes, begin: int) -> list[tuple[int, bytes]]:
    """Return the lines that are whole, without their ends, each with where it begins."""
    lines = []
    start = 0 if begin == 0 else data.find(b"\n") + 1
    while (end := data.find(b"\n", start)) >= 0:
        if end > start:
            lines.append((begin + start, data[start:end]))
        start = end + 1
    return lines
