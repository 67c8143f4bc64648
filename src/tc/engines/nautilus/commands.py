"""Nautilus's commands and orders from the Core's words: what is sent for a key, built anew where no strategy's command has it."""

from decimal import Decimal
from typing import Any

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrder
from nautilus_trader.model.enums import OrderSide, OrderType, PositionSide, TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder, MarketOrder, Order
from nautilus_trader.model.position import Position

from tc.core.decision import Outcome
from tc.core.events import OrderInitialized

_CORE_SUFFIX = "-CORE"


class UnsendableError(Exception):
    """Nautilus cannot have a command as it was asked for: it never left."""


def nautilus_strategy_id(strategy_id: str) -> StrategyId:
    """Return a strategy's id as Nautilus can have it: with a hyphen."""
    return StrategyId(strategy_id if "-" in strategy_id else strategy_id + _CORE_SUFFIX)


def price(value: Decimal, like: int) -> Price:
    """Return a price with at least so many decimal places: one that is finer keeps all of its own, and Nautilus denies it.

    Raises UnsendableError when it has more digits than Nautilus can hold.
    """
    try:
        return Price.from_str(_text(value, like))
    except ValueError:
        raise UnsendableError("NautilusTrader cannot hold its price") from None


def quantity(value: Decimal, like: int) -> Quantity:
    """Return a quantity with at least so many decimal places; UnsendableError as `price`."""
    try:
        return Quantity.from_str(_text(value, like))
    except ValueError:
        raise UnsendableError("NautilusTrader cannot hold its quantity") from None


def _text(value: Decimal, places: int) -> str:
    return format(value, f".{max(places, -int(value.as_tuple().exponent))}f")


def submit_for(
    terms: OrderInitialized, cache: CacheFacade, trader_id: TraderId, at_ns: int
) -> tuple[SubmitOrder, Position | None]:
    """Return the command of an order of the Core's own, MARKET or LIMIT, and the position that it is to close, if any.

    An order that only closes belongs to the strategy whose position it closes: another's would open a position of its own.
    """
    instrument_id = InstrumentId.from_str(terms.instrument_id)
    position = _to_close(terms, cache, instrument_id) if terms.reduce_only else None
    strategy_id = nautilus_strategy_id(terms.strategy_id) if position is None else position.strategy_id
    order = order_of(terms, cache.instrument(instrument_id), trader_id, strategy_id, at_ns)
    command = SubmitOrder(
        trader_id=trader_id,
        strategy_id=strategy_id,
        order=order,
        command_id=UUID4(),
        ts_init=at_ns,
        position_id=None if position is None else position.id,
    )
    return command, position


def order_of(terms: OrderInitialized, instrument: Any, trader_id: TraderId, strategy_id: StrategyId, at_ns: int) -> Order:  # noqa: ANN401
    """Return a Nautilus order with the terms.

    Raises
    ------
    UnsendableError
        Nautilus cannot have such an order: its key is not printable ASCII, which would end the process, or its terms do not fit.

    """
    key = terms.client_order_id
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise UnsendableError("NautilusTrader takes keys of printable ASCII only")
    try:
        return _order(terms, instrument, trader_id, strategy_id, at_ns)
    except (ValueError, KeyError) as error:
        raise UnsendableError(f"NautilusTrader cannot have such an order: {error}") from error


def _order(terms: OrderInitialized, instrument: Any, trader_id: TraderId, strategy_id: StrategyId, at_ns: int) -> Order:  # noqa: ANN401
    common: dict[str, Any] = {
        "trader_id": trader_id,
        "strategy_id": strategy_id,
        "instrument_id": instrument.id,
        "client_order_id": ClientOrderId(terms.client_order_id),
        "order_side": OrderSide[terms.side],
        "quantity": quantity(terms.quantity, instrument.size_precision),
        "init_id": UUID4(),
        "ts_init": at_ns,
        "time_in_force": TimeInForce[terms.time_in_force],
        "reduce_only": terms.reduce_only,
        "tags": list(terms.tags) or None,
    }
    if OrderType[terms.order_type] == OrderType.MARKET:
        return MarketOrder(**common)
    if terms.price is None:
        raise ValueError(f"order {terms.client_order_id} is LIMIT and has no price")
    return LimitOrder(price=price(terms.price, instrument.price_precision), post_only=terms.post_only, **common)


def _to_close(terms: OrderInitialized, cache: CacheFacade, instrument_id: InstrumentId) -> Position | None:
    side = PositionSide.LONG if terms.side == "SELL" else PositionSide.SHORT
    positions = sorted(cache.positions_open(instrument_id=instrument_id, side=side), key=lambda each: each.id.value)
    fitting = [each for each in positions if each.quantity.as_decimal() >= terms.quantity]
    return next(iter(fitting or positions), None)


def modify_for(order: Order, outcome: Outcome, instrument: Any, asked: ModifyOrder | None, at_ns: int) -> ModifyOrder:  # noqa: ANN401
    """Return the command that changes an order to the outcome's terms; the strategy's own where it says just that."""
    if asked is not None and asked.venue_order_id == order.venue_order_id and _says(asked, outcome):
        return asked
    return ModifyOrder(
        trader_id=order.trader_id,
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        quantity=None if outcome.quantity is None else quantity(outcome.quantity, instrument.size_precision),
        price=None if outcome.price is None else price(outcome.price, instrument.price_precision),
        trigger_price=None if outcome.trigger_price is None else price(outcome.trigger_price, instrument.price_precision),
        command_id=UUID4(),
        ts_init=at_ns,
        client_id=None if asked is None else asked.client_id,
        params=None if asked is None else asked.params,
    )


def _says(asked: ModifyOrder, outcome: Outcome) -> bool:
    stated = ((asked.quantity, outcome.quantity), (asked.price, outcome.price), (asked.trigger_price, outcome.trigger_price))
    return all((None if one is None else one.as_decimal()) == other for one, other in stated)


def cancel_for(order: Order, asked: Any, at_ns: int) -> CancelOrder:  # noqa: ANN401 - a command that cancels, or None
    """Return the command that cancels one order; the strategy's own where it cancels just that order."""
    if isinstance(asked, CancelOrder) and asked.venue_order_id == order.venue_order_id:
        return asked
    return CancelOrder(
        trader_id=order.trader_id,
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        command_id=UUID4(),
        ts_init=at_ns,
        client_id=None if asked is None else asked.client_id,
        params=None if asked is None else asked.params,
    )


def submit_one(command: Any, order: Order, at_ns: int) -> SubmitOrder:  # noqa: ANN401 - SubmitOrder or SubmitOrderList
    """Return the command that submits one order, of a list or by itself."""
    if isinstance(command, SubmitOrder):
        return command
    return SubmitOrder(
        trader_id=command.trader_id,
        strategy_id=command.strategy_id,
        order=order,
        command_id=UUID4(),
        ts_init=at_ns,
        position_id=command.position_id,
        client_id=command.client_id,
        params=command.params,
    )
