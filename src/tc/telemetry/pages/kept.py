"""What was made of a file, kept while the file stays as it was."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

MOST = 32
"""Of so many files it is kept; the one that nobody asked for the longest goes first."""

type Signature = tuple[int, int, int]


class Kept[T]:
    """Keeps what was made of the files that were asked for last; one thread at a time may ask."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, tuple[Signature, T]] = OrderedDict()

    def of(self, path: Path, make: Callable[[], T]) -> T:
        """Return what is made of a file, made anew when the file is another one than before."""
        seen = signature(path)
        known = self._kept.pop(path, None)
        if known is None or known[0] != seen:
            known = seen, make()
        self._kept[path] = known
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return known[1]


def signature(path: Path) -> Signature:
    """Return what tells a file from another one; zeros when there is none."""
    try:
        found = path.lstat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
