"""The run directories under an artifacts root, followed: each look reads only what changed since the one before."""

import logging
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tc.reports.drill.figures import DrillFigures
from tc.store.free_space import Measure, free_bytes
from tc.store.kill_switch import Active
from tc.store.layout import RunDirectory, is_run_id, runs_root
from tc.telemetry.beside import Beside
from tc.telemetry.documents import DescribedRuns
from tc.telemetry.following import TallyOf
from tc.telemetry.run_facts import RunFacts
from tc.telemetry.tracking import TrackedRun

UNREADABLE = "unreadable"
OTHER = "other"
MODES = ("backtest", "paper", "attached")

READING_S = 0.2
"""So long a look may read what is new, or what is long."""

SWEEP_S = 0.01
"""So long a look may ask finished runs whether they have changed."""

LIST_EVERY_S = 2.0
_LEAST_SLICE_S = 0.01
_NS = 1_000_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a look found: runs whose facts are new or other than before, and runs that are shown no more.

    Among the first is ``""`` when what belongs to no run has changed (`Index.facts` says).
    """

    run_ids: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a look says of all runs together, and of what lies beside them.

    Parameters
    ----------
    counts
        How many run directories there are by mode and state, shown or not; ``unreadable`` is a state here.
    shown, left_out
        How many have samples of their own, and how many have not.
    scopes
        The mode of each scope of the kill switch: ``all``, ``name:NAME``, ``run:ID``; without those of runs that have ended.
    switches
        The switches among these that are active or in doubt, with why, by whom and since when.
    findings
        How many findings there are by dataset and code.
    drills
        What the executions of each drill come to.
    looked_ns, took_s
        When the look was, and how long it took.

    """

    counts: Mapping[tuple[str, str], int]
    shown: int
    left_out: int
    scopes: Mapping[str, str]
    switches: tuple[Active, ...]
    findings: Mapping[tuple[str, str], int]
    drills: tuple[DrillFigures, ...]
    looked_ns: int
    took_s: float


