"""Positions and profits in words; a text that is no number is shown as it is."""

from decimal import Decimal, InvalidOperation

from tc.reports.page.words import brief, written
from tc.reports.status.content import Holding
from tc.reports.status.marks import Mark, Tone


def held(holding: Holding) -> str:
    """Return a position: its signed quantity and its instrument."""
    return f"{quantity(holding.quantity)} {holding.instrument}"


def held_briefly(holding: Holding) -> Mark:
    """Return a position with its instrument's symbol only; its note has the venue, too."""
    symbol = holding.instrument.rpartition(".")[0] or holding.instrument
    return Mark(f"{quantity(holding.quantity)} {symbol}", note=held(holding))


def quantity(text: str) -> str:
    """Return a signed quantity; one above zero with its sign, too."""
    value = _number(text)
    return text if value is None else f"{'+' if value > 0 else ''}{written(value)}"


def amount(text: str, currency: str) -> str:
    """Return an amount, rounded for the eye, and its currency."""
    value = _number(text)
    return f"{text if value is None else brief(value)} {currency}".rstrip()


def profit_mark(text: str, currency: str) -> Mark:
    """Return a profit, rounded for the eye, with its sign."""
    value = _number(text)
    if value is None:
        return Mark(text)
    tone: Tone = "good" if value > 0 else "bad" if value < 0 else "plain"
    return Mark(f"{brief(value, signed=True)} {currency}".rstrip(), tone, f"{text} {currency}")


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
