"""The commands that strategies gave and that the engine has not had yet: asked for, or admitted and waiting."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId, StrategyId
from nautilus_trader.model.orders import Order

from tc.core.events import Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """A command for one order key; ``order`` is a NEW's, and ``is_released`` says that it comes past Nautilus's risk engine.

    Where Nautilus itself answers the strategy, there is neither a command nor an order.
    """

    command: Any
    order: Order | None = None
    is_released: bool = False


class Ledger:
    """What strategies asked for, by order key and kind.

    The Core judges the requests of one key and kind in the order in which they were made, so each of its first answers, allowed
    or denied, is about the oldest request that is unanswered. Of what it allowed, the latest of each kind is kept until it is
    sent or ends.
    """

    __slots__ = ("_asked", "_unsent", "_waiting")

    def __init__(self) -> None:
        self._asked: dict[tuple[str, Kind], deque[Asked]] = {}
        self._waiting: dict[tuple[str, Kind], Asked] = {}
        self._unsent: dict[str, Order] = {}

    def ask(self, key: str, kind: Kind, asked: Asked) -> None:
        """Note a request that is now put to the Core."""
        self._asked.setdefault((key, kind), deque()).append(asked)
        if asked.order is not None:
            self._unsent[key] = asked.order

    def allowed(self, key: str, kind: Kind) -> None:
        """Note that the oldest unanswered request was allowed: it waits, in the place of one of its kind before it."""
        asked = self._oldest(key, kind)
        if asked is not None:
            self._waiting[key, kind] = asked

    def denied(self, key: str, kind: Kind) -> Asked | None:
        """Take out the oldest unanswered request, which was denied; None where no strategy asked."""
        asked = self._oldest(key, kind)
        if kind == "NEW" and (asked is None or asked.order is not None):
            self._unsent.pop(key, None)
        return asked

    def take(self, key: str, kind: Kind) -> Asked | None:
        """Take out what waits, to be sent or because it ended; None where no strategy asked."""
        if kind == "NEW":
            self._unsent.pop(key, None)
        return self._waiting.pop((key, kind), None)

    def everything(self) -> list[tuple[str, Kind, Asked]]:
        """Return all that was asked for and not sent: by order key and kind, what is unanswered before what waits."""
        unanswered = [(key, kind, asked) for (key, kind), each in self._asked.items() for asked in each]
        return [*unanswered, *((key, kind, asked) for (key, kind), asked in self._waiting.items())]

    def unsent(
        self, strategy_id: StrategyId, instrument_id: InstrumentId | None = None, side: OrderSide = OrderSide.NO_ORDER_SIDE
    ) -> list[Order]:
        """Return the strategy's orders that were asked for and never sent, in the order in which they were asked for."""
        return [
            order
            for order in self._unsent.values()
            if order.strategy_id == strategy_id
            and (instrument_id is None or order.instrument_id == instrument_id)
            and side in (OrderSide.NO_ORDER_SIDE, order.side)
        ]

    def _oldest(self, key: str, kind: Kind) -> Asked | None:
        waiting = self._asked.get((key, kind))
        if waiting is None:
            return None
        asked = waiting.popleft()
        if not waiting:
            del self._asked[key, kind]
        return asked
