"""The gate in front of a live node's engines: the same gate, with every command brought home to the loop's thread."""

from collections.abc import Iterable
from typing import Any

from nautilus_trader.model.orders import Order

from tc.engines.nautilus.gate import Gate, Handler, Mode
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.seams import HasKernel, Recording
from tc.ports import Stream


class LiveGate(Gate):
    """A gate whose engines queue commands, and whose strategies may act on other threads than the loop's."""

    def __init__(self, node: HasKernel, recorder: Recording, stream: Stream, *, mode: Mode, home: Home) -> None:
        super().__init__(node, recorder, stream, mode=mode, is_synchronous=False, timer=home.timer)
        self._home = home

    def annihilate(self, orders: Iterable[Order]) -> None:
        """Ask for the cancel of orders that are held here."""
        self._home.run(super().annihilate, tuple(orders))

    def _take(self, command: Any, endpoint: str, theirs: Handler) -> None:  # noqa: ANN401
        self._home.run(super()._take, command, endpoint, theirs)

    def _before_strategies(self, event: Any) -> None:  # noqa: ANN401
        self._home.run(super()._before_strategies, event)

    def _after_strategies(self, event: Any) -> None:  # noqa: ANN401
        self._home.run(super()._after_strategies, event)