class Index:
    """Knows the runs of an artifacts root, and the kill switch, datasets, drills and connectivity checks beside them.

    One thread calls `refresh`; any thread may call the rest, and sees the last look.

    Parameters
    ----------
    artifacts_root, runtime_root, data_root
        Where runs, the kill switch, and datasets lie.
    tally_of
        Makes what a journal is counted with.
    max_runs
        How many runs are shown, newest first, and those that go on before all others; None shows all.
    measure
        How much is free on the disk of a run that goes on.

    """

    def __init__(
        self,
        artifacts_root: Path,
        *,
        runtime_root: Path,
        data_root: Path,
        tally_of: TallyOf,
        max_runs: int | None = None,
        measure: Measure = free_bytes,
    ) -> None:
        self._root = runs_root(artifacts_root)
        self._described = DescribedRuns()
        self._tally_of = tally_of
        self._max_runs = max_runs
        self._measure = measure
        self._beside = Beside(artifacts_root, runtime_root=runtime_root, data_root=data_root)
        self._runs: dict[str, TrackedRun] = {}
        self._unseen: dict[str, None] = {}
        self._open: dict[str, None] = {}
        self._sweep: Iterator[str] = iter(())
        self._listed: tuple[int, int] = (-1, 0)
        self._root_problem = ""
        self._keys: dict[str, tuple[str, str]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._is_in_order = False
        self._shown: tuple[str, ...] = ()
        self._shown_set: frozenset[str] = frozenset()
        self._fleet: Fleet | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a look is done."""
        return self._fleet is not None

    @property
    def fleet(self) -> Fleet:
        """What the last look says of all runs together; RuntimeError before the first."""
        if self._fleet is None:
            raise RuntimeError("nobody has looked yet")
        return self._fleet

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many run directories there are by mode and state, shown or not."""
        return {} if self._fleet is None else self._fleet.counts

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The runs that are shown, newest first."""
        return self._shown

    def facts(self, run_id: str) -> RunFacts | None:
        """Return what a run's directory said at the last look, or None when it is not shown; reads nothing.

        The empty id stands for what belongs to no run.
        """
        if not run_id:
            return self._beside.connectivity
        tracked = self._runs.get(run_id) if run_id in self._shown_set else None
        return None if tracked is None else tracked.facts

    def directory(self, run_id: str) -> RunDirectory | None:
        """Return the directory of a run that is shown, or None: no other text ever becomes a path."""
        tracked = self._runs.get(run_id) if run_id in self._shown_set else None
        return None if tracked is None else tracked.directory

    def refresh(self, now_ns: int) -> Changed:
        """Look at what may have changed; ``now_ns`` is the wall clock.

        Runs that go on are looked at each time, and are always among the changed ones, for their ages grow; of finished ones as
        many as some milliseconds allow. The first look reads all that are finished; later ones, and the journals of runs
        that are not, are read a fifth of a second long at most, and on at the next look. Raises nothing for what lies on disk.
        """
        began_s = time.monotonic()
        news = ("",) if self._beside.look(now_ns) else ()
        gone = self._list(now_ns)
        changed = self._look_at_open(now_ns, began_s + READING_S)
        changed |= self._look_at_unseen(now_ns, began_s + READING_S if self.is_ready else math.inf)
        changed |= self._look_at_some(now_ns)
        before = self._shown_set
        if gone or not self._is_in_order:
            self._show()
        after = self._shown_set
        if after is not before:
            changed |= after - before
        self._fleet = self._summed(now_ns, time.monotonic() - began_s)
        return Changed((*news, *sorted(changed & after)), () if after is before else tuple(sorted(before - after)))

    def _list(self, now_ns: int) -> bool:
        """Find the run directories that there are; say whether one is gone."""
        try:
            changed_ns = self._root.stat().st_mtime_ns
            is_old = now_ns - changed_ns > _NS and 0 <= now_ns - self._listed[1] < LIST_EVERY_S * _NS
            if changed_ns == self._listed[0] and is_old:
                return False
            names = _folders(self._root)
        except FileNotFoundError:
            changed_ns, names = 0, set()
        except OSError as error:
            self._cannot_list(error)
            return False
        self._listed, self._root_problem = (changed_ns, now_ns), ""
        for name in names - self._runs.keys():
            self._add(name)
        gone = self._runs.keys() - names
        for name in gone:
            del self._runs[name]
            self._count(name, None)
            self._open.pop(name, None)
            self._unseen.pop(name, None)
        return bool(gone)

    def _cannot_list(self, error: OSError) -> None:
        problem = f"{self._root} cannot be read: {error.strerror}"
        if problem != self._root_problem:
            _log.warning("%s; what was known stands", problem)
        self._root_problem = problem

    def _add(self, name: str) -> None:
        if is_run_id(name):
            self._runs[name] = TrackedRun(f"{self._root}/{name}", self._tally_of, self._described, self._measure)
            self._unseen[name] = None

    def _look_at_open(self, now_ns: int, until_s: float) -> set[str]:
        """Look at every run that goes on, and while there is time at those that are not read to their end, in turns."""
        changed = set()
        share_s = max(_LEAST_SLICE_S, READING_S / max(len(self._open), 1))
        for name in sorted(self._open, key=lambda name: not self._runs[name].facts.is_active):
            now_s = time.monotonic()
            if now_s > until_s and not self._runs[name].facts.is_active:
                break
            self._open[name] = self._open.pop(name)
            if self._look(name, now_ns, min(until_s, now_s + share_s)):
                changed.add(name)
        return changed

    def _look_at_unseen(self, now_ns: int, until_s: float) -> set[str]:
        changed = set()
        for name in [*self._unseen]:
            if time.monotonic() > until_s:
                break
            del self._unseen[name]
            self._look(name, now_ns, time.monotonic() + _LEAST_SLICE_S)
            changed.add(name)
        return changed

    def _look_at_some(self, now_ns: int) -> set[str]:
        """Ask the next few of the finished runs whether they have changed; who waits longest is asked first."""
        changed = set()
        until_s = time.monotonic() + SWEEP_S
        for _ in range(len(self._runs)):
            name = next(self._sweep, None)
            if name is None:
                self._sweep = iter([*self._runs])
                name = next(self._sweep)
            if name in self._runs and name not in self._open and name not in self._unseen and self._look(name, now_ns, 0.0):
                changed.add(name)
            if time.monotonic() > until_s:
                break
        return changed

    def _look(self, name: str, now_ns: int, until_s: float) -> bool:
        run = self._runs[name]
        before, problem = (run.created_ns, run.facts.is_active), run.facts.problem
        is_changed = run.look(now_ns, until_s)
        if run.facts.problem and run.facts.problem != problem:
            _log.warning("run %s cannot be read: %s", name, run.facts.problem)
        if is_changed or name not in self._keys:
            self._is_in_order = self._is_in_order and name in self._keys and before == (run.created_ns, run.facts.is_active)
            self._count(name, _key(run.facts))
        if run.is_settled:
            self._open.pop(name, None)
        else:
            self._open[name] = None
        return is_changed

    def _count(self, name: str, key: tuple[str, str] | None) -> None:
        before = self._keys.get(name)
        if key == before:
            return
        if before is not None:
            self._counts[before] -= 1
            del self._keys[name]
        if key is not None:
            self._counts[key] += 1
            self._keys[name] = key

    def _show(self) -> None:
        seen = [run for name, run in self._runs.items() if name not in self._unseen]
        seen.sort(key=_by_age, reverse=True)
        if self._max_runs is not None and len(seen) > self._max_runs:
            active = [run for run in seen if run.facts.is_active]
            others = [run for run in seen if not run.facts.is_active]
            seen = sorted((active + others)[: self._max_runs], key=_by_age, reverse=True)
        self._shown = tuple(run.facts.run_id for run in seen)
        self._shown_set = frozenset(self._shown)
        self._is_in_order = True

    def _summed(self, now_ns: int, took_s: float) -> Fleet:
        return Fleet(
            counts=dict(sorted((+self._counts).items())),
            shown=len(self._shown),
            left_out=len(self._runs) - len(self._shown),
            scopes={scope: mode for scope, mode in self._beside.scopes.items() if self._holds_somebody(*scope.split(":"))},
            switches=tuple(each for each in self._beside.switches if self._holds_somebody(each.scope.kind, each.scope.value)),
            findings=self._beside.findings,
            drills=self._beside.drills,
            looked_ns=now_ns,
            took_s=took_s,
        )

    def _holds_somebody(self, kind: str, value: str = "") -> bool:
        """Say whether a kill switch holds anybody: that of one run that has ended for good is history, cleared or not."""
        tracked = self._runs.get(value) if kind == "run" else None
        return tracked is None or not tracked.facts.is_sealed


def _by_age(run: TrackedRun) -> tuple[int, str]:
    return run.created_ns, run.facts.run_id


def _key(facts: RunFacts) -> tuple[str, str]:
    mode = facts.identity.mode
    return mode if mode in MODES else OTHER, UNREADABLE if facts.problem else facts.status


def _folders(root: Path) -> set[str]:
    with os.scandir(root) as entries:
        return {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
