"""Claims about where two runs part."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.checks.compare import ABSENT, FieldDifference, Parting, first_difference, parting, tree_differences
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import Event, MarketDataRows, OrderDenied, OrderUpdated, RunCompleted


def entry(position: int, event: Event) -> EventStreamEntry:
    return EventStreamEntry(ProcessingPosition(position), event)


def rows(position: int, first: int, last: int, dataset: str = "d") -> EventStreamEntry:
    return entry(position, MarketDataRows(at_ns=last, dataset=dataset, first_row=first, last_row=last))


def test_equal_streams_do_not_part() -> None:
    assert first_difference([b"1", b"2"], iter([b"1", b"2"])) is None


def test_streams_part_at_the_first_body_that_differs_and_not_at_a_later_one() -> None:
    assert first_difference([b"1", b"2", b"3"], [b"1", b"x", b"y"]) == (2, b"2", b"x")


def test_a_stream_that_ends_early_parts_where_the_other_goes_on() -> None:
    assert first_difference([b"1"], [b"1", b"2"]) == (2, None, b"2")
    assert first_difference([b"1", b"2"], [b"1"]) == (2, b"2", None)


@given(st.lists(st.binary(max_size=3)), st.lists(st.binary(max_size=3)))
def test_everything_before_the_first_difference_is_equal(left: list[bytes], right: list[bytes]) -> None:
    found = first_difference(left, right)
    if found is None:
        assert left == right
    else:
        number, one, other = found
        assert left[: number - 1] == right[: number - 1]
        assert one != other


def test_bodies_are_read_no_further_than_the_first_difference() -> None:
    left = iter([b"1", b"2", b"3"])
    first_difference(left, [b"x"])
    assert next(left) == b"2"


def test_parting_names_the_fields_that_differ() -> None:
    left = entry(7, OrderDenied(at_ns=1, event_ns=1, client_order_id="O-1", reason="too big"))
    right = entry(7, OrderDenied(at_ns=1, event_ns=2, client_order_id="O-1", reason="too small"))
    found = parting(3, left, right)
    assert (found.line, found.position) == (3, 7)
    assert found.fields == (
        FieldDifference("event.event_ns", "1", "2"),
        FieldDifference("event.reason", '"too big"', '"too small"'),
    )


def test_parting_tells_equal_decimals_of_different_scale_apart() -> None:
    left = entry(7, OrderUpdated(at_ns=1, event_ns=1, client_order_id="O-1", quantity=Decimal("1.0")))
    right = entry(7, OrderUpdated(at_ns=1, event_ns=1, client_order_id="O-1", quantity=Decimal("1.00")))
    assert parting(3, left, right).fields == (FieldDifference("event.quantity", '"1.0"', '"1.00"'),)


def test_parting_of_a_stream_that_ended_is_at_the_position_of_the_other() -> None:
    only = entry(9, RunCompleted(at_ns=1))
    assert parting(4, None, only) == Parting(4, 9, None, only, ())
    assert parting(4, only, None) == Parting(4, 9, only, None, ())


def test_rows_that_go_on_for_longer_part_at_the_first_row_that_only_one_side_has() -> None:
    assert parting(2, rows(2, 0, 9), rows(2, 0, 4)).position == 7
    assert parting(2, rows(2, 0, 4), rows(2, 0, 9)).position == 7


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (rows(2, 0, 9), rows(2, 1, 9)),
        (rows(2, 0, 9), rows(2, 0, 9, "other")),
        (rows(2, 0, 9), rows(3, 0, 9)),
        (rows(2, 0, 9), entry(2, RunCompleted(at_ns=1))),
        (entry(2, RunCompleted(at_ns=1)), rows(2, 0, 9)),
        (rows(2, 0, 9), entry(2, MarketDataRows(at_ns=99, dataset="d", first_row=0, last_row=9))),
    ],
)
def test_other_entries_part_at_their_own_position(left: EventStreamEntry, right: EventStreamEntry) -> None:
    assert parting(2, left, right).position == 2


def test_tree_differences_name_keys_list_items_and_what_only_one_side_has() -> None:
    left = {"same": [1, {"a": 1}], "list": [1, {"a": 1}], "short": [1], "only_left": 1, "type": 1}
    right = {"same": [1, {"a": 1}], "list": [1, {"a": 2}], "short": [1, 2], "only_right": {"b": 1}, "type": "1"}
    assert tree_differences(left, right) == (
        FieldDifference("list[1].a", "1", "2"),
        FieldDifference("only_left", "1", ABSENT),
        FieldDifference("only_right", ABSENT, '{"b":1}'),
        FieldDifference("short", "[1]", "[1,2]"),
        FieldDifference("type", "1", '"1"'),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, JSON)
def test_trees_differ_exactly_when_their_canonical_json_differs(left: object, right: object) -> None:
    is_same = msgspec.json.encode(left, order="sorted") == msgspec.json.encode(right, order="sorted")
    assert (tree_differences(left, right) == ()) == is_same
