"""Whether a reading is one that a drill's steady state tolerates."""

from decimal import Decimal, InvalidOperation

from tc.checks.drills.facts import Reading
from tc.spec.drills.drill_spec import ProbeSpec


def reading_of(probe: ProbeSpec, value: str | Decimal | None) -> Reading:
    """Return what a probe read with what of it is tolerated; where there is nothing to read, nothing is."""
    text = "" if value is None else str(value)
    return Reading(probe.probe, text, tolerated(probe), value is not None and _holds(probe, value))


def tolerated(probe: ProbeSpec) -> str:
    """Return what a probe tolerates, in words."""
    bounds = (("", probe.equals), ("at least ", probe.at_least), ("at most ", probe.at_most))
    return ", ".join(f"{word}{bound}" for word, bound in bounds if bound is not None)


def _holds(probe: ProbeSpec, value: str | Decimal) -> bool:
    if probe.equals is not None and not _is_equal(value, probe.equals):
        return False
    if probe.at_least is None and probe.at_most is None:
        return True
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    is_enough = probe.at_least is None or number >= Decimal(probe.at_least)
    return is_enough and (probe.at_most is None or number <= Decimal(probe.at_most))


def _is_equal(value: str | Decimal, expected: str) -> bool:
    if isinstance(value, str):
        return value == expected
    try:
        return value == Decimal(expected)
    except InvalidOperation:
        return False
