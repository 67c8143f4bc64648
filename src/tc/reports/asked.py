"""Who asked for what stands in a stream: requests of a strategy's and those of the flatten are the same events."""

from tc.core.events import (
    CancelRequested,
    DispatchFailed,
    Event,
    KillMode,
    KillSwitchChanged,
    OrderCanceled,
    OrderCancelRejected,
    OrderInitialized,
    RunResumed,
    SnapshotTaken,
    SubmitRequested,
)
from tc.core.reserved import is_flattens

STRATEGY = "the strategy"
FLATTEN = "the flatten"


class Asker:
    """Takes a stream event by event, and says of each request who asked.

    An order says whose it is. A cancel does not: but under a flatten the Runtime asks it first, for each order that nobody is
    cancelling yet, so the first cancel of an order is the flatten's, and so is the first after one that failed.

    Parameters
    ----------
    gate
        The gate's mode: only behind one that is on does the Runtime flatten.

    """

    def __init__(self, gate: str) -> None:
        self._is_on = gate == "on"
        self._mode: KillMode = "none"
        self._own: set[str] = set()
        self._cancelling: set[str] = set()

    def take(self, event: Event) -> str:
        """Take the next event; return who asked for it, where it is a request."""
        if isinstance(event, SubmitRequested):
            return FLATTEN if self._own.issuperset(event.client_order_ids) else STRATEGY
        if isinstance(event, CancelRequested):
            is_first = self._cancelling.isdisjoint(event.client_order_ids)
            self._cancelling.update(event.client_order_ids)
            return FLATTEN if is_first and self._is_on and self._mode == "flatten" else STRATEGY
        self._note(event)
        return STRATEGY

    def _note(self, event: Event) -> None:
        if isinstance(event, OrderInitialized):
            if is_flattens(event):
                self._own.add(event.client_order_id)
        elif isinstance(event, OrderCancelRejected) or (isinstance(event, DispatchFailed) and event.kind == "CANCEL"):
            self._cancelling.discard(event.client_order_id)
        elif isinstance(event, OrderCanceled) and self._mode != "flatten":
            self._cancelling.discard(event.client_order_id)  # A run of weeks cancels a million orders.
        elif isinstance(event, KillSwitchChanged):
            self._mode = event.mode
        elif isinstance(event, RunResumed):
            self._cancelling.clear()
        elif isinstance(event, SnapshotTaken) and event.kill_switch in {"flatten", "halt_all"} and self._mode != "halt_all":
            self._mode = event.kill_switch
