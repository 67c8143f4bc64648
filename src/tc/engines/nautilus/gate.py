"""The gate in front of Nautilus: every command of a strategy's becomes a request Event, and goes on when the Core sends it."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from msgspec.structs import astuple
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.events import OrderDenied, OrderInitialized
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from tc.core.events import CancelRequested, Event, MarketObserved, ModifyRequested, SubmitRequested
from tc.engines.nautilus.adapter import NautilusAdapter
from tc.engines.nautilus.control_timer import ControlTimer
from tc.engines.nautilus.duplicates import NAMING, is_duplicate
from tc.engines.nautilus.ledger import Asked, Ledger
from tc.engines.nautilus.reactions import Reactions
from tc.engines.nautilus.seams import HasKernel, MakeTimer, Recording
from tc.engines.nautilus.strategy_overrides import override
from tc.engines.nautilus.translate import exact
from tc.ports import Stream

Mode = Literal["on", "observe"]
Handler = Callable[[Any], None]

_CANCELS = (CancelOrder, CancelAllOrders, BatchCancelOrders)
TAKEN = (SubmitOrder, SubmitOrderList, ModifyOrder, *_CANCELS)
_BEFORE_STRATEGIES = 15
"""After the recorder, and before Nautilus's own engines and every strategy."""
_AFTER_STRATEGIES = 0
"""Of subscriptions of one priority, Nautilus serves the earlier first: a strategy subscribes when it is added."""


