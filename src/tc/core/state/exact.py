"""Exact decimal arithmetic that does not depend on the thread's decimal context."""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])

add = _EXACT.add
"""Return the exact sum of two decimals."""

subtract = _EXACT.subtract
"""Return the exact difference of two decimals."""

multiply = _EXACT.multiply
"""Return the exact product of two decimals."""

negate = _EXACT.minus
"""Return the decimal with its sign changed."""

remainder = _EXACT.remainder
"""Return what is left of the first decimal after as many whole times the second as it holds; with the first one's sign."""

normalize = _EXACT.normalize
"""Return the decimal of the same value that ends in no zero."""

ZERO = Decimal(0)
