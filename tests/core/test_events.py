"""Rules R01 to R11: what Events are, and how they form a stream."""

import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import DATASET, START_NS, Venue, configuration, position_spans, venues
from tc.core import (
    INITIAL,
    EventStreamEntry,
    encode_state,
    fold_event_stream_entries,
    last_position,
    process_event_entry,
    state_digest,
)
from tc.core.events import CATEGORIES, EVENT_TYPES, MarketDataRows, OrderFilled, OrderInitialized, RunCompleted, RunStarted, span
from tc.core.state.fold import _HANDLERS
from tc.errors import InvariantViolation
from tc.runtime.stream import EventStreamCursor


@pytest.mark.parametrize("kind", CATEGORIES, ids=lambda kind: kind.__name__)
def test_R01_an_event_cannot_be_changed_after_creation(kind: type) -> None:
    assert kind.__struct_config__.frozen
    fields = dict.fromkeys(kind.__struct_fields__)
    event = kind(**fields)
    with pytest.raises(AttributeError):
        setattr(event, kind.__struct_fields__[0], 1)


@pytest.mark.parametrize("kind", CATEGORIES, ids=lambda kind: kind.__name__)
def test_R02_each_event_type_has_exactly_one_category_and_a_handler(kind: type) -> None:
    assert CATEGORIES[kind] in {"market", "execution", "intent", "control"}
    assert EVENT_TYPES[kind.__name__] is kind
    assert kind in _HANDLERS


def test_R02_no_handler_is_without_a_category() -> None:
    assert set(_HANDLERS) == set(CATEGORIES)


def test_R03_an_entry_has_exactly_position_and_event() -> None:
    assert EventStreamEntry.__struct_fields__ == ("position", "event")


@given(venues(), st.data())
def test_R04_positions_start_at_1_and_a_gap_or_repeat_is_refused_with_state_unchanged(venue: Venue, data: st.DataObject) -> None:
    entries = venue.entries
    assert entries[0].position == 1
    index = data.draw(st.integers(0, len(entries) - 1))
    before = fold_event_stream_entries(entries[:index], configuration=venue.configuration)
    wrong = data.draw(st.integers(0, 10_000).filter(lambda position: position != entries[index].position))
    frozen = encode_state(before)
    with pytest.raises(InvariantViolation, match=f"position {wrong} follows"):
        process_event_entry(before, EventStreamEntry(wrong, entries[index].event), configuration=venue.configuration)
    assert encode_state(before) == frozen


@given(venues())
def test_R05_the_cursor_allocates_gapless_positions(venue: Venue) -> None:
    cursor = EventStreamCursor()
    for entry in venue.entries:
        assert cursor.next == entry.position
        assert cursor.allocate(entry.event) == entry.position
        assert cursor.next == last_position(entry) + 1
    assert fold_event_stream_entries(venue.entries, configuration=venue.configuration).position == position_spans(venue.entries)


def test_R09_no_intent_is_an_event_type() -> None:
    assert not any("Intent" in name for name in EVENT_TYPES)


def test_R10_an_unknown_event_type_stops_the_fold() -> None:
    class Strange(msgspec.Struct, frozen=True):
        at_ns: int = 0
        event_ns: int = 0

    venue = Venue()
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    with pytest.raises(InvariantViolation, match="unknown type Strange"):
        process_event_entry(state, EventStreamEntry(2, Strange()), configuration=venue.configuration)


def test_R10_another_schema_version_stops_the_fold() -> None:
    config = configuration()
    entry = EventStreamEntry(1, RunStarted(START_NS, 2, config.fingerprint))
    with pytest.raises(InvariantViolation, match="schema 2; this version of tc reads 1"):
        process_event_entry(INITIAL, entry, configuration=config)


@given(venues(), st.randoms(use_true_random=False))
def test_R11_event_times_change_no_order_of_application(venue: Venue, random: object) -> None:
    shuffled = [
        EventStreamEntry(entry.position, msgspec.structs.replace(entry.event, event_ns=random.randrange(10**18)))
        if hasattr(entry.event, "event_ns")
        else entry
        for entry in venue.entries
    ]
    first = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    second = fold_event_stream_entries(shuffled, configuration=venue.configuration)
    assert second.stream_time_ns == first.stream_time_ns
    assert [key for slot in second.execution.orders.open for key in slot] == [
        key for slot in first.execution.orders.open for key in slot
    ]
    assert second.execution.holdings == first.execution.holdings


