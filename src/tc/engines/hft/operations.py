"""What a spec's operator does during a run: each at its instant, behind the data of that stamp and before control time."""

from collections import deque
from collections.abc import Iterable, Iterator

from tc.core.events import Event, KillSwitchChanged, ThrottleReset
from tc.spec.gate_spec import OperationSpec

_BY = "spec"


class Operations:
    """The operations that are still to come, in the order in which they are written, which is that of their times.

    Parameters
    ----------
    operations
        As the spec states them; one before the run's first stamp is done at that.
    strategy_id
        The strategy that a reset of the throttle re-enables.

    """

    def __init__(self, operations: Iterable[OperationSpec], *, strategy_id: str) -> None:
        self._waiting = deque(operations)
        self._strategy_id = strategy_id

    def due(self, now_ns: int) -> Iterator[Event]:
        """Take out, one by one, what has come, as events of now."""
        while self._waiting and self._waiting[0].at_ns <= now_ns:
            yield self._event(self._waiting.popleft(), now_ns)

    def first_of(self, deadline_ns: int | None) -> int | None:
        """Return the earlier of the next operation's instant and a deadline; None when there is neither."""
        if not self._waiting:
            return deadline_ns
        at_ns = self._waiting[0].at_ns
        return at_ns if deadline_ns is None else min(at_ns, deadline_ns)

    def _event(self, operation: OperationSpec, now_ns: int) -> Event:
        if operation.kill_switch is None:
            return ThrottleReset(now_ns, self._strategy_id, _BY, operation.reason)
        return KillSwitchChanged(now_ns, operation.kill_switch, _BY, operation.reason)
