"""Core-native strategies for tests: each a few lines, and a pure function of what it is shown."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from gated import INSTRUMENT
from tc.core import ProcessingContext
from tc.core.intents import CancelIntent, Intent, NewIntent, ReplaceIntent


class Says:
    """Answers what a function of the context says, and keeps what it was shown."""

    def __init__(self, answer: Callable[[ProcessingContext], Any]) -> None:
        self._answer = answer
        self.seen: list[ProcessingContext] = []

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        self.seen.append(context)
        answer: Sequence[Intent] = self._answer(context)
        return answer


def new(key: str, side: Any = "BUY", price: str | None = "100", quantity: str = "1", **more: Any) -> NewIntent:
    """Return a NEW; without a price it is a market order."""
    kind: Any = "MARKET" if price is None else "LIMIT"
    return NewIntent(key, INSTRUMENT, side, Decimal(quantity), kind, None if price is None else Decimal(price), **more)


class Quoter:
    """Quotes both sides around the market, and moves or pulls its quotes; every key is the position it was asked at."""

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        reference = context.reference(INSTRUMENT)
        if reference is None or reference.bid is None or reference.ask is None:
            return ()
        intents: list[Intent] = []
        for side, price in (("BUY", reference.bid - 1), ("SELL", reference.ask + 1)):
            intents += self._side(context, side, price)
        return intents

    def _side(self, context: ProcessingContext, side: Any, price: Decimal) -> list[Intent]:
        waiting = [each.key for each in context.pending_commands() if each.side == side]
        waiting += [each.key for each in context.commands_in_flight() if each.side == side]
        if waiting:
            return [CancelIntent(waiting[0])] if context.position % 5 == 0 and context.pending(waiting[0]) else []
        open_orders = [order for order in context.open_orders() if order.terms.side == side]
        if not open_orders:
            return [new(f"{side}-{context.position}", side, str(price))]
        order = open_orders[0]
        return [] if order.price == price else [ReplaceIntent(order.terms.client_order_id, price=price)]
