"""How a node stops: its strategies first, then its orders and positions as its request says; all of it through the gate."""

import asyncio
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.model.enums import OrderStatus

from tc.engines.nautilus.live.stopping.kill import Kill
from tc.engines.nautilus.seams import HasKernel
from tc.ports import OnStop, Stream

_PAUSE_S = 0.01


class WindingDown:
    """Stops a node's strategies, and cancels or flattens what they leave.

    Parameters
    ----------
    node, stream
        The node, and who decides.
    kill
        Its kill switch: what that holds back stays as it is, and a flatten is its.
    is_native
        Whether the strategy is the Runtime's: nothing but the gate stops that one.

    """

    def __init__(self, node: HasKernel, stream: Stream, kill: Kill, *, is_native: bool) -> None:
        self._kernel = node.kernel
        self._stream = stream
        self._kill = kill
        self._is_native = is_native

    async def done(self, on_stop: OnStop, *, within_s: float) -> tuple[str, ...]:
        """Do it, and return what could not be done in time, in words."""
        killed = self._kill.mode
        if self._kernel.trader.is_running:
            self._kernel.trader.stop()
        if self._is_native:
            self._kill.hold("the run stops")
        try:
            async with asyncio.timeout(within_s):
                await self._kill.done()
                if killed == "flatten":
                    return self._kill.left
                if on_stop == "flatten" and self._kill.ask("flatten", "on_stop: flatten", "node"):
                    await self._kill.done()
                    return self._kill.left
                if on_stop != "leave" and killed != "halt_all":
                    await self._cancelled()
                await self._kill.quiet()
        except TimeoutError:
            return self.left()
        return self.left() if on_stop != "leave" else ()

    async def _cancelled(self) -> None:
        """Cancel until nothing is open: a strategy's last orders may still be on their way."""
        while self._open() or self._kill.under_way():
            for order in self._open():
                if order.status != OrderStatus.PENDING_CANCEL and not self._is_cancelling(order.client_order_id.value):
                    self._kernel.msgbus.send(endpoint="ExecEngine.execute", msg=self._cancel(order))
            await asyncio.sleep(_PAUSE_S)

    def _open(self) -> list[Any]:
        orders: list[Any] = self._kernel.cache.orders_open()
        return orders

    def _is_cancelling(self, key: str) -> bool:
        context = self._stream.context
        return any(each is not None and each.kind == "CANCEL" for each in (context.pending(key), context.in_flight(key)))

    def _cancel(self, order: Any) -> CancelOrder:  # noqa: ANN401 - a Nautilus order
        return CancelOrder(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            command_id=UUID4(),
            ts_init=self._kernel.clock.timestamp_ns(),
        )

    def left(self) -> tuple[str, ...]:
        """Return what is open or under way, in words."""
        return (*(f"order {each.client_order_id.value} is open" for each in self._open()), *self._kill.under_way())
