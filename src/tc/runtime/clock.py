"""The control clock: it holds one deadline or none on the engine's timer, and says what is due when it rings."""

from tc.core import CoreConfiguration, State
from tc.core.control import next_obligation
from tc.core.decision import Obligation
from tc.core.events import ControlTimeReached, MarketObserved
from tc.ports import ExecutionAdapter


class ControlClock:
    """The one deadline that the Runtime waits for: always the first that State implies, and no timer when there is none.

    What is pending is not stored here: it is asked of State each time, so that nothing has to be undone when a step fails.
    Only what the engine's timer is set to is remembered. A timer that is set too early is left alone: it rings, nothing is
    due, and it is set anew, which costs less than to move it at every step.
    """

    __slots__ = ("_adapter", "_armed_ns", "_asked", "_configuration", "_control", "_implied", "_instruments", "_kept", "_queue")

    def __init__(self, configuration: CoreConfiguration) -> None:
        self._configuration = configuration
        self._adapter: ExecutionAdapter | None = None
        self._armed_ns: int | None = None
        self._kept: Obligation | None = None
        self._queue: object = None
        self._control: object = None
        self._instruments = 0
        self._asked: State | None = None
        self._implied: Obligation | None = None

    def attach(self, adapter: ExecutionAdapter, state: State) -> None:
        """Use the adapter's timer from now on."""
        self._adapter = adapter
        self.rang()
        self.arm(state)

    @property
    def armed_ns(self) -> int | None:
        """What the engine's timer is set to, in nanoseconds since the epoch; None when it is not."""
        return self._armed_ns

    def rang(self) -> None:
        """Note that the timer rang: it is set no longer."""
        self._armed_ns = None
        self._queue = None

    def processed(self, state: State) -> None:
        """Set the timer after an input: a deadline that was kept because its step sent nothing may be tried again.

        Newer observations of known instruments only move deadlines on, and most events of a stream are such: nothing is done.
        """
        if (
            state.execution.queue is self._queue
            and state.control is self._control
            and len(state.market.references) == self._instruments
            and self._kept is None
        ):
            return
        self._kept = None
        self.arm(state)

    def due(self, state: State, now_ns: int) -> Obligation | None:
        """Return the first obligation if its deadline has come, unless it was just realised in vain."""
        obligation = self._next(state)
        if obligation is None or obligation.deadline_ns > now_ns or obligation == self._kept:
            return None
        return obligation

    def newer(self, due: Obligation, state: State, now_ns: int) -> MarketObserved | None:
        """Return what was seen, since State's last observation, of a feed that is due as stale; else None."""
        if due.reason != "stale_feed" or self._adapter is None:
            return None
        observation = self._adapter.latest(due.scope, now_ns)
        reference = state.market.references[due.scope]
        return observation if observation is not None and observation.event_ns > reference.seen_ns else None

    def realised(self, obligation: Obligation) -> None:
        """Note what was realised. Should State still imply it, it is kept, and waits for the next input instead of spinning."""
        self._kept = obligation

    def arm(self, state: State) -> None:
        """Set the timer to what State implies now, or clear it."""
        adapter = self._adapter
        if adapter is None:
            return
        self._queue, self._control, self._instruments = state.execution.queue, state.control, len(state.market.references)
        obligation = self._next(state)
        armed_ns = self._armed_ns
        if obligation is None or obligation == self._kept:
            if armed_ns is not None:
                self._armed_ns = None
                adapter.clear_timer()
        elif armed_ns is None or obligation.deadline_ns < armed_ns:
            self._armed_ns = obligation.deadline_ns
            adapter.set_timer(obligation.deadline_ns)

    def _next(self, state: State) -> Obligation | None:
        """Return the first obligation; a ring asks what is due, and then of the same State what to wait for."""
        if state is not self._asked:
            self._asked, self._implied = state, next_obligation(state, self._configuration)
        return self._implied


def control_time(obligation: Obligation, now_ns: int) -> ControlTimeReached:
    """Return the Event that realises an obligation now."""
    return ControlTimeReached(now_ns, obligation.deadline_ns, obligation.reason, obligation.scope)
