"""Where two runs part: the first entry in which their streams differ, and the keys in which their configurations do."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

import msgspec

from tc.core.entry import EventStreamEntry
from tc.core.events import MarketDataRows, span

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One place in which two JSON trees differ: its path, and the canonical JSON on each side, or `ABSENT`."""

    path: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Parting:
    """The first entry in which two streams differ.

    Parameters
    ----------
    line
        Its number in both journals, from 1.
    position
        The first position at which the streams differ: inside the entry where both hold rows of one dataset from the same row on.
    left, right
        The entry on each side; None where that stream has ended.
    fields
        In what the two entries differ; empty where a stream has ended.

    """

    line: int
    position: int
    left: EventStreamEntry | None
    right: EventStreamEntry | None
    fields: tuple[FieldDifference, ...]


def first_difference(left: Iterable[bytes], right: Iterable[bytes]) -> tuple[int, bytes | None, bytes | None] | None:
    """Return the number, from 1, of the first pair of bodies that differ, with both; None when there is no such pair.

    Bodies are compared as bytes, because equal values need not have equal digests (``1.0`` and ``1.00`` are equal decimals).
    """
    for number, (one, other) in enumerate(zip_longest(left, right), start=1):
        if one != other:
            return number, one, other
    return None


def parting(line: int, left: EventStreamEntry | None, right: EventStreamEntry | None) -> Parting:
    """Say at which position, and in which fields, two entries differ; at least one is an entry."""
    if left is None or right is None:
        (only,) = (entry for entry in (left, right) if entry is not None)
        return Parting(line, only.position, left, right, ())
    fields = tree_differences(msgspec.to_builtins(left), msgspec.to_builtins(right))
    return Parting(line, _first_position(left, right), left, right, fields)


def tree_differences(left: object, right: object, path: str = "") -> tuple[FieldDifference, ...]:
    """Return the leaves in which two JSON trees differ, in the order of their paths' keys."""
    if isinstance(left, dict) and isinstance(right, dict):
        return tuple(
            difference
            for key in sorted(left.keys() | right.keys())
            for difference in _member_differences(left, right, key, f"{path}.{key}" if path else str(key))
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        return tuple(
            difference
            for index, (one, other) in enumerate(zip(left, right, strict=True))
            for difference in tree_differences(one, other, f"{path}[{index}]")
        )
    shown_left, shown_right = _shown(left), _shown(right)
    return () if shown_left == shown_right else (FieldDifference(path, shown_left, shown_right),)


def _member_differences(left: dict[str, object], right: dict[str, object], key: str, path: str) -> tuple[FieldDifference, ...]:
    if key not in left:
        return (FieldDifference(path, ABSENT, _shown(right[key])),)
    if key not in right:
        return (FieldDifference(path, _shown(left[key]), ABSENT),)
    return tree_differences(left[key], right[key], path)


def _first_position(left: EventStreamEntry, right: EventStreamEntry) -> int:
    one, other = left.event, right.event
    if (
        isinstance(one, MarketDataRows)
        and isinstance(other, MarketDataRows)
        and (left.position, one.dataset, one.first_row) == (right.position, other.dataset, other.first_row)
        and one.last_row != other.last_row
    ):
        return left.position + min(span(one), span(other))
    return min(left.position, right.position)


def _shown(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
