"""The events of the core: what each says, and its fields."""

import msgspec

from reference.markdown import page, summary
from reference.structs import struct_fields
from tc.core import events
from tc.core.events import CATEGORIES, STREAM_SCHEMA

_INTRODUCTION = """
An entry of `journal.jsonl` carries one event. Its `type` is the name below; a field that has its default is left out of the line.
Prices, quantities and amounts are decimal strings; times ending in `_ns` are nanoseconds since the epoch, UTC.

Every event has `at_ns`, the local stamp at which it was received: it alone feeds stream time.
`event_ns` is when it happened, by its source's clock.
"""

_CATEGORIES = {
    "market": "Market",
    "intent": "Intent-related",
    "execution": "Execution",
    "control": "Control",
}


def event_types() -> str:
    """Return the page of every event type, by category."""
    blocks = [
        _INTRODUCTION,
        f"The schema of the stream is {STREAM_SCHEMA}; a stream of another, or with an unknown type, is refused.",
    ]
    for category, title in _CATEGORIES.items():
        blocks.append(f"## {title} events")
        for kind, its in CATEGORIES.items():
            if its == category:
                blocks += [f"### {kind.__name__}", summary(kind), struct_fields(kind)]
    blocks.append("## Parts of events")
    for part in _parts():
        blocks += [f"### {part.__name__}", summary(part), struct_fields(part)]
    return page("Events", *blocks)


def _parts() -> list[type]:
    return [kind for name in events.__all__ if isinstance(kind := getattr(events, name), type) and _is_part(kind)]


def _is_part(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) and kind not in CATEGORIES
