"""The engine's one timer for the Runtime, and the instants at which a spec's operator acts: after all else of their stamp."""

from collections.abc import Callable, Iterable
from typing import Any

from nautilus_trader.common.component import Clock

from tc.core.events import Event, KillSwitchChanged, ThrottleReset

# Nautilus rings all timers of one stamp after all its data, in the byte order of their names, whichever clock they are on.
# No name that a strategy is likely to give sorts behind these, and the control timer is the last of all.
CONTROL_TIMER = "\U0010ffff tc.control"
OPERATION_TIMER = "\U0010fffe tc.operation"


class ControlTimer:
    """Rings once at a deadline, after all data and all other timers of that stamp.

    A deadline that is now or past rings at the end of the present stamp. In a backtest an alert that was cancelled in the
    stamp at which it was due rings all the same, since the engine has already taken it up: it is recognised and ignored.
    """

    def __init__(self, clock: Clock, ring: Callable[[int], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._deadline_ns: int | None = None

    def set(self, deadline_ns: int) -> None:
        """Ring at the deadline, and at no other."""
        self.clear()
        self._deadline_ns = deadline_ns
        self._clock.set_time_alert_ns(CONTROL_TIMER, deadline_ns, self._rang)

    def clear(self) -> None:
        """Do not ring any more."""
        self._deadline_ns = None
        if CONTROL_TIMER in self._clock.timer_names:
            self._clock.cancel_timer(CONTROL_TIMER)

    def _rang(self, event: Any) -> None:  # noqa: ANN401, ARG002 - Nautilus's time event
        now_ns = self._clock.timestamp_ns()
        if self._deadline_ns is not None and now_ns >= self._deadline_ns:
            self._deadline_ns = None
            self._ring(now_ns)


def schedule_operations(
    clock: Clock, operations: Iterable[tuple[int, Callable[[int], Event]]], act: Callable[[Event], None]
) -> None:
    """Let each operation's event, made for its stamp, enter at its instant, in the order given where instants are equal."""
    for number, (at_ns, event) in enumerate(operations):
        name = f"{OPERATION_TIMER} {number:08d}"
        clock.set_time_alert_ns(name, at_ns, lambda _, event=event: act(event(clock.timestamp_ns())))


def kill_switch_set(mode: Any, reason: str) -> Callable[[int], Event]:  # noqa: ANN401 - one of the kill modes
    """Return what makes the event of an operator who sets the kill switch."""
    return lambda at_ns: KillSwitchChanged(at_ns, mode, "spec", reason)


def throttle_reset(strategy_id: str, reason: str) -> Callable[[int], Event]:
    """Return what makes the event of an operator who re-enables a strategy."""
    return lambda at_ns: ThrottleReset(at_ns, strategy_id, "spec", reason)
