"""Orders that were sent although the run was halted: there must be none."""

from collections.abc import Mapping
from types import MappingProxyType

from tc.core import State
from tc.core.events import Event, KillMode, OrderInitialized, OrderSubmitted
from tc.core.reserved import is_flattens
from tc.core.state import slots

_STOPS: Mapping[KillMode, bool] = MappingProxyType(
    {"none": False, "reduce": False, "halt": True, "halt_all": True, "flatten": True}
)


class AfterHalt:
    """Watches an on-going fold, and keeps the orders that were created, or held back, when the run was halted, and sent."""

    def __init__(self) -> None:
        self._forbidden: set[str] = set()
        self.sent: list[str] = []

    def take(self, event: Event, before: State, after: State) -> None:
        """Take an entry's event, and State before and after it."""
        if before.control is not after.control:
            self._switched(before, after)
        match event:
            case OrderInitialized() if _is_stopped(before) and not _is_let_through(event, before):
                self._forbidden.add(event.client_order_id)
            case OrderSubmitted() if event.client_order_id in self._forbidden:
                self._forbidden.discard(event.client_order_id)
                self.sent.append(event.client_order_id)
            case _:
                pass

    def _switched(self, before: State, after: State) -> None:
        """Of what nobody has sent yet at a halt, only what is on its way already may be sent."""
        was, now = _is_stopped(before), _is_stopped(after)
        if was and not now:
            self._forbidden.clear()
        elif now and not was:
            execution = before.execution
            waiting = {key for slot in execution.orders.unsubmitted for key in slot}
            self._forbidden = {key for key in waiting if slots.get(execution.queue.in_flight, key) is None}


def _is_stopped(state: State) -> bool:
    return _STOPS[state.control.safeguards.kill_switch]


def _is_let_through(order: OrderInitialized, state: State) -> bool:
    """Say whether an order goes all the same: the flatten's own do, but for ``halt_all``."""
    return is_flattens(order) and state.control.safeguards.kill_switch != "halt_all"
