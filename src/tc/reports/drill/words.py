"""Seconds of a drill in words: how long something took, and where on the axis it stands."""

from tc.reports.page.words import MINUS, NANOS

_FINE_NS = 100 * NANOS
"""From here on a hundredth of a second does not matter."""


def lasted(length_ns: int) -> str:
    """Return a length in seconds, to the hundredth, or the tenth of a long one."""
    return _seconds(length_ns, 2 if abs(length_ns) < _FINE_NS else 1)


def at(offset_ns: int) -> str:
    """Return a place on the axis, with its sign where it lies before zero."""
    return _seconds(offset_ns, 2)


def _seconds(length_ns: int, places: int) -> str:
    return f"{length_ns / NANOS:z,.{places}f} s".replace("-", MINUS)
