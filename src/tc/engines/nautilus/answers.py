"""What a strategy is told of a command that never reached the venue, as the order event that it expects from Nautilus."""

from typing import Any

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.common.component import Clock, MessageBus
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderCanceled, OrderCancelRejected, OrderDenied, OrderModifyRejected, OrderUpdated
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from tc.core.decision import Outcome
from tc.core.events import Kind
from tc.engines.nautilus.commands import price, quantity
from tc.ports import Stream

UNSENT = frozenset({OrderStatus.INITIALIZED, OrderStatus.RELEASED})
_REJECTIONS: dict[Kind, Any] = {"REPLACE": OrderModifyRejected, "CANCEL": OrderCancelRejected}


class Answers:
    """Publishes order events through Nautilus's execution engine: they reach the strategy as any other, and are recorded.

    A rejected change or cancel puts an order back to what it was before. Of an order that the venue has not acknowledged, that
    would strand it; while another command of the kind is in flight, it would answer that one. So such a rejection is kept until
    neither is the case, and dropped when the order has ended by then.
    """

    def __init__(self, stream: Stream, *, msgbus: MessageBus, cache: CacheFacade, clock: Clock) -> None:
        self._stream = stream
        self._msgbus = msgbus
        self._cache = cache
        self._clock = clock
        self._late: list[tuple[str, Kind, str]] = []

    def denied(self, order: Order, reason: str) -> None:
        """Tell that the order was denied, unless it has ended or was sent."""
        if order.status in UNSENT:
            now_ns = self._clock.timestamp_ns()
            self._publish(
                OrderDenied(
                    order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, reason, UUID4(), now_ns
                )
            )

    def canceled(self, order: Order) -> None:
        """Tell that the order, which was never sent, is cancelled."""
        if order.status in UNSENT:
            self._publish(OrderCanceled(*_of(order), None, None, UUID4(), *self._stamps()))

    def updated(self, order: Order, outcome: Outcome) -> None:
        """Tell that the order, which was not sent yet, has the outcome's terms."""
        instrument = self._cache.instrument(order.instrument_id)
        terms = (
            order.quantity if outcome.quantity is None else quantity(outcome.quantity, instrument.size_precision),
            None if outcome.price is None else price(outcome.price, instrument.price_precision),
            None if outcome.trigger_price is None else price(outcome.trigger_price, instrument.price_precision),
        )
        self._publish(OrderUpdated(*_of(order), None, None, *terms, UUID4(), *self._stamps()))

    def rejected(self, key: str, kind: Kind, reason: str) -> None:
        """Tell that a change or a cancel was rejected, as soon as that can be told."""
        self._late.append((key, kind, reason))
        self.tell_late()

    @property
    def are_late(self) -> bool:
        """Whether a rejection is kept until it can be told."""
        return bool(self._late)

    def tell_late(self) -> None:
        """Publish the rejections that need wait no longer."""
        if not self._late:
            return
        kept, self._late = self._late, []
        for each in kept:
            key, kind, reason = each
            order = self._cache.order(ClientOrderId(key))
            if order is None or order.is_closed:
                continue
            if self._must_wait(order, kind):
                self._late.append(each)
            else:
                venue = order.venue_order_id, order.account_id
                self._publish(_REJECTIONS[kind](*_of(order), *venue, reason, UUID4(), *self._stamps()))

    def _must_wait(self, order: Order, kind: Kind) -> bool:
        if order.status not in UNSENT and order.venue_order_id is None and not order.filled_qty.raw:
            return True
        flying = self._stream.context.in_flight(order.client_order_id.value)
        return flying is not None and flying.kind == kind

    def _publish(self, event: Any) -> None:  # noqa: ANN401 - any of Nautilus's order events
        self._msgbus.send(endpoint="ExecEngine.process", msg=event)

    def _stamps(self) -> tuple[int, int]:
        now_ns = self._clock.timestamp_ns()
        return now_ns, now_ns


def _of(order: Order) -> tuple[Any, Any, Any, Any]:
    return order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id
