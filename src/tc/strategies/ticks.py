"""Prices as whole ticks, exactly."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from tc.core.state.exact import multiply


def tick_at_or_below(price: Fraction, tick: Decimal) -> int:
    """Return the highest tick that is not above the price."""
    return floor(price / Fraction(tick))


def tick_at_or_above(price: Fraction, tick: Decimal) -> int:
    """Return the lowest tick that is not below the price."""
    return ceil(price / Fraction(tick))


def price_of(ticks: int, tick: Decimal) -> Decimal:
    """Return the price of a tick."""
    return multiply(Decimal(ticks), tick)
