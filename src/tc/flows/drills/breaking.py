"""The faults of a drill on their way: injected in their time, proven by their counters, and put back in any case."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tc.checks.drills.facts import FaultFailed, FaultInjected, FaultProven, FaultRestored, RestoreFailed
from tc.errors import TcError
from tc.flows.drills.notes import Notes
from tc.ports.drills import Fault
from tc.spec.drills.drill_spec import FaultSpec
from tc.spec.grammar import seconds_ns

_NS = 1_000_000_000


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


class Breakings:
    """All faults of a drill.

    Parameters
    ----------
    faults
        What the document describes, in order.
    make_fault
        Makes what is described.
    notes
        Takes each fact.
    proven_s
        So long is waited for the proof of one.

    """

    def __init__(
        self, faults: Sequence[FaultSpec], make_fault: Callable[[FaultSpec], Fault], notes: Notes, *, proven_s: float
    ) -> None:
        self._faults = [_Breaking(number, each) for number, each in enumerate(faults, 1)]
        self._make_fault = make_fault
        self._notes = notes
        self._proven_s = proven_s
        self.have_begun = False
        """Whether anything was broken yet."""

    @property
    def have_come(self) -> bool:
        """Whether each was injected, or could not be."""
        return all(each.fault is not None or each.is_over for each in self._faults)

    @property
    def are_proven(self) -> bool:
        """Whether each is proven, or over."""
        return all(each.is_proven or each.is_over for each in self._faults)

    def break_what_is_due(self, elapsed_s: float) -> None:
        """Inject what is to be injected by now."""
        for each in self._faults:
            if each.fault is None and not each.is_over and seconds(each.spec.at) <= elapsed_s:
                self._inject(each)

    def prove(self) -> None:
        """Ask the counters of those that wait for their proof."""
        for each in self._faults:
            if each.is_waiting and each.fault is not None:
                self._prove(each, each.fault)

    def put_back_in_time(self, elapsed_s: float) -> bool:
        """Put back those whose time is over; say whether there were any."""
        return self._restore(
            each
            for each in self._faults
            if each.is_proven
            and each.spec.until not in {"detected", "end"}
            and elapsed_s >= seconds(each.spec.at) + seconds(each.spec.until)
        )

    def put_back(self, until: str | None = None) -> bool:
        """Put back, the last first, what is to last until then, or whatever is left; say whether there was any."""
        return self._restore(each for each in reversed(self._faults) if until is None or each.spec.until == until)

    def _inject(self, each: _Breaking) -> None:
        try:
            each.fault = self._make_fault(each.spec)
            each.before = each.fault.proof()
            self._notes.add(FaultInjected, fault=each.number, kind=each.spec.kind, target=each.spec.target)
            each.injected_s = time.monotonic()
            self.have_begun = True
            each.fault.inject()
        except TcError as error:
            self._fail(each, error.message)

    def _prove(self, each: _Breaking, fault: Fault) -> None:
        try:
            after = fault.proof()
        except TcError as error:
            self._fail(each, error.message)
            return
        if after > each.before:
            each.is_proven = True
            self._notes.add(FaultProven, fault=each.number, kind=each.spec.kind, before=each.before, after=after)
        elif time.monotonic() - each.injected_s > self._proven_s:
            self._fail(each, f"its counter still says {after} after {self._proven_s:g} s")

    def _fail(self, each: _Breaking, reason: str) -> None:
        self._notes.add(FaultFailed, fault=each.number, kind=each.spec.kind, reason=reason)
        if each.fault is None:
            each.is_over = True
        else:
            self._restore([each])

    def _restore(self, faults: Iterable[_Breaking]) -> bool:
        """Restore those that are broken, and only then note what came of it: notes may be what cannot be kept."""
        broken = [(each, each.fault) for each in faults if each.fault is not None and not each.is_over]
        outcomes = [(each, _restored(each, fault)) for each, fault in broken]
        for each, reason in outcomes:
            said = {"fault": each.number, "kind": each.spec.kind}
            if reason is None:
                self._notes.add(FaultRestored, **said)
            else:
                self._notes.add(RestoreFailed, **said, reason=reason)
        return bool(broken)


def _restored(each: _Breaking, fault: Fault) -> str | None:
    """Restore one; say why it could not be, if so."""
    each.is_over = True
    try:
        fault.restore()
    except (TcError, OSError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a bug in one must not leave the others broken
        return f"{type(error).__name__}: {error}"
    return None


def seconds(text: str) -> float:
    """Return a document's seconds."""
    return seconds_ns(text) / _NS
