"""Numbers as the wire writes them: decimals of as many places as the symbol has, milliseconds, and money to eight places."""

from decimal import Decimal

from tc.venue.clock import MILLISECOND_NS
from tc.venue.matching import SymbolRules


def price(rules: SymbolRules, amount: Decimal) -> str:
    """Return a price with the symbol's places."""
    return f"{amount:.{rules.price_precision}f}"


def quantity(rules: SymbolRules, amount: Decimal) -> str:
    """Return a quantity with the symbol's places."""
    return f"{amount:.{rules.quantity_precision}f}"


def money(amount: Decimal) -> str:
    """Return an amount of an asset, or an average price, to eight places."""
    return f"{amount:.8f}"


def plain(amount: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def milliseconds(at_ns: int) -> int:
    """Return a time in milliseconds since 1970."""
    return at_ns // MILLISECOND_NS
