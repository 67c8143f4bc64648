"""Durations and sizes as people type them: ``30d``, ``10G``."""

import re
from decimal import Decimal

from tc.errors import DocumentError

_AMOUNT = re.compile(r"(\d{1,15})([a-zA-Z]*)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_NUMBER = re.compile(r"(\d{1,8}(?:\.\d{1,9})?)([smh]?)", re.ASCII)
_LONGEST_S = 31_622_400
"""A leap year, which is the longest that a RunSpec takes."""

_BYTES = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_duration(text: str) -> int:
    """Return a duration such as ``30d`` or ``12h`` in nanoseconds.

    Raises
    ------
    DocumentError
        The text is not a whole number with one of the units.

    """
    amount, unit = _parts(text)
    if unit not in _SECONDS:
        raise DocumentError(f"{text!r} is not a duration", hint="Write a whole number with s, m, h, d or w: 30d, 12h.")
    return amount * _SECONDS[unit] * 1_000_000_000


def parse_seconds(text: str) -> str:
    """Return how long something is to last, such as ``90s``, ``5m``, ``1h`` or ``60``, as the decimal text of its seconds.

    Raises
    ------
    DocumentError
        The text is not a number above 0, with one of the units or none, and at most a year.

    """
    found = _NUMBER.fullmatch(text)
    seconds = Decimal(0) if found is None else Decimal(found[1]) * _SECONDS[found[2] or "s"]
    if not 0 < seconds <= _LONGEST_S:
        raise DocumentError(
            f"{text!r} is no duration: expected a number above 0 with s, m or h, at most a year",
            hint="Write 90s, 5m or 1h; a bare number is seconds.",
        )
    return f"{seconds.normalize():f}"


def parse_size(text: str) -> int:
    """Return a size such as ``10G`` or ``500M`` in bytes; units are powers of 1024.

    Raises
    ------
    DocumentError
        The text is not a whole number with one of the units.

    """
    amount, unit = _parts(text)
    if unit.upper() not in _BYTES:
        raise DocumentError(f"{text!r} is not a size", hint="Write a whole number of bytes, or with K, M, G or T: 10G, 500M.")
    return amount * _BYTES[unit.upper()]


def format_size(size_bytes: int) -> str:
    """Return a size in the largest unit that keeps it at least one: ``1.5 GiB``."""
    amount = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:  # noqa: PLR2004 - the step between two units
            return f"{size_bytes} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def _parts(text: str) -> tuple[int, str]:
    found = _AMOUNT.fullmatch(text)
    return (int(found[1]), found[2]) if found else (0, "?")
