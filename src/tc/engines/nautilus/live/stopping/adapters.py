"""What is under way between Nautilus and the venue: commands in queues, adapters' tasks, and retries that would send again."""

from collections.abc import Callable, Iterator
from typing import Any

from nautilus_trader.model.enums import OrderStatus

from tc.engines.nautilus.seams import HasKernel

_SENDS = ("submit_order", "modify_order")
_COMMANDS = (*_SENDS, "cancel_order", "cancel_all", "batch_cancel")


class Adapters:
    """Sees what a node's execution clients are doing, and ends their retries. Nautilus has no public way to either."""

    def __init__(self, node: HasKernel) -> None:
        self._kernel = node.kernel

    def queue_sizes(self) -> dict[str, int]:
        """Return how much waits in each of Nautilus's queues."""
        kernel = self._kernel
        return {
            "data": kernel.data_engine.data_qsize(),
            "risk_commands": kernel.risk_engine.cmd_qsize(),
            "risk_events": kernel.risk_engine.evt_qsize(),
            "execution_commands": kernel.exec_engine.cmd_qsize(),
            "execution_events": kernel.exec_engine.evt_qsize(),
        }

    def under_way(self) -> tuple[str, ...]:
        """Return what may still reach the venue or come back from it, in words; nothing when all is quiet."""
        sizes = self.queue_sizes()
        waiting = [f"{sizes[name]} in the queue of {name}" for name in sizes if name != "data" and sizes[name]]
        tasks = [f"the adapter's task {name}" for name in self._tasks()]
        orders = [f"order {each.client_order_id.value} is {each.status_string()}" for each in self._unacknowledged()]
        return (*waiting, *tasks, *orders)

    def end_retries(self, is_spared: Callable[[str], bool]) -> int:
        """Let no submit or change that failed be sent again, save for the order keys that are spared; return how many."""
        ended = 0
        for manager in list(self._retries()):
            if manager.name in _SENDS and not is_spared(manager.details[0].value) and not manager.cancel_event.is_set():
                _end(manager)
                ended += 1
        return ended

    def _clients(self) -> list[Any]:
        return list(self._kernel.exec_engine._clients.values())  # noqa: SLF001 - see the class

    def _tasks(self) -> Iterator[str]:
        for client in self._clients():
            for task in list(client._tasks):  # noqa: SLF001
                name = task.get_name()
                if not task.done() and name.startswith(_COMMANDS):
                    yield name.partition(":")[0]

    def _retries(self) -> Iterator[Any]:
        for client in self._clients():
            pool = getattr(client, "_retry_manager_pool", None)
            if pool is not None:
                yield from pool._active_managers  # noqa: SLF001

    def _unacknowledged(self) -> list[Any]:
        pending = (OrderStatus.SUBMITTED, OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL)
        return [order for order in self._kernel.cache.orders_inflight() if order.status in pending]


def _end(manager: Any) -> None:  # noqa: ANN401 - Nautilus's RetryManager
    """End a retry. A manager is used again, and Nautilus forgets to take its end back: it is taken back when it is cleared."""
    clear = manager.clear

    def cleared() -> None:
        manager.cancel_event.clear()
        del manager.clear
        clear()

    manager.clear = cleared
    manager.cancel()
