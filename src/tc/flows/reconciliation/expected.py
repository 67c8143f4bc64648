"""What a run's journal adds up to: folded once, and read on from there whenever it is compared again."""

import os

from tc.checks.reconcile import Holdings, JournalBook, Life
from tc.checks.reconcile.holdings import Said
from tc.core import INITIAL, process_event_entry
from tc.core.events import ComponentStateChanged, Event, RunCompleted, RunResumed, RunStarted, RunStopped
from tc.errors import ArtifactError, InvariantViolation
from tc.flows.configuration import read_configuration
from tc.flows.run_venue import venue_of
from tc.store.facts import HealRequested, RunHealed
from tc.store.journal import Damage, JournalTail
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.ops import read_facts

_CLIENT = "ExecutionClient"
_TORN = "torn_line"

HEALS_WITHIN_S = 15
"""So long may a node take to heal; what it invents in that time after it was asked is no trade of the venue's."""


class Expected:
    """Folds a journal, and goes on where it stopped when more was written; it serves any number of comparisons of its run.

    Raises
    ------
    ArtifactError
        The configuration cannot be read.

    """

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._configuration = read_configuration(run).core
        self._tail = JournalTail(run.journal)
        self._book = JournalBook()
        self._state = INITIAL
        self._broken: tuple[str, ...] = ()
        self._end = _End()
        self._leaves = venue_of(run).leaves_orders
        self.entries = 0
        self.notes: tuple[str, ...] = ()

    @property
    def position(self) -> int:
        """The last position that was folded."""
        return self._state.position

    @property
    def digest(self) -> str:
        """The digest in the last whole line that was read, hex."""
        return self._tail.digest

    @property
    def life(self) -> Life:
        """What the journal says of the life of the run's node."""
        return self._book.life

    @property
    def left_ns(self) -> int | None:
        """Since when a run that has ended, and was to leave its orders at the venue, hears no more; by this machine's clock."""
        return self._end.heard_until_ns if self._leaves and self._end.is_over else None

    @property
    def said(self) -> Said:
        """What it said since `hear` of all that changed."""
        return self._book.said

    def holdings(self) -> Holdings:
        """Return what the entries folded so far add up to."""
        return self._book.holdings(self._state, healed=_healed(self._run))

    def hear(self) -> None:
        """Keep all that it says from here on, as `JournalBook.hear`."""
        self._book.hear(self._state)

    def heard_between(self, first_ns: int | None, last_ns: int | None) -> None:
        """Say when the venue was read, by its own clock, as `JournalBook.heard_between`."""
        self._book.heard_between(first_ns, last_ns)

    def catch_up(self) -> None:
        """Fold what is whole of the journal and was not folded yet.

        Raises
        ------
        ArtifactError
            The journal cannot be read, was cut, or is damaged: one that is sealed, or that goes on behind the damage.

        """
        for entry in self._tail.read():
            if self._broken:
                continue
            try:
                self._state = process_event_entry(self._state, entry, configuration=self._configuration)
            except InvariantViolation as violation:
                self._broken = (f"an entry breaks a rule, and what follows is not compared: {violation.message}",)
                continue
            self.entries += 1
            self._book.take(entry.event, self._state)
            self._end.take(entry.event)
        self.notes = (*_notes(self._run, self._tail.damage), *self._broken)


class _End:
    """Sees when a run ended in order, and until when it was told by its venue: its client for orders stops a little before."""

    def __init__(self) -> None:
        self.heard_until_ns: int | None = None
        self.is_over = False

    def take(self, event: Event) -> None:
        """Take the next event."""
        if type(event) is ComponentStateChanged:
            if event.component_state == "STOPPING" and event.component_type.endswith(_CLIENT):
                self.heard_until_ns = event.at_ns
        elif type(event) in (RunStarted, RunResumed):
            self.heard_until_ns, self.is_over = None, False
        elif type(event) in (RunCompleted, RunStopped):
            self.heard_until_ns, self.is_over = self.heard_until_ns or event.at_ns, True


def _healed(run: RunDirectory) -> list[tuple[int, int]]:
    """Return when the run's engine healed because somebody asked for it: from when to when, in nanoseconds since the epoch."""
    windows: list[tuple[int, int]] = []
    for fact in read_facts(run):
        if isinstance(fact, HealRequested):
            windows.append((fact.at_ns, fact.at_ns + HEALS_WITHIN_S * 10**9))
        elif isinstance(fact, RunHealed) and windows:
            windows[-1] = (windows[-1][0], min(windows[-1][1], fact.at_ns))
    return windows


def _notes(run: RunDirectory, damage: Damage | None) -> tuple[str, ...]:
    if damage is None:
        return ()
    where = f"journal.jsonl line {damage.line} is damaged ({damage.reason})"
    if os.path.lexists(run.seal):
        raise ArtifactError(
            f"{where}: a sealed journal that was altered says nothing", hint="`tc runs verify` shows every finding."
        )
    if damage.reason != _TORN and is_active(run):
        raise ArtifactError(
            f"{where}: what the run holds is not known from it", hint="`tc runs verify` shows every finding; put the line back."
        )
    return (f"{where}: compared up to the line before",)
