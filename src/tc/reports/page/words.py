"""Values as words: numbers, times, sizes, and text that others wrote, made harmless to look at."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

NANOS = 1_000_000_000
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EM DASH}"
LONGEST = 60
"""A number with more digits than this before or after its point is written with an exponent."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_ROUNDED = Context(prec=28, rounding=ROUND_HALF_EVEN)
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)
_BRIEF = ((100, 2), (1, 4))
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def visible(text: str) -> str:
    """Return text with the characters that cannot be seen, or that turn the direction of others, written as escapes."""
    return _UNSEEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the last of the basic plane


def exact(value: Decimal | int) -> str:
    """Return a number in full, with its thousands apart and without trailing zeros."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if not value.is_finite() or abs(value.adjusted()) > LONGEST:
        return str(value)
    text = f"{value:,f}"
    whole, point, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    text = f"{whole}{point}{decimals}" if decimals else whole
    return "0" if text == "-0" else text.replace("-", MINUS)


def written(value: Decimal) -> str:
    """Return a price or quantity as the venue writes it, zeros at its end included, with its thousands apart."""
    if not value.is_finite() or abs(value.adjusted()) > LONGEST:
        return str(value)
    return f"{value:,f}".replace("-", MINUS)


def rounded(value: Decimal) -> Decimal:
    """Return a quotient to eight decimal places, for the eye."""
    return _WIDE.quantize(value, Decimal("1e-8"))


def money(value: Decimal, currency: str, *, signed: bool = False) -> str:
    """Return an exact amount with at least two decimal places, and its currency."""
    text = exact(value)
    whole, _, decimals = text.partition(".")
    text = f"{whole}.{decimals:0<2}"
    return f"{'+' if signed and value > 0 else ''}{text} {currency}".rstrip()


def brief(value: Decimal, *, signed: bool = False) -> str:
    """Return an amount rounded to as many places as its size needs: two from a hundred on, four from one on, else eight."""
    places = next((places for least, places in _BRIEF if abs(value) >= least), 8)
    return money(_WIDE.quantize(value, Decimal(1).scaleb(-places)), "", signed=signed)


def percent(fraction: Decimal, *, signed: bool = False) -> str:
    """Return a fraction as percent, rounded to two places."""
    rounded = _WIDE.quantize(_WIDE.multiply(fraction, Decimal(100)), Decimal("0.01"))
    return f"{'+' if signed and rounded > 0 else ''}{rounded or abs(rounded):,f} %".replace("-", MINUS)


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """Return a quotient for the eye, rounded to 28 digits."""
    return _ROUNDED.divide(part, whole)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{exact(number)} {one if number == 1 else many or one + 's'}"


def utc(at_ns: int) -> str:
    """Return a time in UTC, as fine as it is."""
    seconds, nanos = divmod(at_ns, NANOS)
    fine = f".{nanos:09d}".rstrip("0") if nanos else ""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fine}"
    except (ValueError, OverflowError, OSError):
        return "a time beyond the calendar"


def interval(length_ns: int) -> str:
    """Return a length of whole seconds in its largest unit, e.g. ``30 min``."""
    seconds = length_ns // NANOS
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def seconds(value: float) -> str:
    """Return a duration in seconds."""
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s"  # noqa: PLR2004 - three digits are enough


def rate(number: float | None, unit: str) -> str:
    """Return a rate to three digits."""
    return NONE if number is None else f"{float(f'{number:.3g}'):,.10g} {unit}/s"


def size(number: int | None) -> str:
    """Return a number of bytes in a readable unit."""
    if number is None:
        return NONE
    value, unit = float(number), 0
    while value >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - binary units
        value, unit = value / 1024, unit + 1
    return f"{number:,} B" if unit == 0 else f"{value:,.1f} {_UNITS[unit]}"
