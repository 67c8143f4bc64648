"""Rules R12 to R16: the configuration that a stream is processed under."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_documents import core_part
from streams import START_NS, Venue, configuration, venues
from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, fold_event_stream_entries, process_event_entry
from tc.core.events import EVENT_TYPES, RunCompleted, RunStarted
from tc.errors import DocumentError, InvariantViolation

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _document(extra: dict[str, Any]) -> dict[str, Any]:
    return {**extra, "configuration_version": 2, "core": core_part(closed_orders_kept=7)}


@given(st.dictionaries(st.text(), json_values, max_size=5), st.randoms(use_true_random=False))
def test_R12_key_order_and_white_space_do_not_matter(extra: dict[str, Any], random: Any) -> None:
    document = _document(extra)
    items = list(document.items())
    random.shuffle(items)
    respaced = json.loads(json.dumps(dict(items), indent=3))
    assert CoreConfiguration.from_document(respaced).fingerprint == CoreConfiguration.from_document(document).fingerprint


@given(st.dictionaries(st.text(), json_values, min_size=1, max_size=5), st.data())
def test_R12_any_value_changes_the_fingerprint(extra: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(extra)))
    other = data.draw(
        json_values.filter(
            lambda value: msgspec.json.encode(value, order="sorted") != msgspec.json.encode(extra[key], order="sorted")
        )
    )
    before = CoreConfiguration.from_document(_document({"extra": extra}))
    after = CoreConfiguration.from_document(_document({"extra": {**extra, key: other}}))
    assert before.fingerprint != after.fingerprint


def test_R13_no_event_carries_a_configuration_but_by_its_fingerprint() -> None:
    holders = [name for name, kind in EVENT_TYPES.items() if "configuration" in kind.__struct_fields__]
    assert holders == ["RunStarted"]
    assert RunStarted.__annotations__["configuration"] is str


def test_R14_the_first_entry_must_name_the_fingerprint() -> None:
    config = configuration()
    with pytest.raises(InvariantViolation, match="it names none"):
        process_event_entry(INITIAL, EventStreamEntry(1, RunCompleted(START_NS)), configuration=config)
    other = EventStreamEntry(1, RunStarted(START_NS, 1, "0" * 64))
    with pytest.raises(InvariantViolation, match="the stream names configuration 000000000000"):
        process_event_entry(INITIAL, other, configuration=config)


@given(venues())
def test_R14_R16_processing_on_under_another_configuration_is_refused(venue: Venue) -> None:
    other = configuration(closed_orders_kept=99)
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    with pytest.raises(InvariantViolation, match="is processed under configuration"):
        process_event_entry(state, EventStreamEntry(state.position + 1, RunCompleted(START_NS)), configuration=other)


@pytest.mark.parametrize("missing", core_part())
def test_R15_nothing_is_assumed_for_a_value_that_is_missing(missing: str) -> None:
    core = {name: value for name, value in core_part().items() if name != missing}
    with pytest.raises(DocumentError, match=f"missing required field `{missing}`"):
        CoreConfiguration.from_document({"configuration_version": 2, "core": core})


def test_R12_another_version_is_refused() -> None:
    with pytest.raises(DocumentError, match="configuration_version is 3; this version of tc reads 2"):
        CoreConfiguration.from_document({"configuration_version": 3, "core": core_part(closed_orders_kept=1)})
