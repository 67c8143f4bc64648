"""When a run was at ``reduce``, and what of it was under way to the venue when that began."""

from dataclasses import dataclass, replace

from tc.core import State
from tc.core.events import Event, OrderSubmitted


@dataclass(frozen=True, slots=True)
class Reducing:
    """A time at ``reduce``: whatever the run sent in it was judged by that.

    No event says that nothing of the mode before is under way any more, as ``halted`` does after a halt. So what was is named.

    Parameters
    ----------
    since_ns, until_ns
        From when to when, both exclusive; None: to the end.
    position
        Where in the journal it begins.
    sent
        Keys of the orders that had been sent before.
    in_flight
        Keys of the orders of which a command was on its way to the venue.

    """

    since_ns: int
    until_ns: int | None
    position: int
    sent: frozenset[str]
    in_flight: frozenset[str]

    def covers(self, at_ns: int) -> bool:
        """Say whether a stamp is in it."""
        return self.since_ns < at_ns and (self.until_ns is None or at_ns < self.until_ns)


class ReducingTimes:
    """Watches an on-going fold, and keeps the times at ``reduce``; ``is_gated``: nothing is sent but through the Core's gate."""

    def __init__(self, *, is_gated: bool) -> None:
        self._is_gated = is_gated
        self._submitted: set[str] = set()
        self._closed: list[Reducing] = []
        self._open: Reducing | None = None

    def take(self, event: Event, before: State, after: State) -> None:
        """Take an entry's event, and State before and after it."""
        if isinstance(event, OrderSubmitted):
            self._submitted.add(event.client_order_id)
        was, now = (state.control.safeguards.kill_switch for state in (before, after))
        if was == now:
            return
        if self._open is not None:
            self._closed.append(replace(self._open, until_ns=event.at_ns))
            self._open = None
        if now == "reduce":
            in_flight = frozenset(key for slot in before.execution.queue.in_flight for key in slot)
            sent = in_flight | self._submitted | self._let_go(before)
            self._open = Reducing(event.at_ns, None, after.position, sent, in_flight)

    def _let_go(self, state: State) -> frozenset[str]:
        """Return what no gate holds back: it may be anywhere by now. What waits in a gate is judged anew."""
        unsubmitted = () if self._is_gated else state.execution.orders.unsubmitted
        return frozenset(key for slot in unsubmitted for key in slot)

    def all_of_them(self) -> tuple[Reducing, ...]:
        """Return them, in order."""
        return (*self._closed, *(() if self._open is None else (self._open,)))
