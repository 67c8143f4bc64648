"""What Nautilus took over from the venue before trading starts, as the one snapshot with which the stream knows it."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from tc.core import CoreConfiguration, ProcessingContext
from tc.core.events import AccountUpdated, KillMode, SnapshotOrder, SnapshotPosition, SnapshotTaken
from tc.engines.nautilus.commands import nautilus_strategy_id
from tc.engines.nautilus.gate import Gate
from tc.engines.nautilus.seams import HasKernel
from tc.engines.nautilus.translate import account_snapshot, account_updated, exact, initialized
from tc.runtime.native import strategy_name

_SOURCE = "venue"


def taken_over(node: HasKernel, kill_switch: KillMode) -> SnapshotTaken:
    """Return the kill switch, and the orders, positions and balances that Nautilus's cache holds after its reconciliation."""
    kernel = node.kernel
    now_ns = kernel.clock.timestamp_ns()
    cache = kernel.cache
    orders = sorted(cache.orders_open(), key=lambda each: each.client_order_id.value)
    positions = sorted(cache.positions_open(), key=lambda each: each.id.value)
    return SnapshotTaken(
        now_ns,
        now_ns,
        _SOURCE,
        kill_switch,
        tuple(_order(each, _account_id(cache, each)) for each in orders),
        tuple(_position(each) for each in positions),
        tuple(_account(each) for each in sorted(cache.accounts(), key=lambda each: each.id.value)),
    )


def unknown_part(snapshot: SnapshotTaken, context: ProcessingContext) -> SnapshotTaken:
    """Return of a snapshot what the stream does not know yet: neither its own orders, nor the position that it holds."""
    held = {each.instrument_id for each in context.positions()}
    return replace(
        snapshot,
        orders=tuple(each for each in snapshot.orders if context.terms(each.terms.client_order_id) is None),
        positions=tuple(each for each in snapshot.positions if each.instrument_id not in held),
    )


def claim(
    node: HasKernel, configuration: CoreConfiguration, instrument_id: str, strategy: Strategy | None, gate: Gate | None
) -> None:
    """Let Nautilus meet an instrument's orders and position as those of the strategy that had them before the node was gone."""
    name = strategy_name(configuration)
    owner = nautilus_strategy_id(name) if strategy is None else strategy.id
    node.kernel.exec_engine._external_order_claims[InstrumentId.from_str(instrument_id)] = owner  # noqa: SLF001 - no other way
    if strategy is None and gate is not None:
        gate.adapter.rename(owner, name)


def _account_id(cache: Any, order: Any) -> str:  # noqa: ANN401
    """Return whose an order is: Nautilus does not say it of one that it has met at the venue."""
    account_id = order.account_id or cache.account_for_venue(order.instrument_id.venue).id
    return str(account_id.value)


def _order(order: Any, account_id: str) -> SnapshotOrder:  # noqa: ANN401
    return SnapshotOrder(
        initialized(order.init_event),
        account_id,
        order.venue_order_id.value,
        exact(order.quantity),
        exact(order.filled_qty),
    )


def _position(position: Any) -> SnapshotPosition:  # noqa: ANN401 - a Nautilus position
    """Return a position. Nautilus keeps its average price as a float: its shortest decimal is what the venue said."""
    quantity = exact(position.quantity)
    return SnapshotPosition(
        position.id.value,
        position.strategy_id.value,
        position.instrument_id.value,
        -quantity if position.is_short else quantity,
        quantity * Decimal(str(position.avg_px_open)),
    )


def _account(account: Any) -> AccountUpdated:  # noqa: ANN401 - a Nautilus account
    return account_updated(account_snapshot(account.last_event))
