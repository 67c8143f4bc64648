"""A drill, from the steady state over the fault and back: what is broken is always put back, and all that is seen is a fact."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillFailed,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Phase,
    Reading,
    RunEnded,
    SteadyStateChecked,
)
from tc.checks.drills.steady import reading_of
from tc.checks.drills.verdict import is_over
from tc.errors import TcError
from tc.flows.drills.breaking import Breakings, seconds
from tc.flows.drills.notes import Notes
from tc.ports.drills import Fault, Lab, Seen
from tc.spec.drills.drill_spec import DrillSpec, FaultSpec, ProbeSpec

_NOTED_EVENTS = frozenset({"FeedDegraded", "KillSwitchChanged", "KillSwitchAdvanced", "RunStopped", "RunFailed", "TapeStopped"})
"""What of a run's events a drill notes besides those that it expects."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drill waits, in seconds: for the steady state, that it lasts, for the proof of a fault, and between looks."""

    steady_s: float = 20.0
    settled_s: float = 1.5
    proven_s: float = 8.0
    look_s: float = 0.02


@dataclass(frozen=True, slots=True)
class DrillHands:
    """What a drill works with.

    Parameters
    ----------
    lab
        The run and all that watches it.
    make_fault
        Makes what a document describes.
    notes
        Takes each fact.
    invariants
        Holds the run's journal and the venue's log to the invariants; asked when the run has ended.
    say
        Is told in words how it goes.
    should_stop
        Whether somebody asked the drill to stop.
    patience
        How long it waits.

    """

    lab: Lab
    make_fault: Callable[[FaultSpec], Fault]
    notes: Notes
    invariants: Callable[[], Mapping[str, tuple[str, ...]]]
    say: Callable[[str], None]
    should_stop: Callable[[], bool] = lambda: False
    patience: Patience = Patience()


def carry_out(spec: DrillSpec, hands: DrillHands) -> None:
    """Carry a drill out. What goes wrong is a fact, and no error: the verdict says what it means.

    The faults are put back and the run is ended in any case; only then it is held to the invariants.
    """
    drill = _Drill(spec, hands)
    try:
        hands.say("starting")
        hands.lab.start()
        if drill.is_steady("before", spec.steady_state.before, hands.patience.steady_s):
            drill.break_it()
            drill.put_back("detected")
            drill.recover()
        if hands.should_stop():
            hands.notes.add(DrillFailed, reason="somebody asked the drill to stop")
    except TcError as error:
        hands.notes.add(DrillFailed, reason=error.message)
    finally:
        with ExitStack() as stack:  # Whatever goes wrong in putting back, notes that cannot be kept included: the run is ended.
            stack.callback(drill.end)
            stack.callback(drill.put_back)


