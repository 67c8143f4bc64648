"""What happened to a run: the control events of its journal, the facts of its ops stream, and its own start and end."""

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tc.core.events import (
    Event,
    FeedDegraded,
    KillSwitchAdvanced,
    KillSwitchChanged,
    RunCompleted,
    RunFailed,
    RunResumed,
    RunStarted,
    RunStopped,
    SnapshotTaken,
    StrategyFailed,
    TapeStopped,
    ThrottleReset,
    TradingStateChanged,
)
from tc.errors import TcError
from tc.reports.status.content import Happening
from tc.reports.told import text_of
from tc.store.files import open_regular
from tc.store.journal.blocks import read_blocks
from tc.store.journal.judge import MALFORMED, decode_line
from tc.store.layout import RunDirectory
from tc.store.ops import read_facts
from tc.telemetry.pages.happenings import happenings_of
from tc.telemetry.pages.kept import Kept
from tc.telemetry.run_facts import RunFacts

MOST_TOLD = 120
"""So many of what happened last are told."""
MOST_BYTES = 16 << 20
"""Of a longer journal only the beginning and the end are looked through."""
HEAD_BYTES = 1 << 20

_TOLD = (
    RunStarted,
    RunResumed,
    RunCompleted,
    RunStopped,
    RunFailed,
    SnapshotTaken,
    KillSwitchChanged,
    KillSwitchAdvanced,
    FeedDegraded,
    TapeStopped,
    StrategyFailed,
    ThrottleReset,
    TradingStateChanged,
)
_GRAVE = (RunFailed, StrategyFailed, FeedDegraded, TapeStopped)
_MARK = re.compile(rb'"event":\{"type":"(?:' + b"|".join(each.__name__.encode() for each in _TOLD) + rb')"')


class Timelines:
    """Tells the timelines of runs; what was read of a journal is not read again while it grows."""

    def __init__(self) -> None:
        self._journals: dict[Path, _JournalEvents] = {}
        self._ops: Kept[tuple[Happening, ...]] = Kept()

    def of(self, run: RunDirectory, facts: RunFacts) -> tuple[tuple[Happening, ...], int]:
        """Return what happened last, oldest first, and how much more did before."""
        journal = self._journal(run.journal)
        events, own = tuple(journal.found), tuple(_own(facts))
        ops = self._ops.of(run.ops, lambda: tuple(_facts(run)))
        if facts.identity.mode == "backtest":  # Its journal has the stamps of its data.
            began, ended = (tuple(each for each in own if (each.kind == "Ended") is is_end) for is_end in (False, True))
            told = (*began, *events, *ended, *ops)
        else:
            told = tuple(sorted((*own, *events, *ops), key=lambda each: each.at_ns))
        return told[-MOST_TOLD:], max(len(told) - MOST_TOLD, 0) + journal.dropped

    def _journal(self, path: Path) -> "_JournalEvents":
        journal = self._journals.pop(path, None) or _JournalEvents(path)
        journal.read()
        self._journals[path] = journal
        while len(self._journals) > _MOST_JOURNALS:
            self._journals.pop(next(iter(self._journals)), None)
        return journal


_MOST_JOURNALS = 32
_BY_ITSELF = "node"
"""Who sets the switch when a run simply ends."""


class _JournalEvents:
    """The last control events of a journal, read on as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin(0)

    def _begin(self, inode: int) -> None:
        self._inode = inode
        self._size = 0
        self.found: deque[Happening] = deque(maxlen=MOST_TOLD)
        self.dropped = 0

    def read(self) -> None:
        """Read on; what cannot be read or is torn is left out, for other pages say that."""
        try:
            with open_regular(self._path) as file:
                seen = os.fstat(file.fileno())
                if seen.st_ino != self._inode or seen.st_size < self._size:
                    self._begin(seen.st_ino)
                for start, end in self._parts(seen.st_size):
                    self._read(file.fileno(), start, end)
        except OSError:
            return

    def _parts(self, size: int) -> Iterator[tuple[int, int]]:
        if size - self._size > MOST_BYTES:
            if self._size == 0:
                yield 0, HEAD_BYTES
            yield size - MOST_BYTES + HEAD_BYTES, size
        else:
            yield self._size, size

    def _read(self, descriptor: int, start: int, end: int) -> None:
        for offset, block in read_blocks(descriptor, start, end):
            whole = block.rfind(b"\n") + 1
            self._size = offset + whole
            for mark in _MARK.finditer(block, 0, whole):
                line = block[block.rfind(b"\n", 0, mark.start()) + 1 : block.find(b"\n", mark.end())]
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = decode_line(line).entry.event
        except MALFORMED:
            return
        if isinstance(event, _TOLD):
            self.dropped += len(self.found) == MOST_TOLD
            self.found.append(Happening(event.at_ns, "journal", type(event).__name__, _text(event), _is_grave(event)))


def _text(event: Event) -> str:
    if isinstance(event, RunStarted):
        return f"the stream began, under the configuration {event.configuration[:12]}…"
    return text_of(event).removeprefix(f"{type(event).__name__} ")


def _is_grave(event: Event) -> bool:
    if isinstance(event, KillSwitchChanged):
        return event.mode != "none" and event.by != _BY_ITSELF
    if isinstance(event, KillSwitchAdvanced):
        return event.step == "failed"
    return isinstance(event, _GRAVE)


def _own(facts: RunFacts) -> Iterator[Happening]:
    if facts.created_ns:
        yield Happening(facts.created_ns, "metadata", "Created", "the run directory was made")
    if facts.started_ns:
        yield Happening(facts.started_ns, "metadata", "Started", "the engine started")
    if facts.ended_ns and not facts.is_active:
        reason = f": {facts.reason}" if facts.reason else ""
        yield Happening(facts.ended_ns, "metadata", "Ended", f"{facts.status}{reason}", facts.status in {"failed", "killed"})


def _facts(run: RunDirectory) -> Iterator[Happening]:
    try:
        yield from happenings_of(read_facts(run))
    except (TcError, OSError):
        return
