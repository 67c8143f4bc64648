"""The gate in front of a node that is not ours: it observes and lets everything pass, or judges and stays closed when we fail."""

from contextlib import suppress
from typing import Any

from nautilus_trader.execution.messages import ModifyOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from tc.engines.nautilus.gate import TAKEN, Handler, Mode
from tc.engines.nautilus.live.gate import LiveGate
from tc.engines.nautilus.live.home import GuardedHome
from tc.engines.nautilus.seams import HasKernel, Recording
from tc.engines.nautilus.strategy_overrides import override
from tc.ports import Stream

_ASKS = (SubmitOrder, SubmitOrderList, ModifyOrder)
"""What can add risk; everything else cancels, or asks the venue."""

OF_ANOTHER = "this run's gate knows another instrument only"


class AttachedGate(LiveGate):
    """A gate that never keeps a command which it only observes, and that fails closed where it judges.

    With ``observe`` each command goes on in the thread that gave it, whatever becomes of its record. With ``on``, once it is
    closed, and for instruments that the run does not know, what can add risk is denied; cancels and what only shrinks a
    position pass.

    Parameters
    ----------
    node, recorder, stream, mode, home
        As the live gate's.
    only
        The run's one instrument.

    """

    def __init__(
        self, node: HasKernel, recorder: Recording, stream: Stream, *, mode: Mode, home: GuardedHome, only: InstrumentId
    ) -> None:
        super().__init__(node, recorder, stream, mode=mode, home=home)
        self._here = home
        self._only = only
        self._closed = ""
        self._overridden: set[Any] = set()

    def attach(self) -> None:
        """Take every command from now on."""
        self._overridden.update(each.id for each in self._engine.kernel.trader.strategies())
        super().attach()

    def take_in(self) -> None:
        """Stand also in front of strategies and algorithms that were added since."""
        trader = self._engine.kernel.trader
        for algorithm in trader.exec_algorithms():
            endpoint = f"{algorithm.id}.execute"
            if all(endpoint != wrapped for wrapped, _, _ in self._wrapped):
                self._wrap(endpoint, algorithm.execute)
        if self._mode == "on":
            for strategy in trader.strategies():
                if strategy.id not in self._overridden:
                    self._overridden.add(strategy.id)
                    override(strategy, self)

    @property
    def is_judging(self) -> bool:
        """Whether commands wait here for what the Core decides."""
        return self._mode == "on"

    def detach(self) -> None:
        """Take no command any more; a bus that was disposed of has forgotten us already."""
        with suppress(KeyError):
            super().detach()

    def leave(self, *, lets_go: bool) -> None:
        """Take no command any more; a gate that judges only goes where it is let go, else it stays closed."""
        if lets_go or not self.is_judging:
            self.detach()
        elif not self._closed:
            self.close("the recording of this run has ended")

    def close(self, why: str) -> None:
        """Ask nobody any more. What waits here is answered: orders and changes with no, while cancels are sent."""
        self._closed = why
        sent: set[Any] = set()
        for key, kind, asked in self._ledger.everything():
            if kind == "NEW" and asked.order is not None:
                self.adapter.answers.denied(asked.order, why)
            elif kind == "REPLACE" and asked.command is not None:
                self.adapter.answers.rejected(key, kind, why)
            elif asked.command is not None and asked.command.id not in sent:
                sent.add(asked.command.id)
                self._engine.kernel.exec_engine.execute(asked.command)

    def _take(self, command: Any, endpoint: str, theirs: Handler) -> None:  # noqa: ANN401
        if self._mode == "observe":
            self._observe(command, is_last=endpoint == "ExecEngine.execute")
            theirs(command)
        else:
            self._here.bring(self._judge, command, endpoint, theirs)

    def _judge(self, command: Any, endpoint: str, theirs: Handler) -> None:  # noqa: ANN401
        if self._closed or self._is_elsewhere(command):
            self._refuse_risk(command, theirs)
        else:
            self._here.guard(super(LiveGate, self)._take)(command, endpoint, theirs)

    def _observe(self, command: Any, *, is_last: bool) -> None:  # noqa: ANN401
        passes = self.adapter.passes
        if command.id in passes:
            if is_last:
                passes.discard(command.id)
        elif isinstance(command, TAKEN) and not (self._closed or self._is_elsewhere(command)):
            if not is_last:
                passes.add(command.id)
            self._home.run(self._request, command)

    def _is_elsewhere(self, command: Any) -> bool:  # noqa: ANN401
        instrument_id = getattr(command, "instrument_id", None)
        return instrument_id is not None and instrument_id != self._only

    def _refuse_risk(self, command: Any, theirs: Handler) -> None:  # noqa: ANN401
        passes = self.adapter.passes
        if not isinstance(command, _ASKS) or command.id in passes or self._only_shrinks(command):
            theirs(command)
        else:
            self._deny(command)

    def _only_shrinks(self, command: Any) -> bool:  # noqa: ANN401
        """Say whether every order of a command can do nothing but shrink what is held, by Nautilus's own books."""
        orders = _orders_of(command)
        return bool(orders) and all(order.is_reduce_only and self._shrinks(order) for order in orders)

    def _shrinks(self, order: Order) -> bool:
        held = sum(each.signed_decimal_qty() for each in self._cache.positions_open(instrument_id=order.instrument_id))
        wanted = order.signed_decimal_qty()
        return bool(wanted * held < 0 and abs(wanted) <= abs(held))

    def _deny(self, command: Any) -> None:  # noqa: ANN401
        reason = self._closed or OF_ANOTHER
        if isinstance(command, ModifyOrder):
            self.adapter.answers.rejected(command.client_order_id.value, "REPLACE", reason)
        for order in _orders_of(command):
            self.adapter.answers.denied(order, reason)


def _orders_of(command: Any) -> list[Order]:  # noqa: ANN401
    if isinstance(command, SubmitOrderList):
        return list(command.order_list.orders)
    return [command.order] if isinstance(command, SubmitOrder) else []
