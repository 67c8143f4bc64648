"""What a run knew of orders and trades, and from where in its journal on."""

from collections.abc import Sequence

from tc.checks.invariants.venue_log import VenueTrade
from tc.core import EventStreamEntry
from tc.core.events import (
    DispatchFailed,
    Event,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    SnapshotTaken,
    SubmitRequested,
)


class Knowledge:
    """What a run knew, by the positions of its journal: stamps may stand in another order than what they are of was taken in."""

    def __init__(self, entries: Sequence[EventStreamEntry]) -> None:
        self._stamps = [(entry.event.at_ns, int(entry.position)) for entry in entries]
        self._asked: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._booked: dict[str, int] = {}
        self._guessed: dict[str, int] = {}
        for entry in entries:
            self._take(entry.event, int(entry.position))

    def asked(self, key: str, at_ns: int) -> int:
        """Return where an order was asked for; where it never was, where the journal was at a stamp."""
        if key in self._asked:
            return self._asked[key]
        return max((position for stamp_ns, position in self._stamps if stamp_ns <= at_ns), default=0)

    def counts(self, trade: VenueTrade, by: int, *, is_own: bool) -> bool:
        """Say whether the run knew of a trade by then, or reckoned with it: its order was there, and had not ended without it."""
        booked = self._booked.get(str(trade.trade_id), self._guessed.get(str(trade.order_id)))
        if booked is not None and booked < by:
            return True
        key = trade.client_order_id
        ended = self._ended.get(key)
        is_late = ended is not None and (booked is None or booked > ended)
        return not is_late and (is_own or (key in self._begun and self._begun[key] < by))

    def _take(self, event: Event, position: int) -> None:
        match event:
            case OrderInitialized(client_order_id=key):
                self._begun.setdefault(key, position)
            case SubmitRequested(client_order_ids=keys):
                for key in keys:
                    self._asked.setdefault(key, position)
            case SnapshotTaken(orders=orders):
                for each in orders:
                    self._begun.setdefault(each.terms.client_order_id, position)
            case OrderFilled(source="compat", venue_order_id=order_id):
                self._guessed.setdefault(order_id, position)
            case OrderFilled(trade_id=trade_id):
                self._booked.setdefault(trade_id, position)
            case DispatchFailed(kind="NEW", client_order_id=key) | OrderDenied(is_duplicate=False, client_order_id=key):
                self._ended.setdefault(key, position)
            case OrderRejected(client_order_id=key) | OrderCanceled(client_order_id=key) | OrderExpired(client_order_id=key):
                self._ended.setdefault(key, position)
            case _:
                pass
