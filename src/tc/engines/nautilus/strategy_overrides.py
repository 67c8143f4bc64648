"""What Nautilus's strategies do with orders of theirs that are held at the gate: methods overridden on each instance.

For Nautilus a held order is INITIALIZED: it stands in no list of open or in-flight orders, so cancelling all, leaving the market
and stopping would pass it by, and it would be sent later. Here each of them first ends what is held. Cancelling one order, or
a batch of them, and the expiry that a strategy manages reach the gate as they are. Nautilus calls its own methods by way of the
instance, so its internal calls come by here as well.

The orders by which a market exit closes positions outlive the end of the exit, and the strategy's stop: for Nautilus they would
be at the venue by then, and what they close should not stay open because of a rate.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from nautilus_trader.common.enums import ComponentState
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from tc.errors import EngineError

_EXIT_TAG = "MARKET_EXIT"


class HeldOrders(Protocol):
    """Who holds a strategy's orders, and ends them when asked."""

    def unsent(self, strategy: Any, **which: Any) -> list[Order]:  # noqa: ANN401
        """Return the strategy's held orders: of an instrument, of a side, or all."""
        ...

    def annihilate(self, orders: Iterable[Order]) -> None:
        """End held orders."""
        ...


def override(strategy: Any, held: HeldOrders) -> None:  # noqa: ANN401 - a Nautilus strategy of any class
    """Let the strategy's instance end its held orders where it cancels all, leaves the market, or stops.

    Raises EngineError when the strategy's class leaves no room for that on its instances.
    """
    if not hasattr(strategy, "__dict__"):
        raise EngineError(
            f"strategy class {type(strategy).__name__} cannot stand behind a gate: methods of its instances cannot be overridden",
            hint="Remove __slots__ from the class, or derive a class from it.",
        )
    ours = _Overrides(strategy, held)
    for name in ("cancel_all_orders", "market_exit", "post_market_exit", "stop", "close_position"):
        setattr(strategy, name, getattr(ours, name))


class _Overrides:
    """The overridden methods of one strategy, named as Nautilus names them."""

    def __init__(self, strategy: Any, held: HeldOrders) -> None:  # noqa: ANN401
        self._strategy = strategy
        self._held = held
        self._cancel_all_orders = strategy.cancel_all_orders
        self._market_exit = strategy.market_exit
        self._post_market_exit = strategy.post_market_exit
        self._stop = strategy.stop
        self._close_position = strategy.close_position

    def cancel_all_orders(
        self,
        instrument_id: Any,  # noqa: ANN401
        order_side: OrderSide = OrderSide.NO_ORDER_SIDE,
        *others: Any,  # noqa: ANN401
        **named: Any,  # noqa: ANN401
    ) -> None:
        """End what is held of the instrument and the side, then cancel the rest."""
        self._held.annihilate(self._held.unsent(self._strategy, instrument_id=instrument_id, side=order_side))
        self._cancel_all_orders(instrument_id, order_side, *others, **named)

    def market_exit(self) -> None:
        """End what is held, then leave the market; unless the exit will not begin."""
        if self._strategy.state == ComponentState.RUNNING and not self._strategy.is_exiting():
            self._held.annihilate(self._held.unsent(self._strategy))
        self._market_exit()

    def post_market_exit(self) -> None:
        """End what is held before the strategy may stop."""
        self._end_all_but_exits()
        self._post_market_exit()

    def stop(self) -> None:
        """End what is held while the strategy can still be told, then stop."""
        if self._strategy.state == ComponentState.RUNNING:
            self._end_all_but_exits()
        self._stop()

    def close_position(self, position: Any, *others: Any, **named: Any) -> None:  # noqa: ANN401
        """Close the position, unless the market exit has already asked for that and its order is held."""
        held = self._held.unsent(self._strategy, instrument_id=position.instrument_id)
        if not (self._strategy.is_exiting() and _is_closing(held, position)):
            self._close_position(position, *others, **named)

    def _end_all_but_exits(self) -> None:
        self._held.annihilate(order for order in self._held.unsent(self._strategy) if not _is_exit(order))


def _is_closing(orders: Iterable[Order], position: Any) -> bool:  # noqa: ANN401
    """Say whether an order of the market exit that would close the position is held: it is not asked for again at each check."""
    return any(_is_exit(order) and order.side == Order.closing_side(position.side) for order in orders)


def _is_exit(order: Order) -> bool:
    return _EXIT_TAG in (order.tags or ())
