"""A market maker that keeps one bid and one ask around the middle of the market."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

import msgspec

from tc.core import ProcessingContext
from tc.core.events.orders import Side
from tc.core.intents import CancelIntent, Intent, NewIntent, ReplaceIntent
from tc.core.state.exact import add, subtract
from tc.core.state.model import Reference
from tc.strategies.ticks import price_of, tick_at_or_above, tick_at_or_below
from tc.strategies.working import Working, working

VERSION = "1"


class TwoSidedQuoter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Quotes both sides, follows the middle by REPLACE, leans against its inventory, and stops quoting a side at its limit.

    It asks for as much as the market gives reason for: a rate limit makes its commands queue, where the latest one wins. While
    Risk would deny whatever it asked for, it asks for nothing, and its quotes, which could not follow the market, are pulled.

    Parameters
    ----------
    instrument_id, tick
        What it quotes, and the step of its prices.
    quantity
        Of each quote.
    half_spread_ticks
        Distance of either quote from the middle.
    requote_ticks
        A quote is replaced when it is at least so far from where it should be.
    max_position
        A side whose fill would take the position beyond this is not quoted.
    skew_ticks
        So far are both quotes moved against a position of ``max_position``, and in proportion against a smaller one.

    """

    instrument_id: str
    tick: Decimal
    quantity: Decimal
    half_spread_ticks: int = 2
    requote_ticks: int = 1
    max_position: Decimal
    skew_ticks: int = 0

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        """Return what makes the quotes what they should be."""
        if context.kill_switch != "none":
            return ()
        reference = None if context.is_shut_out else context.reference(self.instrument_id)
        position = context.exposure(self.instrument_id).position
        bid_ticks, ask_ticks = self._targets(reference, position)
        return (*self._side(context, "BUY", "Q-B-", bid_ticks), *self._side(context, "SELL", "Q-A-", ask_ticks))

    def _targets(self, reference: Reference | None, position: Decimal) -> tuple[int | None, int | None]:
        """Return where bid and ask should be, in ticks; None where nothing should be quoted."""
        if reference is None or reference.is_degraded or reference.bid is None or reference.ask is None:
            return None, None
        bid, ask = Fraction(reference.bid), Fraction(reference.ask)
        middle = (bid + ask) / 2 - self._lean(position) * Fraction(self.tick)
        distance = self.half_spread_ticks * Fraction(self.tick)
        # A quote that takes would be rejected: it stays one tick behind the other side.
        highest_bid = tick_at_or_above(ask, self.tick) - 1
        lowest_ask = tick_at_or_below(bid, self.tick) + 1
        bid_ticks = min(tick_at_or_below(middle - distance, self.tick), highest_bid)
        ask_ticks = max(tick_at_or_above(middle + distance, self.tick), lowest_ask)
        has_room_to_buy = add(position, self.quantity) <= self.max_position
        has_room_to_sell = subtract(self.quantity, position) <= self.max_position
        return bid_ticks if has_room_to_buy and bid_ticks > 0 else None, ask_ticks if has_room_to_sell else None

    def _lean(self, position: Decimal) -> int:
        if not self.skew_ticks or not self.max_position:
            return 0
        share = self.skew_ticks * Fraction(position) / Fraction(self.max_position)
        return floor(share) if share >= 0 else -floor(-share)

    def _side(self, context: ProcessingContext, side: Side, prefix: str, target: int | None) -> Iterator[Intent]:
        quotes = [each for each in working(context, prefix) if not each.is_ending]
        if target is None:
            yield from (CancelIntent(each.key) for each in quotes)
            return
        if not quotes:
            yield NewIntent(
                key=f"{prefix}{context.position}",
                instrument_id=self.instrument_id,
                side=side,
                quantity=self.quantity,
                price=price_of(target, self.tick),
                post_only=True,
            )
            return
        yield from (ReplaceIntent(each.key, price=price_of(target, self.tick)) for each in quotes if self._is_off(each, target))

    def _is_off(self, quote: Working, target: int) -> bool:
        if quote.price is None or quote.is_changing:
            return False  # Where a change that is under way will put it cannot be seen; its answer comes, and asks again.
        return abs(Fraction(quote.price) / Fraction(self.tick) - target) >= self.requote_ticks
