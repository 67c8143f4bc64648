"""ProcessingContext: the read-only view of State that readers are given."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from tc.core.configuration import CoreConfiguration
from tc.core.entry import ProcessingPosition
from tc.core.events import AccountUpdated
from tc.core.state import slots
from tc.core.state.model import Order, Position, State
from tc.core.state.orders import find


class ProcessingContext:
    """What may be read of a stream at one position: projections of immutable values, never State itself."""

    __slots__ = ("_configuration", "_state")

    def __init__(self, state: State, configuration: CoreConfiguration) -> None:
        self._state = state
        self._configuration = configuration

    @property
    def position(self) -> ProcessingPosition:
        """The last position processed; 0 before the first entry."""
        return ProcessingPosition(self._state.position)

    @property
    def stream_time_ns(self) -> int:
        """The highest local stamp seen so far, in nanoseconds since the epoch."""
        return self._state.stream_time_ns

    @property
    def configuration(self) -> CoreConfiguration:
        """The configuration that the stream is processed under."""
        return self._configuration

    @property
    def market_rows(self) -> int:
        """How many rows of market data were processed."""
        return self._state.market.rows

    @property
    def trading_state(self) -> str:
        """The engine's trading state: ``ACTIVE``, ``REDUCING`` or ``HALTED``."""
        return self._state.control.trading_state

    @property
    def run_status(self) -> str:
        """Where the run stands: ``none``, ``running``, ``completed``, ``stopped`` or ``failed``."""
        return self._state.control.run

    def order(self, client_order_id: str) -> Order | None:
        """Return an Order, open or closed and still kept, or None."""
        return find(self._state.execution.orders, client_order_id)

    def open_orders(self) -> Iterator[Order]:
        """Iterate the open Orders in the order of their ids."""
        return (order for _, order in slots.items(self._state.execution.orders.open))

    def position_of(self, position_id: str) -> Position | None:
        """Return an open position, or None when it is flat."""
        return slots.get(self._state.execution.holdings.positions, position_id)

    def positions(self) -> Iterator[Position]:
        """Iterate the open positions in the order of their ids."""
        return (position for _, position in slots.items(self._state.execution.holdings.positions))

    def realized(self) -> Mapping[str, Decimal]:
        """Return, by instrument, sales less purchases of all positions that became flat, before the contract's multiplier."""
        return MappingProxyType(self._state.execution.holdings.realized)

    def commissions(self) -> Mapping[str, Decimal]:
        """Return the commissions paid, by currency."""
        return MappingProxyType(self._state.execution.holdings.commissions)

    def accounts(self) -> Mapping[str, AccountUpdated]:
        """Return the latest state of each account."""
        return MappingProxyType(self._state.execution.accounts)

    def anomaly_counts(self) -> Mapping[str, int]:
        """Return how often each kind of anomaly occurred."""
        return MappingProxyType(self._state.execution.anomaly_counts)
