"""Where a node stands, and what its engine's cache holds, as plain values that any reader of JSON understands."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.stopping.adapters import Adapters
from tc.engines.nautilus.live.watching.watch import Watch
from tc.engines.nautilus.seams import HasKernel
from tc.engines.nautilus.translate import exact
from tc.ports import NodeState, Stream

_MOST_SHOWN = 100


class Status:
    """Says where a node stands; amounts are decimal texts, ages are seconds."""

    def __init__(self, node: HasKernel, stream: Stream, recorder: LiveRecorder, watch: Watch, *, run_id: str) -> None:
        self._kernel = node.kernel
        self._stream = stream
        self._recorder = recorder
        self._watch = watch
        self._adapters = Adapters(node)
        self._run_id = run_id
        self.state: NodeState | None = None
        self.problem = ""
        self.watched_only = ""

    def snapshot(self) -> Mapping[str, Any]:
        """Return where the node stands now."""
        kernel, context = self._kernel, self._stream.context
        now_ns = kernel.clock.timestamp_ns()
        orders = list(context.open_orders())
        return {
            "run_id": self._run_id,
            "state": self.state,
            "at_ns": now_ns,
            "position": int(context.position),
            "kill_switch": context.kill_switch,
            "rows": self._recorder.rows,
            "open_orders_count": len(orders),
            "open_orders": [_order(each) for each in orders[:_MOST_SHOWN]],
            "positions": {each.position_id: str(each.signed_quantity) for each in context.positions()},
            "waiting": context.pending_count,
            "in_flight": sum(1 for _ in context.commands_in_flight()),
            "staleness_s": {
                f"{instrument_id} {channel}": (now_ns - seen_ns) / 1e9
                for (instrument_id, channel), seen_ns in sorted(self._recorder.last_seen_ns.items())
            },
            "connected": {
                "data": kernel.data_engine.check_connected(),
                "execution": kernel.exec_engine.check_connected(),
            },
            "queues": self._adapters.queue_sizes(),
            "under_way": list(self._adapters.under_way())[:_MOST_SHOWN],
            "lag_s": self._watch.lag_s,
            "longest_lag_s": self._watch.longest_lag_s,
            "contradictions": self._recorder.contradictions,
            "elsewhere": asdict(self._recorder.elsewhere),
            "problem": self.problem,
            "watched_only": self.watched_only,
        }

    def holdings(self) -> Mapping[str, Any]:
        """Return the orders, positions and balances of Nautilus's own cache: its view, beside the journal's and the venue's."""
        cache = self._kernel.cache
        return {
            "at_ns": self._kernel.clock.timestamp_ns(),
            "orders": [_cached_order(each) for each in cache.orders()],
            "positions": {
                each.id.value: {"instrument_id": each.instrument_id.value, "quantity": str(_signed(each))}
                for each in cache.positions_open()
            },
            "balances": {
                currency.code: str(exact(total))
                for account in cache.accounts()
                for currency, total in account.balances_total().items()
            },
        }


def _order(order: Any) -> dict[str, Any]:  # noqa: ANN401 - the Core's order
    return {
        "key": order.terms.client_order_id,
        "side": order.terms.side,
        "quantity": str(order.quantity),
        "filled": str(order.filled),
        "price": None if order.price is None else str(order.price),
        "status": order.status,
    }


def _cached_order(order: Any) -> dict[str, Any]:  # noqa: ANN401 - a Nautilus order
    return {
        "key": order.client_order_id.value,
        "instrument_id": order.instrument_id.value,
        "venue_order_id": None if order.venue_order_id is None else order.venue_order_id.value,
        "side": order.side_string(),
        "quantity": str(exact(order.quantity)),
        "filled": str(exact(order.filled_qty)),
        "price": str(exact(order.price)) if order.has_price else None,
        "trigger_price": str(exact(order.trigger_price)) if order.has_trigger_price else None,
        "status": order.status_string(),
        "fills": [
            {
                "trade_id": each.trade_id.value,
                "quantity": str(exact(each.last_qty)),
                "price": str(exact(each.last_px)),
                "commission": str(exact(each.commission)),
                "currency": each.commission.currency.code,
            }
            for each in order.events
            if type(each).__name__ == "OrderFilled"
        ],
    }


def _signed(position: Any) -> Any:  # noqa: ANN401
    quantity = exact(position.quantity)
    return -quantity if position.is_short else quantity
