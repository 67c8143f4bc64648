"""What a node is told of its venue's past: what ended before the run began is another run's, whatever its client order ids.

Client order ids are no proof of whose an order is: a Core-native strategy makes the same ones in each of its runs, and a venue
takes an id again once the order that had it is closed. NautilusTrader asks for the venue's whole history, and pairs by these ids.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.execution.reports import ExecutionMassStatus, OrderStatusReport

from tc.engines.nautilus.live.recording.settling import rewrite_no_history
from tc.engines.nautilus.seams import HasKernel

type _Ask = Callable[..., Awaitable[Any]]


def tell_only_this_run(node: HasKernel, since_ns: int) -> Callable[[], None]:
    """Let a node's execution clients report nothing that had ended before ``since_ns``; return what undoes it."""
    undoing = [_Told(client, node.kernel.cache, since_ns).undo for client in node.kernel.exec_engine._clients.values()]  # noqa: SLF001 - no other way

    def undo() -> None:
        for each in undoing:
            each()

    return undo


@contextmanager
def only_this_run(node: HasKernel, since_ns: int) -> Iterator[None]:
    """Do the same for a while, in a node that knows its position: its engine rewrites no history meanwhile."""
    undo = tell_only_this_run(node, since_ns)
    go_on_rewriting = rewrite_no_history(node.kernel.exec_engine)
    try:
        yield
    finally:
        go_on_rewriting()
        undo()


def is_of_this_run(report: OrderStatusReport, cache: CacheFacade, since_ns: int) -> bool:
    """Return whether a venue's report can be of an order that the run has seen, or has to see.

    An order that is open is, and one that something happened to since, by the venue's clock; but none that the venue accepted
    before the one that the node has under the same client order id.
    """
    known = None if report.client_order_id is None else cache.order(report.client_order_id)
    if known is None or known.venue_order_id is None:
        return report.is_open or report.ts_last >= since_ns
    if known.venue_order_id != report.venue_order_id and report.ts_accepted < known.ts_accepted:
        return False
    return report.is_open or known.is_open or report.ts_last >= since_ns


class _Told:
    """One execution client whose answers are sifted. Its own methods are set before those of its class, and taken away again."""

    def __init__(self, client: Any, cache: CacheFacade, since_ns: int) -> None:  # noqa: ANN401 - a Nautilus client
        self._client = client
        self._cache = cache
        self._since_ns = since_ns
        self._before: dict[str, Any] = {}
        self._set("generate_order_status_report", self._one)
        self._set("generate_order_status_reports", self._several)
        self._set("generate_mass_status", self._all)

    def undo(self) -> None:
        """Let it answer as it did."""
        for name, before in self._before.items():
            delattr(self._client, name) if before is None else setattr(self._client, name, before)

    def _set(self, name: str, sift: Callable[[Any], Any]) -> None:
        self._before[name] = vars(self._client).get(name)
        ask: _Ask = getattr(self._client, name)

        async def sifted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            return sift(await ask(*arguments, **named))

        setattr(self._client, name, sifted)

    def _is_ours(self, report: OrderStatusReport) -> bool:
        return is_of_this_run(report, self._cache, self._since_ns)

    def _one(self, report: OrderStatusReport | None) -> OrderStatusReport | None:
        return report if report is None or self._is_ours(report) else None

    def _several(self, reports: list[OrderStatusReport]) -> list[OrderStatusReport]:
        return [each for each in reports if self._is_ours(each)]

    def _all(self, status: ExecutionMassStatus | None) -> ExecutionMassStatus | None:
        """Leave out the fills of what was left out: NautilusTrader would explain today's position by them."""
        if status is not None:
            orders = status.order_reports
            fills = {
                order: [each for each in reports if order in orders or each.ts_event >= self._since_ns]
                for order, reports in status.fill_reports.items()
            }
            status._fill_reports = {order: reports for order, reports in fills.items() if reports}  # noqa: SLF001 - so does Nautilus
        return status
