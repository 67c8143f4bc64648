"""The drills of an artifacts root: the verdict of each execution is read once, for it never changes."""

import logging
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tc.checks.drills.facts import Outcome
from tc.errors import ArtifactError
from tc.reports.drill.figures import Damaged, DrillFigures, Execution, figures
from tc.store.drills import DrillDirectory, drills_root, find_verdict

MOST_EXECUTIONS = 10_000
"""So many are known, of each drill the newest first."""

MOST_DRILLS = 100
"""So many drills have series, those that ended last."""

READING_S = 0.05
MOST_UNFINISHED = 50
"""So long, and of so many drills that go on or were killed, a look asks for verdicts."""

_RACY_NS = 1_000_000_000
_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}-[1-9][0-9]{0,8}")
_log = logging.getLogger(__name__)


class _Verdict(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a verdict.json: as far as metrics and pages need it."""

    drill: str
    number: int
    title: str
    weight: int
    is_mutated: bool
    verdict: Outcome
    detect_ns: int | None
    mitigate_ns: int | None
    recover_ns: int | None
    ended_ns: int


class Drills:
    """Knows the executions under ``drills/``; one thread looks, any thread may take ``drilled``."""

    def __init__(self, artifacts_root: Path) -> None:
        self._root = str(drills_root(artifacts_root))
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Execution] = {}
        self._unread: dict[str, None] = {}
        self.drilled: tuple[DrillFigures, ...] = ()
        """Each drill, in the order of names; another object only when something changed."""

    def look(self, now_ns: int) -> None:
        """Look for executions that came or went, and read verdicts that are there by now; raises nothing for what lies there."""
        is_changed = self._list(now_ns)
        if self._read() or is_changed:
            self.drilled = _summed(self._known.values())

    def _list(self, now_ns: int) -> bool:
        """Find the folders that there are; say whether a known one is gone."""
        try:
            found = os.stat(self._root)  # noqa: PTH116 - a Path costs more than the call
            if (found.st_ino, found.st_mtime_ns) == self._seen:
                return False
            names = _folders(self._root)
        except (FileNotFoundError, NotADirectoryError):
            found, names = None, []
        except OSError:
            return False  # What was known stands.
        # What is made within a tick of the file system's clock leaves the folder's time as it is.
        is_racy = found is None or abs(now_ns - found.st_mtime_ns) < _RACY_NS
        self._seen = None if is_racy or found is None else (found.st_ino, found.st_mtime_ns)
        kept = frozenset(names)
        gone = [name for name in self._known if name not in kept]
        for name in gone:
            del self._known[name]
        self._unread = {name: None for name in names if name not in self._known}
        return bool(gone)

    def _read(self) -> bool:
        """Read verdicts that are there by now; say whether one counts."""
        is_changed, unfinished, until_s = False, 0, time.monotonic() + READING_S
        for name in [*self._unread]:
            if unfinished >= MOST_UNFINISHED or time.monotonic() > until_s:
                break
            del self._unread[name]
            drill = DrillDirectory(Path(self._root, name))
            try:
                found = find_verdict(drill)
            except ArtifactError as error:
                _log.warning("counted as inconclusive: %s", error.message)
                self._known[name] = _damaged(drill)
                is_changed = True
                continue
            if found is None:
                self._unread[name] = None  # It goes on, or was killed: others are asked first the next time.
                unfinished += 1
                continue
            self._known[name] = msgspec.convert(found, _Verdict, from_attributes=True)
            is_changed = is_changed or not found.is_mutated
        return is_changed


def _folders(root: str) -> list[str]:
    """Return the names of executions, of each drill the newest first."""
    with os.scandir(root) as entries:
        names = [each.name for each in entries if _FOLDER.fullmatch(each.name) and each.is_dir(follow_symlinks=False)]
    return sorted(names, key=lambda name: -int(name.rpartition("-")[2]))[:MOST_EXECUTIONS]


def _damaged(drill: DrillDirectory) -> Damaged:
    try:
        ended_ns = drill.path.stat().st_mtime_ns
    except OSError:
        ended_ns = 0  # It went just now; the next look finds that.
    return Damaged(drill.drill, drill.number, ended_ns)


def _summed(executions: Iterable[Execution]) -> tuple[DrillFigures, ...]:
    newest = sorted(figures(executions), key=lambda each: each.newest.ended_ns)[-MOST_DRILLS:]
    return tuple(sorted(newest, key=lambda each: each.drill))
