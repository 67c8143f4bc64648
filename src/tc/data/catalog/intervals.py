"""The intervals of bars: what Binance publishes and Nautilus knows, and the bar type that names one."""

from tc.store.dataset import DatasetPart

_SECOND_NS = 1_000_000_000
_LENGTHS_NS = {
    "SECOND": _SECOND_NS,
    "MINUTE": 60 * _SECOND_NS,
    "HOUR": 3_600 * _SECOND_NS,
    "DAY": 86_400 * _SECOND_NS,
    "WEEK": 604_800 * _SECOND_NS,
}
_STEPS = {"SECOND": (1,), "MINUTE": (1, 3, 5, 15, 30), "HOUR": (1, 2, 4, 6, 8, 12), "DAY": (1, 3), "WEEK": (1,)}
_NAMED = {step * _LENGTHS_NS[unit]: (step, unit) for unit, steps in _STEPS.items() for step in steps}


def interval_label(interval_ns: int) -> str | None:
    """Return an interval in Binance's words, e.g. ``1m``; None when it is none of them."""
    named = _NAMED.get(interval_ns)
    return f"{named[0]}{named[1][0].lower()}" if named else None


def known_intervals() -> str:
    """Return all labels, for a message."""
    return ", ".join(label for interval_ns in _NAMED if (label := interval_label(interval_ns)))


def bar_type(instrument_id: str, interval_ns: int) -> str:
    """Return Nautilus's name for bars of last prices that were made elsewhere; the interval is a known one."""
    step, unit = _NAMED[interval_ns]
    return f"{instrument_id}-{step}-{unit}-LAST-EXTERNAL"


def interval_of(part: DatasetPart) -> int:
    """Return the interval of a part of bars, in nanoseconds."""
    step, unit = part.identifier.rsplit("-", 4)[1:3]
    return int(step) * _LENGTHS_NS[unit]
