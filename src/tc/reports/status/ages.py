"""Lengths of time for people who look at a page that goes on: short, and no finer than they matter."""

_S = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_ALONE = 10
"""From so many of a unit on, the smaller one does not matter."""

_UNITS = ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s"))


def length(length_ns: int) -> str:
    """Return a length in at most two units, e.g. ``3 h 12 min``; what is below zero counts as nothing."""
    seconds = max(length_ns, 0) // _S
    for size, unit, part, smaller in _UNITS:
        if seconds >= size:
            whole, rest = seconds // size, seconds % size // part
            return f"{whole:,} {unit}" if whole >= _ALONE or not rest else f"{whole} {unit} {rest} {smaller}"
    return f"{seconds} s"


def ago(at_ns: int, now_ns: int) -> str:
    """Return how long ago something was; what lies a moment ahead, by another clock, is now."""
    return "now" if now_ns - at_ns < _S else f"{length(now_ns - at_ns)} ago"


def took(length_ns: int) -> str:
    """Return how long something took: a length that is short with a decimal."""
    return f"{max(length_ns, 0) / _S:.1f} s" if length_ns < _ALONE * _S else length(length_ns)


def latency(length_ns: int) -> str:
    """Return a short length in milliseconds, a longer one in seconds."""
    if length_ns < _S:
        return f"{length_ns / 1e6:,.1f} ms"
    return f"{length_ns / _S:,.2f} s"
