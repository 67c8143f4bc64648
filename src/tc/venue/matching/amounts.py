"""Exact decimal arithmetic: a context that refuses to lose a digit, and the few places where rounding is meant."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import Concatenate, Final

ZERO: Final = Decimal(0)
# Binance keeps wallets, fees and profits to eight places.
_PLACES: Final = Decimal("1E-8")
# Wide enough for any sum of products here; an operation that would still lose a digit raises instead.
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_NEAREST: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_UPWARDS: Final = Context(prec=60, rounding=ROUND_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact[T, **P, R](method: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Run a method under the exact context, whatever context its caller has."""

    @wraps(method)
    def under_exact_context(self: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(_EXACT):
            return method(self, *args, **kwargs)

    return under_exact_context


def rounded(amount: Decimal) -> Decimal:
    """Round money to eight places, half to even."""
    return amount.quantize(_PLACES, context=_NEAREST)


def divided(amount: Decimal, by: Decimal | int) -> Decimal:
    """Divide and round to eight places, half to even; what is divided by nothing is nothing."""
    return rounded(_NEAREST.divide(amount, by)) if by else ZERO


def divided_up(amount: Decimal, by: int) -> Decimal:
    """Divide and round away from zero to eight places: a margin is never too small."""
    return _UPWARDS.divide(amount, by).quantize(_PLACES, context=_UPWARDS)


def is_multiple(amount: Decimal, of: Decimal) -> bool:
    """Whether the amount is a whole number of steps."""
    return not amount % of


def places(amount: Decimal) -> int:
    """Count the decimal places that a finite amount needs: 2 for 1.250."""
    _, digits, exponent = amount.as_tuple()
    zeros = next((count for count, digit in enumerate(reversed(digits)) if digit), 0)
    return max(0, -int(exponent) - zeros)
