"""The ops actor: the one component of ours in a node; it sees to it that a Core-native strategy has market data."""

from typing import TYPE_CHECKING

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.identifiers import InstrumentId

if TYPE_CHECKING:
    from collections.abc import Callable

COMPONENT = "TC-OPS"


class OpsActor(Actor):
    """Starts when the node is connected and reconciled, before any strategy; subscribes for a strategy that cannot.

    ``take_over`` is called first of all: nothing has acted yet. ``stopping`` is called when the node stops, before its
    strategies do, and ``disposed`` last of all.
    """

    def __init__(self, instrument_ids: tuple[str, ...]) -> None:
        super().__init__(ActorConfig(component_id=COMPONENT))
        self._watched = tuple(InstrumentId.from_str(each) for each in instrument_ids)
        self.take_over: Callable[[], object] = _nothing
        self.stopping: Callable[[], object] = _nothing
        self.disposed: Callable[[], object] = _nothing

    def on_start(self) -> None:
        """Take over what the venue holds, and subscribe."""
        self.take_over()
        for instrument_id in self._watched:
            self.subscribe_quote_ticks(instrument_id)
            self.subscribe_trade_ticks(instrument_id)

    def on_stop(self) -> None:
        """Say that the node stops."""
        self.stopping()

    def on_dispose(self) -> None:
        """Say that the node is disposed of."""
        self.disposed()


def _nothing() -> None:
    """Do nothing."""
