"""A taker that follows a move of the price, and leaves when the move has ended."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from tc.core import ProcessingContext
from tc.core.events.orders import Side
from tc.core.intents import Intent, NewIntent
from tc.core.state.exact import negate, subtract
from tc.core.state.model import Reference
from tc.strategies.ticks import price_of, tick_at_or_above, tick_at_or_below
from tc.strategies.working import working

VERSION = "1"
_SECOND = 1_000_000_000


class MomentumTaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Takes in the direction of a move, one immediate-or-cancel order at a time, and closes when the move has paused long enough.

    What was not filled is not asked for again before the market was seen anew: the key of an order is the stamp of what was seen.
    It reads the prices that State keeps: ``core.price_history`` of the run must reach back as far as it looks.

    Parameters
    ----------
    instrument_id, tick
        What it trades, and the step of its prices.
    quantity
        Of an order that opens.
    lookback_s, threshold
        A move is a change of the price over so many seconds by at least this fraction of it.
    holding_s
        A position is closed once the price has not gone on in its direction for so many seconds.
    max_position
        It opens no more than this on either side.
    slippage_ticks
        It pays at most so many ticks beyond the best price of the other side.

    """

    instrument_id: str
    tick: Decimal
    quantity: Decimal
    lookback_s: int
    threshold: Decimal
    holding_s: int
    max_position: Decimal
    slippage_ticks: int = 1

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        """Return an order that opens or closes, or nothing."""
        reference = context.reference(self.instrument_id)
        if context.kill_switch != "none" or reference is None or reference.is_degraded or working(context, "M-"):
            return ()
        history = context.history(self.instrument_id)
        now = context.reference_price(self.instrument_id)
        if now is None or not history:
            return ()
        position = context.exposure(self.instrument_id).position
        if position and self._is_over(context, history, now, position):
            side: Side = "SELL" if position > 0 else "BUY"
            return self._order(context, reference, f"M-X-{reference.seen_ns}", side, abs(position), reduce_only=True)
        return self._opening(context, reference, history, now, position)

    def _opening(
        self,
        context: ProcessingContext,
        reference: Reference,
        history: tuple[tuple[int, Decimal], ...],
        now: Decimal,
        position: Decimal,
    ) -> Sequence[Intent]:
        past = _price_at(history, context.stream_time_ns - self.lookback_s * _SECOND)
        if past is None or abs(Fraction(now) - Fraction(past)) < Fraction(self.threshold) * Fraction(past):
            return ()
        side: Side = "BUY" if now > past else "SELL"
        held = position if side == "BUY" else negate(position)
        room = min(self.quantity, subtract(self.max_position, held))
        if now == past or held < 0 or room <= 0:
            return ()  # What is held on the other side is closed first, by its own rule.
        return self._order(context, reference, f"M-E-{reference.seen_ns}", side, room, reduce_only=False)

    def _is_over(
        self, context: ProcessingContext, history: tuple[tuple[int, Decimal], ...], now: Decimal, position: Decimal
    ) -> bool:
        past = _price_at(history, context.stream_time_ns - self.holding_s * _SECOND)
        if past is None:
            return False
        return now <= past if position > 0 else now >= past

    def _order(
        self, context: ProcessingContext, reference: Reference, key: str, side: Side, quantity: Decimal, *, reduce_only: bool
    ) -> Sequence[Intent]:
        best = reference.ask if side == "BUY" else reference.bid
        if best is None or context.terms(key) is not None:
            return ()
        if side == "BUY":
            ticks = tick_at_or_below(Fraction(best), self.tick) + self.slippage_ticks
        else:
            ticks = max(1, tick_at_or_above(Fraction(best), self.tick) - self.slippage_ticks)
        return (
            NewIntent(
                key=key,
                instrument_id=self.instrument_id,
                side=side,
                quantity=quantity,
                price=price_of(ticks, self.tick),
                time_in_force="IOC",
                reduce_only=reduce_only,
            ),
        )


def _price_at(history: tuple[tuple[int, Decimal], ...], at_ns: int) -> Decimal | None:
    """Return the price that held at an instant: the latest sample that is not younger; None when none reaches back so far."""
    for seen_ns, price in reversed(history):
        if seen_ns <= at_ns:
            return price
    return None