def test_a_market_record_spans_its_rows() -> None:
    assert span(MarketDataRows(1, DATASET, 3, 7)) == 5
    assert span(RunCompleted(1)) == 1


@given(st.integers(1, 30), st.data())
def test_splitting_a_market_record_changes_no_state(rows: int, data: st.DataObject) -> None:
    config = configuration()
    start = EventStreamEntry(1, RunStarted(START_NS, 1, config.fingerprint))
    whole = [start, EventStreamEntry(2, MarketDataRows(START_NS + 5, DATASET, 0, rows - 1))]
    cut = data.draw(st.integers(0, rows - 1))
    parts = [start]
    if cut:
        parts.append(EventStreamEntry(2, MarketDataRows(START_NS + 5, DATASET, 0, cut - 1)))
    parts.append(EventStreamEntry(2 + cut, MarketDataRows(START_NS + 5, DATASET, cut, rows - 1)))
    assert state_digest(fold_event_stream_entries(parts, configuration=config)) == state_digest(
        fold_event_stream_entries(whole, configuration=config)
    )


@pytest.mark.parametrize(("first", "last"), [(5, 4), (6, 6), (4, 9)])
def test_market_rows_that_do_not_follow_are_a_violation(first: int, last: int) -> None:
    venue = Venue()
    venue.rows(5)
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    with pytest.raises(InvariantViolation, match="do not follow row 4"):
        process_event_entry(
            state,
            EventStreamEntry(state.position + 1, MarketDataRows(START_NS, DATASET, first, last)),
            configuration=venue.configuration,
        )


@given(venues())
def test_an_event_and_its_journal_form_are_one_definition(venue: Venue) -> None:
    decoder = msgspec.json.Decoder(EventStreamEntry)
    for entry in venue.entries:
        body = msgspec.json.encode(entry)
        assert decoder.decode(body) == entry
        assert msgspec.json.encode(decoder.decode(body)) == body


def test_decimals_stay_text_in_the_journal_form() -> None:
    venue = Venue()
    order_id = venue.initialize(quantity="12345678901234567890.123456789")
    event = venue.entries[-1].event
    assert isinstance(event, OrderInitialized)
    body = msgspec.json.encode(venue.entries[-1])
    assert b'"quantity":"12345678901234567890.123456789"' in body
    assert msgspec.json.decode(body, type=EventStreamEntry).event.quantity == Decimal("12345678901234567890.123456789")
    assert order_id == "O-1"


def test_R27_the_core_imports_nothing_that_reads_the_world() -> None:
    code = (
        "import sys; import tc.core; "
        "banned = {'time', 'random', 'os', 'socket', 'pathlib', 'io', 'datetime', 'uuid', 'secrets', 'logging', 'threading'}; "
        "import tc.core.state.fold as fold; "
        "used = {name for key, module in list(sys.modules.items()) if key.startswith('tc.core') "
        "for name in vars(module) if name in banned}; "
        "print(sorted(used))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_R27_folding_reads_no_clock_file_or_environment() -> None:
    # An audit hook sees every open, socket and environment access; the fold may cause none.
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from streams import Venue; from tc.core import fold_event_stream_entries, state_digest; "
        "v = Venue(); [v.fill(v.accepted()) for _ in range(5)]; v.rows(3); "
        "seen = []; sys.addaudithook(lambda name, args: seen.append(name)); "
        "s = fold_event_stream_entries(v.entries, configuration=v.configuration); state_digest(s); "
        "print(sorted({n for n in seen if not n.startswith(('object.', 'sys._getframe'))}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(__import__("pathlib").Path(__file__).parent.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_compat_fills_are_never_counted_as_canonical() -> None:
    venue = Venue()
    fill = venue.fill(venue.accepted(), "0.5")
    assert isinstance(fill, OrderFilled)
    assert fill.source == "canonical"
