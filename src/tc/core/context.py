"""ProcessingContext: the read-only view of State that readers are given."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from tc.core.configuration import CoreConfiguration
from tc.core.entry import ProcessingPosition
from tc.core.events import AccountUpdated, KillMode, OrderInitialized
from tc.core.risk.safeguards import time_denies
from tc.core.state import slots
from tc.core.state.market import price_of
from tc.core.state.model import NO_EXPOSURE, Exposure, InFlight, Order, Pending, Position, Reference, State
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

    def reference(self, instrument_id: str) -> Reference | None:
        """Return the latest observation of an instrument's market, or None before the first."""
        return self._state.market.references.get(instrument_id)

    def reference_price(self, instrument_id: str) -> Decimal | None:
        """Return the middle of bid and ask, else the last trade, else the one side that is known; None when nothing is."""
        reference = self._state.market.references.get(instrument_id)
        return None if reference is None else price_of(reference)

    def history(self, instrument_id: str) -> tuple[tuple[int, Decimal], ...]:
        """Return the prices kept of an instrument, (local stamp in nanoseconds, price), oldest first."""
        return self._state.market.history.get(instrument_id, ())

    def terms(self, key: str) -> OrderInitialized | None:
        """Return the terms as first stated of an order that is not yet sent, open, or closed and still kept."""
        orders = self._state.execution.orders
        order = find(orders, key)
        return slots.get(orders.unsubmitted, key) if order is None else order.terms

    def pending(self, key: str) -> Pending | None:
        """Return the command that waits under an order key, or None."""
        return slots.get(self._state.execution.queue.pending, key)

    def pending_commands(self) -> Iterator[Pending]:
        """Iterate the commands that wait, in the order of their keys."""
        return (pending for _, pending in slots.items(self._state.execution.queue.pending))

    @property
    def pending_count(self) -> int:
        """How many commands wait to be sent."""
        return self._state.execution.queue.size

    def in_flight(self, key: str) -> InFlight | None:
        """Return the command under an order key that was sent and is not yet answered, or None."""
        return slots.get(self._state.execution.queue.in_flight, key)

    def commands_in_flight(self) -> Iterator[InFlight]:
        """Iterate the commands that were sent and are not yet answered, in the order of their keys."""
        return (each for _, each in slots.items(self._state.execution.queue.in_flight))

    def exposure(self, instrument_id: str) -> Exposure:
        """Return what an instrument's position, open, in-flight and queued orders add up to."""
        return self._state.execution.exposures.get(instrument_id, NO_EXPOSURE)

    @property
    def kill_switch(self) -> KillMode:
        """The mode of the kill switch."""
        return self._state.control.safeguards.kill_switch

    def is_throttled(self, strategy_id: str) -> bool:
        """Say whether the repeated-execution throttle has switched a strategy off."""
        return strategy_id in self._state.control.safeguards.throttled

    @property
    def is_shut_out(self) -> bool:
        """Whether Risk denies all but cancels now, whatever is asked for: throttle, session, or the messages of the day."""
        gate, safeguards = self._configuration.gate, self._state.control.safeguards
        if gate is None or gate.mode != "on":
            return False
        return bool(safeguards.throttled) or time_denies(safeguards, self._state.stream_time_ns, gate.limits) is not None

    @property
    def strategy_failures(self) -> int:
        """At how many steps a Core-native strategy raised or returned what is no sequence of Intents."""
        return self._state.control.strategy_failures

    def anomaly_counts(self) -> Mapping[str, int]:
        """Return how often each kind of anomaly occurred."""
        return MappingProxyType(self._state.execution.anomaly_counts)
