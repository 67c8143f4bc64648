"""Hypothesis strategies for every event type, made from the types: a new event is drawn as soon as it exists."""

from collections.abc import Sequence
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import EVENT_TYPES, Event, MarketDataRows, span

STAMPS_NS = st.integers(0, 2**62)
TEXTS = st.text(max_size=24)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a field's type."""
    if kind is int:
        return STAMPS_NS
    if kind is str:
        return TEXTS
    if kind is bool:
        return st.booleans()
    if kind is Decimal:
        return DECIMALS
    if kind is NoneType:
        return st.none()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs_of(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is UnionType:
        return st.one_of([values(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    raise TypeError(f"no strategy for {kind}")


def structs_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return a strategy for a Struct, from its fields; optional fields are left out at times."""
    fields = msgspec.structs.fields(kind)
    required = {field.encode_name: values(field.type) for field in fields if field.required}
    optional = {field.encode_name: values(field.type) for field in fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: kind(**given))


def events_of(kind: type) -> st.SearchStrategy[Any]:
    """Return a strategy for the events of one type."""
    if kind is MarketDataRows:
        return st.builds(_rows, STAMPS_NS, TEXTS, st.integers(0, 2**40), st.integers(0, 1000))
    return structs_of(kind)


def events() -> st.SearchStrategy[Event]:
    """Return a strategy for events of all types."""
    return st.one_of([events_of(kind) for kind in EVENT_TYPES.values()])


def entries(*, min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[list[EventStreamEntry]]:
    """Return a strategy for entries with gapless positions from 1; what they say need not be legal for a fold."""
    return st.lists(events(), min_size=min_size, max_size=max_size).map(at_positions)


def at_positions(drawn: Sequence[Event]) -> list[EventStreamEntry]:
    """Return the events as entries, at gapless positions from 1."""
    found: list[EventStreamEntry] = []
    position = 1
    for event in drawn:
        found.append(EventStreamEntry(ProcessingPosition(position), event))
        position += span(event)
    return found


def _rows(at_ns: int, dataset: str, first: int, more: int) -> MarketDataRows:
    return MarketDataRows(at_ns, dataset, first, first + more)
