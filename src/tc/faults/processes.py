"""Signals to processes: asked to end, ended, or stopped; the kernel proves it, and no later process of the number is hit."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from tc.errors import InconclusiveError
from tc.faults.watchdog import Watchdog
from tc.store.processes import ProcessState, started_at, state_of

Ending = Literal["sigterm", "sigkill", "sigstop"]

_SIGNALS = {"sigterm": signal.SIGTERM, "sigkill": signal.SIGKILL, "sigstop": signal.SIGSTOP}
_DONE: dict[str, frozenset[ProcessState]] = {
    "sigterm": frozenset({"gone"}),
    "sigkill": frozenset({"gone"}),
    "sigstop": frozenset({"stopped"}),
}
_CONTINUE = """\
import signal, sys
for each in sys.argv[1:]:
    try:
        signal.pidfd_send_signal(int(each), signal.SIGCONT)
    except ProcessLookupError:
        pass
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A process, told by when it started from a later one of its number."""

    pid: int
    started: int

    @property
    def state(self) -> ProcessState:
        """Whether it runs, is stopped, or is gone; one that nobody has waited for is gone, too."""
        return state_of(self.pid, self.started)

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal; say whether it was still there."""
        with self.opened() as descriptor:
            if descriptor is None:
                return False
            try:
                signal.pidfd_send_signal(descriptor, number)
            except ProcessLookupError:
                return False
        return True

    @contextmanager
    def opened(self) -> Iterator[int | None]:
        """Give a descriptor that means this process and no later one of its number; None when it is gone."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            yield None
            return
        try:  # Whoever has the number now may be somebody else; and who is opened keeps it.
            yield None if self.state == "gone" else descriptor
        finally:
            os.close(descriptor)


def targeted(pids: Sequence[int]) -> tuple[Target, ...]:
    """Return the processes of these numbers as they are now; InconclusiveError when one is not there, or is this one."""
    found = tuple((pid, started_at(pid)) for pid in pids)
    targets = tuple(Target(pid, started) for pid, started in found if started is not None)
    if not targets or len(targets) < len(found) or any(each.state == "gone" for each in targets):
        raise InconclusiveError("a process that was to get a signal is not there", hint="Did the run end before its fault?")
    if os.getpid() in pids:
        raise InconclusiveError("a fault would hit the drill itself", hint="Look at the fault's target.")
    return targets


class SignalFault:
    """Sends processes a signal, in their order; nothing brings back what has ended, and what was stopped is continued.

    What is stopped is continued also where this process is killed before it can: a process that hangs for ever, with keys in
    its memory, is not what a drill leaves behind.

    Parameters
    ----------
    pids
        Returns the processes; asked when it happens.
    kind
        Which signal.

    """

    def __init__(self, pids: Callable[[], Sequence[int]], kind: Ending) -> None:
        self._pids = pids
        self._kind = kind
        self._hit: tuple[Target, ...] = ()
        self._watchdog: Watchdog | None = None

    def inject(self) -> None:
        """Send the signal to all of them; InconclusiveError when one is not there, and then to none."""
        self._hit = targeted(self._pids())
        if self._kind == "sigstop":
            self._watchdog = _continues(self._hit)
        for target in self._hit:
            target.send(_SIGNALS[self._kind])

    def proof(self) -> int:
        """Return how many are gone, or stopped, once all are; 0 before."""
        done = sum(target.state in _DONE[self._kind] for target in self._hit)
        return done if done == len(self._hit) else 0

    def restore(self) -> None:
        """Continue what was stopped and is still there."""
        if self._kind == "sigstop":
            for target in self._hit:
                with suppress(OSError):
                    target.send(signal.SIGCONT)
        if self._watchdog is not None:
            self._watchdog.call_off()
            self._watchdog = None


def _continues(targets: Sequence[Target]) -> Watchdog:
    """Return who continues processes when this one is gone."""
    with ExitStack() as stack:
        opened = [each for target in targets if (each := stack.enter_context(target.opened())) is not None]
        return Watchdog((sys.executable, "-I", "-S", "-c", _CONTINUE, *map(str, opened)), keeps=opened)
