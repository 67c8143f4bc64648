"""What is done to a run by people and by what they start: the kill switch, a probe, a process that is started again."""

from collections.abc import Callable

from tc.ports.drills import Fault


class CommandFault:
    """Something that is typed; see `tc.ports.drills.Fault`.

    Parameters
    ----------
    do, undo
        Type it, and what takes it back.
    count
        Returns how often the run's record says that it was done.

    """

    def __init__(self, do: Callable[[], object], undo: Callable[[], object], count: Callable[[], int]) -> None:
        self._do = do
        self._undo = undo
        self._count = count
        self._is_done = False

    def inject(self) -> None:
        """Type it."""
        self._is_done = True
        self._do()

    def proof(self) -> int:
        """Return how often it was done."""
        return self._count()

    def restore(self) -> None:
        """Take it back, where it was typed."""
        if self._is_done:
            self._is_done = False
            self._undo()


class StartedAgain:
    """A fault that ends a process, which is started again to put it back; see `tc.ports.drills.Fault`.

    Parameters
    ----------
    fault
        Ends it, or stops it.
    start
        Starts it again by the same words; without effect while it runs.

    """

    def __init__(self, fault: Fault, start: Callable[[], None]) -> None:
        self._fault = fault
        self._start = start

    def inject(self) -> None:
        """End it."""
        self._fault.inject()

    def proof(self) -> int:
        """Return how many have ended."""
        return self._fault.proof()

    def restore(self) -> None:
        """Start it again."""
        self._fault.restore()
        self._start()
