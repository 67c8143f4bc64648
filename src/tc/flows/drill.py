"""A drill, from the steady state over the fault and back: what is broken is always put back, and all that is seen is a fact."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillFailed,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Phase,
    RestoreFailed,
    RunEnded,
    SteadyStateChecked,
)
from tc.checks.drills.steady import reading_of
from tc.checks.drills.verdict import is_over
from tc.errors import TcError
from tc.flows.drill_notes import Notes
from tc.ports.drills import Fault, Lab, Seen
from tc.spec.drill_spec import DrillSpec, FaultSpec, ProbeSpec
from tc.spec.grammar import seconds_ns

_NOTED_EVENTS = frozenset({"FeedDegraded", "KillSwitchChanged", "KillSwitchAdvanced", "RunStopped", "RunFailed", "TapeStopped"})
"""What of a run's events a drill notes besides those that it expects."""

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a drill waits, in seconds: for the steady state, for the proof of a fault, and between two looks."""

    steady_s: float = 20.0
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
        drill.put_back()
        drill.end()


@dataclass(slots=True)
class _Breaking:
    """A fault on its way."""

    number: int
    spec: FaultSpec
    fault: Fault | None = None
    before: int = 0
    injected_s: float = 0.0
    is_proven: bool = False
    is_over: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether it has been injected and is not proven yet."""
        return self.fault is not None and not self.is_proven and not self.is_over


class _Drill:
    """One drill that is carried out."""

    def __init__(self, spec: DrillSpec, hands: DrillHands) -> None:
        self._spec = spec
        self._hands = hands
        self._faults = [_Breaking(number, each) for number, each in enumerate(spec.faults, 1)]
        self._seen: set[tuple[str, str]] = set()
        self._is_broken = False
        self._has_ended = False

    def is_steady(self, phase: Phase, probes: Sequence[ProbeSpec], within_s: float) -> bool:
        """Wait until all probes read what they tolerate at one moment; note what they read then, or in the end.

        Before a fault and after it no alert may fire, where alerts can be seen, but for those that are said to last.
        """
        if phase != "during" and self._hands.lab.read("alerts") is not None:
            lasting = len(self._spec.expect.lasts) if phase == "after" else 0
            probes = (*probes, ProbeSpec(probe="alerts", at_most=str(lasting)))
        ends_s = time.monotonic() + within_s
        while True:
            self._look()
            readings = tuple(reading_of(each, self._hands.lab.read(each.probe)) for each in probes)
            holds = all(each.holds for each in readings)
            if holds or time.monotonic() > ends_s or self._hands.should_stop():
                break
            time.sleep(self._hands.patience.look_s)
        self._note(SteadyStateChecked, phase=phase, holds=holds, readings=readings)
        return holds

    def break_it(self) -> None:
        """Break what is to be broken, and look until all that is expected was seen, or the time for it is over."""
        self._is_broken = not self._faults
        self._hands.say("breaking" if self._faults else "watching")
        began_s = time.monotonic()
        has_checked = False
        while not self._hands.should_stop():
            self._break_what_is_due(time.monotonic() - began_s)
            self._prove()
            self._look()
            self._put_back_in_time(began_s)
            if not has_checked and all(each.is_proven or each.is_over for each in self._faults):
                has_checked = True
                self._act(self._spec.checks)
            if self._is_enough():
                break
            time.sleep(self._hands.patience.look_s)
        if self._spec.steady_state.during:
            self.is_steady("during", self._spec.steady_state.during, _seconds(self._spec.budgets.mitigate_s))

    def put_back(self, until: str | None = None) -> None:
        """Put back what is broken, the last first: what is to be so once all was seen, or whatever is left."""
        for each in reversed(self._faults):
            if each.fault is not None and not each.is_over and (until is None or each.spec.until == until):
                self._restore(each)

    def recover(self) -> None:
        """Type what the operator types, and wait for the steady state."""
        self._hands.say("recovering")
        self._act(self._spec.recovery)
        after = self._spec.steady_state.after
        probes = self._spec.steady_state.before if after is None else after
        self.is_steady("after", probes, _seconds(self._spec.budgets.recover_s))

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

    def _break_what_is_due(self, elapsed_s: float) -> None:
        for each in self._faults:
            if each.fault is None and not each.is_over and _seconds(each.spec.at) <= elapsed_s:
                self._inject(each)

    def _inject(self, each: _Breaking) -> None:
        try:
            each.fault = self._hands.make_fault(each.spec)
            each.before = each.fault.proof()
            self._note(FaultInjected, fault=each.number, kind=each.spec.kind, target=each.spec.target)
            each.injected_s = time.monotonic()
            self._is_broken = True
            each.fault.inject()
        except TcError as error:
            self._fail(each, error.message)

    def _prove(self) -> None:
        for each in self._faults:
            if not each.is_waiting or each.fault is None:
                continue
            try:
                after = each.fault.proof()
            except TcError as error:
                self._fail(each, error.message)
                continue
            if after > each.before:
                each.is_proven = True
                self._note(FaultProven, fault=each.number, kind=each.spec.kind, before=each.before, after=after)
            elif time.monotonic() - each.injected_s > self._hands.patience.proven_s:
                self._fail(each, f"its counter still says {after} after {self._hands.patience.proven_s:g} s")

    def _fail(self, each: _Breaking, reason: str) -> None:
        self._note(FaultFailed, fault=each.number, kind=each.spec.kind, reason=reason)
        if each.fault is None:
            each.is_over = True
        else:
            self._restore(each)

    def _put_back_in_time(self, began_s: float) -> None:
        elapsed_s = time.monotonic() - began_s
        for each in self._faults:
            is_timed = each.is_proven and not each.is_over and each.spec.until not in {"detected", "end"}
            if is_timed and elapsed_s >= _seconds(each.spec.at) + _seconds(each.spec.until):
                self._restore(each)

    def _restore(self, each: _Breaking) -> None:
        each.is_over = True
        if each.fault is None:
            return
        try:
            each.fault.restore()
        except (TcError, OSError) as error:
            self._note(RestoreFailed, fault=each.number, kind=each.spec.kind, reason=str(error))
        else:
            self._note(FaultRestored, fault=each.number, kind=each.spec.kind)

    def _is_enough(self) -> bool:
        """Whether every fault came and went as it is to, and all was seen or there is no time left; or one of them failed."""
        if any(each.fault is None and not each.is_over for each in self._faults):
            return False
        return is_over(self._spec, self._hands.notes.facts, self._hands.notes.elapsed_ns)

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
        if seen.source == "resolved":
            self._seen.discard(("alert", seen.name))
            self._note(AlertResolved, name=seen.name)
            return
        if seen.source == "event" and seen.name not in _NOTED_EVENTS and seen.name not in self._spec.expect.events:
            return
        if not self._is_broken and seen.source != "alert":
            return
        if (seen.source, seen.name) not in self._seen:
            self._seen.add((seen.source, seen.name))
            self._note(Observed, source=seen.source, name=seen.name, detail=seen.detail)

    def _note(self, fact_of: Callable[..., AnyDrillFact], /, **fields: object) -> None:
        self._hands.notes.add(fact_of, **fields)


def _seconds(text: str) -> float:
    return seconds_ns(text) / _NS