class _Drill:
    """One drill that is carried out."""

    def __init__(self, spec: DrillSpec, hands: DrillHands) -> None:
        self._spec = spec
        self._hands = hands
        self._faults = Breakings(spec.faults, hands.make_fault, hands.notes, proven_s=hands.patience.proven_s)
        self._seen: set[tuple[str, str, str]] = set()
        self._firing: set[str] = set()
        self._is_control = False
        self._has_ended = False

    def is_steady(self, phase: Phase, probes: Sequence[ProbeSpec], within_s: float) -> bool:
        """Wait until all probes read what they tolerate at one moment; note what they read then, or in the end.

        Before a fault and after it no alert may fire, where alerts can be seen, but for those that are said to last; and after
        it this holds for a while: what the fault still causes is told a little later.
        """
        holds_for_s = self._hands.patience.settled_s if phase == "after" else 0.0
        since_s, ends_s = math.inf, time.monotonic() + within_s
        while True:
            self._look()
            now_s = time.monotonic()
            readings = (*(reading_of(each, self._hands.lab.read(each.probe)) for each in probes), *self._alerts(phase))
            since_s = min(since_s, now_s) if all(each.holds for each in readings) else math.inf
            holds = now_s - since_s >= holds_for_s
            if holds or now_s > ends_s + holds_for_s or self._hands.should_stop():
                break
            time.sleep(self._hands.patience.look_s)
        self._note(SteadyStateChecked, phase=phase, holds=holds, readings=readings)
        return holds

    def _alerts(self, phase: Phase) -> Iterator[Reading]:
        """Give what fires and must not, where that can be seen; while something is broken it may."""
        if phase != "during" and self._hands.lab.read("alerts") is not None:
            lasting = self._spec.expect.lasts if phase == "after" else ()
            strangers = sorted(self._firing.difference(lasting))
            tolerated = f"none but {', '.join(lasting)}" if lasting else "none"
            yield Reading("alerts", ", ".join(strangers) or "none", tolerated, holds=not strangers)
        if phase == "before" and (raised := self._hands.lab.read("raised_alerts")) is not None:
            # What is on its way already would be taken for what comes of the fault.
            yield Reading("alerts on their way", str(raised), "none", holds=raised == "none")

    def break_it(self) -> None:
        """Break what is to be broken, and look until all that is expected was seen, or the time for it is over."""
        self._is_control = not self._spec.faults
        self._hands.say("watching" if self._is_control else "breaking")
        began_s = time.monotonic()
        has_checked = False
        while not self._hands.should_stop():
            self._faults.break_what_is_due(time.monotonic() - began_s)
            self._faults.prove()
            self._look()
            if self._faults.put_back_in_time(time.monotonic() - began_s):
                self._hands.lab.forget()
            if not has_checked and self._faults.are_proven:
                has_checked = True
                self._act(self._spec.checks)
            if self._is_enough():
                break
            time.sleep(self._hands.patience.look_s)
        if self._spec.steady_state.during:
            self.is_steady("during", self._spec.steady_state.during, seconds(self._spec.budgets.mitigate_s))

    def put_back(self, until: str | None = None) -> None:
        """Put back what is broken, the last first: what is to be so once all was seen, or whatever is left."""
        if self._faults.put_back(until):
            self._hands.lab.forget()

    def recover(self) -> None:
        """Type what the operator types, and wait for the steady state."""
        self._hands.say("recovering")
        self._act(self._spec.recovery)
        after = self._spec.steady_state.after
        probes = self._spec.steady_state.before if after is None else after
        self.is_steady("after", probes, seconds(self._spec.budgets.recover_s))

    def end(self) -> None:
        """End the run, and hold what is left of it to the invariants."""
        if self._has_ended:
            return
        self._has_ended = True
        self._hands.say("ending")
        status, reason = self._hands.lab.stop()
        self._look()
        self._note(RunEnded, status=status, reason=reason)
        self._hands.say("checking")
        try:
            found = self._hands.invariants()
        except TcError as error:
            found = {"unknown": (f"all: {error.message}",)}
        self._note(InvariantsChecked, **{"held": (), **found})

    def _is_enough(self) -> bool:
        """Whether every fault came and went as it is to, and all was seen or there is no time left; or one of them failed."""
        return self._faults.have_come and is_over(self._spec, self._hands.notes.facts, self._hands.notes.elapsed_ns)

    def _act(self, commands: Sequence[Sequence[str]]) -> None:
        for arguments in commands:
            acted = self._hands.lab.act(arguments)
            self._note(OperatorActed, arguments=tuple(arguments), exit_code=acted.exit_code, said=acted.said)
            self._look()

    def _look(self) -> None:
        for seen in self._hands.lab.look():
            self._take(seen)

    def _take(self, seen: Seen) -> None:
        """Note what is seen for the first time since something was broken, and every alert."""
        if seen.source == "alert":
            self._firing.add(seen.name)
        if seen.source == "resolved":
            self._firing.discard(seen.name)
            self._seen = {each for each in self._seen if each[:2] != ("alert", seen.name)}
            self._note(AlertResolved, name=seen.name)
            return
        if seen.source == "event" and seen.name not in _NOTED_EVENTS and seen.name not in self._spec.expect.events:
            return
        if not (self._is_control or self._faults.have_begun) and seen.source != "alert":
            return
        key = seen.source, seen.name, seen.detail if seen.source == "alert" else ""  # An alert of other labels is another one.
        if key not in self._seen:
            self._seen.add(key)
            self._note(Observed, source=seen.source, name=seen.name, detail=seen.detail)

    def _note(self, fact_of: Callable[..., AnyDrillFact], /, **fields: object) -> None:
        self._hands.notes.add(fact_of, **fields)