class Gate:
    """Stands at every endpoint that takes commands: of the risk engine, the execution engine, the emulator and each algorithm.

    With ``on``, a command is put to the Core and held here; the adapter sends it when a Decision says so. One that comes by
    again on its way from the risk engine to the execution engine is known by its id, which holds in a live node, too, where
    the engines queue commands. What reaches the execution engine otherwise, such as an order that the emulator releases, is
    put to the Core like any other. With ``observe``, a command is recorded and goes on at once.

    Parameters
    ----------
    engine, recorder, stream
        Where commands come from and go, and who records and decides.
    mode
        ``on`` or ``observe``.
    is_synchronous, timer
        As the adapter's.

    """

    def __init__(
        self,
        engine: HasKernel,
        recorder: Recording,
        stream: Stream,
        *,
        mode: Mode,
        is_synchronous: bool = True,
        timer: MakeTimer = ControlTimer,
    ) -> None:
        kernel = engine.kernel
        self._engine = engine
        self._recorder = recorder
        self._stream = stream
        self._mode = mode
        self._cache = kernel.cache
        self._clock = kernel.clock
        self._msgbus = kernel.msgbus
        self._ledger = Ledger()
        self._seen: dict[InstrumentId, tuple[Any, ...]] = {}
        self._wrapped: list[tuple[str, Handler, Handler]] = []
        self._reactions = Reactions()
        self.adapter = NautilusAdapter(
            engine,
            stream,
            recorder,
            self._ledger,
            to_risk=kernel.risk_engine.execute,
            to_exec=kernel.exec_engine.execute,
            is_synchronous=is_synchronous,
            timer=timer,
        )

    def attach(self) -> None:
        """Take every command from now on; call it when strategies and algorithms are added and nothing runs yet."""
        kernel = self._engine.kernel
        self._wrap("RiskEngine.execute", kernel.risk_engine.execute)
        self._wrap("ExecEngine.execute", kernel.exec_engine.execute)
        self._wrap("OrderEmulator.execute", kernel.emulator.execute)
        for algorithm in kernel.trader.exec_algorithms():
            self._wrap(f"{algorithm.id}.execute", algorithm.execute)
        self._recorder.replace_by(self.adapter.recorded)
        self._msgbus.subscribe("events.order.*", self._before_strategies, priority=_BEFORE_STRATEGIES)
        if self._mode == "on":
            for strategy in kernel.trader.strategies():
                override(strategy, self)
            self._msgbus.subscribe("events.order.*", self._after_strategies, priority=_AFTER_STRATEGIES)
        self._stream.attach(self.adapter)

    def detach(self) -> None:
        """Take no command any more, and ring no timer."""
        self.adapter.clear_timer()
        for endpoint, ours, theirs in self._wrapped:
            self._msgbus.deregister(endpoint, ours)
            if theirs is not _nobody:
                self._msgbus.register(endpoint, theirs)
        self._wrapped.clear()

    def require_end(self) -> None:
        """Raise EngineError if a strategy went on asking at one instant, and did not let the run end by it."""
        self._reactions.require_end()

    def unsent(self, strategy: Any, **which: Any) -> list[Order]:  # noqa: ANN401 - a Nautilus strategy; instrument_id, side
        """Return the strategy's orders that are held here."""
        return self._ledger.unsent(strategy.id, **which)

    def annihilate(self, orders: Iterable[Order]) -> None:
        """Ask for the cancel of orders that are held here: each vanishes with its cancel, and the strategy is told."""
        keys = tuple(order.client_order_id.value for order in orders)
        if keys:
            for key in keys:
                self._ledger.ask(key, "CANCEL", Asked(None))
            now_ns = self._clock.timestamp_ns()
            self._recorder.put(CancelRequested(now_ns, now_ns, keys))

    def _wrap(self, endpoint: str, theirs: Handler) -> None:
        def ours(command: Any) -> None:  # noqa: ANN401
            self._take(command, endpoint, theirs)

        if theirs is not _nobody:
            self._msgbus.deregister(endpoint, theirs)
        self._msgbus.register(endpoint, ours)
        self._wrapped.append((endpoint, ours, theirs))

    def _take(self, command: Any, endpoint: str, theirs: Handler) -> None:  # noqa: ANN401
        """Put a command to the Core, unless it was already, or asks for nothing at the venue (a query)."""
        passes = self.adapter.passes
        is_last = endpoint == "ExecEngine.execute"
        if command.id in passes:
            if is_last:
                passes.discard(command.id)
            theirs(command)
        elif not isinstance(command, TAKEN):
            theirs(command)
        elif self._mode == "observe":
            self._request(command)
            if not is_last:
                passes.add(command.id)
            theirs(command)
        else:
            if self.adapter.is_answering:
                self._reactions.count(command.strategy_id, self._clock.timestamp_ns())
            self._request(command, is_released=is_last)

    def _request(self, command: Any, *, is_released: bool = False) -> None:  # noqa: ANN401
        now_ns = self._clock.timestamp_ns()
        if isinstance(command, _CANCELS):
            cancels = self._cancels(command)
            if not cancels:
                return
            for key, each in cancels:
                self._ask(key, "CANCEL", Asked(each))
            self._recorder.put(CancelRequested(now_ns, command.ts_init, tuple(key for key, _ in cancels)))
            return
        if isinstance(command, ModifyOrder):
            key = command.client_order_id.value
            self._ask(key, "REPLACE", Asked(command))
            terms = (command.quantity, command.price, command.trigger_price)
            asked = ModifyRequested(now_ns, command.ts_init, key, *(None if each is None else exact(each) for each in terms))
            self._recorder.put(*self._observed({command.instrument_id}, now_ns), asked)
            return
        orders = command.order_list.orders if isinstance(command, SubmitOrderList) else [command.order]
        for order in orders:
            self._ask(order.client_order_id.value, "NEW", Asked(command, order, is_released))
        submit = SubmitRequested(now_ns, command.ts_init, tuple(order.client_order_id.value for order in orders))
        self._recorder.put(*self._observed({order.instrument_id for order in orders}, now_ns), submit)

    def _ask(self, key: str, kind: Literal["NEW", "REPLACE", "CANCEL"], asked: Asked) -> None:
        if self._mode == "on":
            self._ledger.ask(key, kind, asked)

    def _cancels(self, command: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - a command that cancels
        """Return every order that the command cancels, with the command that says so."""
        if isinstance(command, CancelOrder):
            return [(command.client_order_id.value, command)]
        if isinstance(command, BatchCancelOrders):
            return [(each.client_order_id.value, each) for each in command.cancels]
        which = {"instrument_id": command.instrument_id, "strategy_id": command.strategy_id, "side": command.order_side}
        known = {
            order.client_order_id.value: order
            for orders in (
                self._cache.orders_open(None, **which),
                self._cache.orders_inflight(None, **which),
                self._ledger.unsent(command.strategy_id, command.instrument_id, command.order_side),
            )
            for order in orders
        }
        return [(key, command) for key, _ in sorted(known.items(), key=lambda each: (each[1].ts_init, each[0]))]

    def _observed(self, instrument_ids: Iterable[InstrumentId], now_ns: int) -> list[Event]:
        """Return what is to be recorded of the market before a request: what changed since it was last recorded."""
        found: list[Event] = []
        for instrument_id in sorted(instrument_ids):
            observation = self.adapter.market.observed(instrument_id, now_ns)
            if observation is not None and self._is_new(instrument_id, observation):
                found.append(observation)
        return found

    def _is_new(self, instrument_id: InstrumentId, observation: MarketObserved) -> bool:
        said = astuple(observation)[1:]
        if self._seen.get(instrument_id) == said:
            return False
        self._seen[instrument_id] = said
        return True

    def _before_strategies(self, event: Any) -> None:  # noqa: ANN401 - any order event
        """Look at an order before its command comes: it may have no endpoint, or the id of another order."""
        kind = type(event)
        if kind not in NAMING:
            return
        if kind is OrderInitialized and self._mode == "on" and event.exec_algorithm_id is not None:
            self._cover(f"{event.exec_algorithm_id}.execute")
        if is_duplicate(event, self._cache):
            self._duplicated(event)

    def _cover(self, endpoint: str) -> None:
        """Stand where an execution algorithm would that is not there: Nautilus would drop its commands with a line in the log."""
        if all(endpoint != wrapped for wrapped, _, _ in self._wrapped):
            self._wrap(endpoint, _nobody)

    def _duplicated(self, event: Any) -> None:  # noqa: ANN401 - the creation or the denial of a second order under an id
        """Put a second order under an id to the Core, which denies it as Nautilus does; no command of it ever comes.

        When Nautilus denies it, its cache holds the first one to be closed. Behind a gate that is put right.
        """
        if type(event) is OrderDenied:
            if self._mode == "on":
                self._cache.update_order(self._cache.order(event.client_order_id))
            return
        self._recorder.put()
        key = event.client_order_id.value
        if self._stream.context.terms(key) is not None:
            self._ask(key, "NEW", Asked(None))
            self._recorder.put(SubmitRequested(self._clock.timestamp_ns(), event.ts_init, (key,)))

    def _after_strategies(self, event: Any) -> None:  # noqa: ANN401, ARG002 - any order event
        if self.adapter.answers.are_late:
            self._recorder.put()
            self.adapter.answers.tell_late()


def _nobody(command: Any) -> None:  # noqa: ANN401
    """Take a command at an endpoint that has no handler of Nautilus's: nothing comes of it."""
