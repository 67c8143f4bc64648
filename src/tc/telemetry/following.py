"""A journal that grows, or that nobody has counted: followed from where it was read to, a slice at a time."""

import time
from collections.abc import Callable, Iterator

import msgspec

from tc.core import EventStreamEntry
from tc.errors import ArtifactError
from tc.reports.metrics import run_metrics
from tc.reports.tally.journal import JournalTally
from tc.store.journal.tail import JournalTail
from tc.store.layout import RunDirectory
from tc.telemetry.figures import Figures, checked

type TallyOf = Callable[[RunDirectory], JournalTally]
"""Makes the empty tally that a run's journal is counted with, by its effective configuration; ArtifactError without one."""

_AT_A_TIME = 64
"""So many entries are taken between two looks at the clock."""


class Follower:
    """Counts a journal as it comes; ``figures`` are what metrics.json would say of it as far as it was there at a look.

    ``is_intact`` is False while a line does not follow from the one before, at two looks or more, or the file is cut or gone:
    each look asks again at that same place, and reads on once the bytes are back. A last line that is not whole is none yet.
    What was read is not read again: who changes that is found by `tc runs verify`. ``is_read`` says whether everything that
    was there at the last look is counted.
    """

    def __init__(self, run: RunDirectory, tally_of: TallyOf) -> None:
        self._run = run
        self._tally_of = tally_of
        self._tail = JournalTail(run.journal)
        self._tally: JournalTally | None = None
        self._rest: Iterator[EventStreamEntry] | None = None
        self._size = -1
        self._taken = self._summed = 0
        self._is_over = False
        self._is_suspect = False
        self.figures: Figures | None = None
        self.is_intact = True
        self.is_read = False

    def read(self, until_s: float) -> None:
        """Read on, at least a little, until the monotonic clock says so.

        Raises
        ------
        ArtifactError
            There is a journal, and no configuration to count it by.

        """
        if self._is_over:
            return
        try:
            size = self._run.journal.stat(follow_symlinks=False).st_size
        except FileNotFoundError:  # It has not begun; or it is gone, and what was counted stands.
            self.is_read, self.is_intact = True, self._size < 0
            return
        if size != self._size or self._rest is not None or self._is_suspect or not self.is_intact:
            self._read_on(size, until_s)

    def end(self) -> None:
        """Let go of what is only needed to read on: nothing comes any more."""
        self._is_over, self._tally = True, None

    def _read_on(self, size: int, until_s: float) -> None:
        if self._tally is None:
            self._tally = self._tally_of(self._run)
        if self._rest is None:
            self._size, self._rest = size, self._tail.read()
        is_there = True
        try:
            self.is_read = self._take(self._tally, self._rest, until_s)
        except ArtifactError:  # It was cut, or cannot be read any more: what was counted stands.
            self.is_read, is_there = True, False
        if not self.is_read:
            return  # A part of a journal is shown to nobody: its counters would seem to leap when the rest comes.
        self._rest = None
        self._judge(is_there=is_there)
        if self._taken != self._summed or self.figures is None:
            self._summed = self._taken
            self.figures = checked(msgspec.convert(run_metrics(self._tally.summary(), None), Figures))

    def _judge(self, *, is_there: bool) -> None:
        """Look a second time at what seems damaged before it counts: a line may have been written meanwhile."""
        damage = self._tail.damage
        is_damaged = damage is not None and damage.reason != "torn_line"
        self._is_suspect = is_there and is_damaged and self.is_intact and not self._is_suspect
        self.is_intact = is_there and (self._is_suspect or not is_damaged)
        self.is_read = not self._is_suspect

    def _take(self, tally: JournalTally, rest: Iterator[EventStreamEntry], until_s: float) -> bool:
        """Count entries until there is none left (then True), or the time is over."""
        for entry in rest:
            tally.take(entry)
            self._taken += 1
            if self._taken % _AT_A_TIME == 0 and time.monotonic() > until_s:
                return False
        return True
