"""Claims about comparing two streams position by position, and about naming the cause of their first difference."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import DATASET, START_NS, Venue
from tc.checks.cause import _RELATED, _UNEXPLAINED, CAUSES, MOST_NAMED, Cause, CauseKind, cause_of
from tc.checks.compare import FieldDifference, tree_differences
from tc.checks.evidence import LANE_OF, LANES, Item, Lane, StreamComparison, compare_streams, items_of
from tc.core import EventStreamEntry
from tc.core.decision import Decision, outcome
from tc.core.events import (
    CATEGORIES,
    AccountUpdated,
    Balance,
    ControlTimeReached,
    Event,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    OrderAccepted,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from tc.runtime.cursor import EventStreamCursor

AT = START_NS
START = RunStarted(AT, 1, "c" * 64)
ROWS = MarketDataRows(AT + 1, DATASET, 0, 9)
CREATED = OrderInitialized(AT, AT, "O-1", "S-1", "BTCUSDT.X", "BUY", "LIMIT", Decimal(1), "GTC", price=Decimal(100))
ACCEPTED = OrderAccepted(AT, AT, "O-1", "V-1", "A-1")
ENGINES = ("nautilus 1", "nautilus 1")


def fill(price: str = "100", trade_id: str = "T-1", liquidity: str = "TAKER") -> OrderFilled:
    where = ("O-1", "V-1", "A-1", trade_id, "P-1", "S-1", "BTCUSDT.X", "BUY")
    return OrderFilled(AT, AT, *where, Decimal(1), Decimal(price), "USDT", Decimal(0), "USDT", liquidity)  # type: ignore[arg-type]


def items(*events: Event | Decision) -> Iterator[Item]:
    """Return the items of a stream; a Decision is that of the event before it."""
    cursor = EventStreamCursor()
    steps: list[tuple[EventStreamEntry, Decision | None]] = []
    for event in events:
        if isinstance(event, Decision):
            steps[-1] = (steps[-1][0], msgspec.structs.replace(event, position=steps[-1][0].position))
        else:
            steps.append((EventStreamEntry(cursor.allocate(event), event), None))
    return items_of(steps)


def compared(left: Iterable[Event | Decision], right: Iterable[Event | Decision]) -> StreamComparison:
    return compare_streams(items(START, *left), items(START, *right))


def cause(
    left: Iterable[Event | Decision],
    right: Iterable[Event | Decision],
    *configuration: FieldDifference,
    engines: tuple[str, str] = ENGINES,
) -> Cause:
    found = cause_of(compared(left, right), configuration, engines=engines)
    assert found is not None
    return found


def differs(path: str, left: str = "1", right: str = "2") -> FieldDifference:
    return FieldDifference(path, left, right)


def test_every_event_type_belongs_to_one_lane() -> None:
    assert set(LANE_OF) == set(CATEGORIES)
    assert set(get_args(Lane)) == set(LANES)


def test_every_cause_is_explained() -> None:
    assert set(get_args(CauseKind)) == set(CAUSES) == set(_RELATED) == set(_UNEXPLAINED)


def test_a_stream_does_not_part_from_itself() -> None:
    venue = Venue()
    venue.every_type()
    same = compare_streams(items_of((entry, None) for entry in venue.entries), items_of((entry, None) for entry in venue.entries))
    assert (same.first, same.partings, same.has_other_identifiers) == (None, {}, False)
    assert sum(same.compared.values()) == len(venue.entries)
    assert cause_of(same, (), engines=ENGINES) is None


def test_that_runs_name_other_configurations_parts_no_lane() -> None:
    other = msgspec.structs.replace(START, configuration="d" * 64)
    same = compare_streams(items(START, ROWS), items(other, ROWS))
    assert (same.first, same.partings) == (None, {})


@given(st.lists(st.integers(1, 99), unique=True), st.lists(st.integers(1, 99), unique=True))
def test_rows_are_compared_one_by_one_however_they_are_cut(left: list[int], right: list[int]) -> None:
    def cut(places: list[int]) -> list[Event | Decision]:
        bounds = [0, *sorted(places), 100]
        return [MarketDataRows(AT + last, DATASET, first, last - 1) for first, last in pairwise(bounds)]

    same = compared(cut(left), cut(right))
    assert (same.first, same.partings) == (None, {})


@pytest.mark.parametrize("longer_is_left", [True, False])
def test_an_event_between_rows_parts_the_streams_at_the_row_behind_it(longer_is_left: bool) -> None:
    cut = [MarketDataRows(AT, DATASET, 0, 3), CREATED, MarketDataRows(AT + 1, DATASET, 4, 9)]
    whole = [ROWS]
    first = (compared(whole, cut) if longer_is_left else compared(cut, whole)).first
    assert first is not None
    assert first.left is not None
    assert first.right is not None
    rows, event = (first.left, first.right) if longer_is_left else (first.right, first.left)
    assert (rows.position, rows.value) == (6, MarketDataRows(AT + 1, DATASET, 4, 9))
    assert (event.position, event.value) == (6, CREATED)
    assert set(compared(whole, cut).partings) == {"request"}


def test_lanes_part_each_for_itself_and_the_engines_own_records_part_nothing_else() -> None:
    account = AccountUpdated(AT, AT, "A-1", "MARGIN", True, (Balance("USDT", Decimal(1), Decimal(0), Decimal(1)),))
    found = compared([account, ROWS, CREATED, fill("100")], [ROWS, CREATED, fill("101")])
    assert set(found.partings) == {"engine", "feedback"}
    assert found.compared == {"market": 1, "request": 1, "decision": 0, "feedback": 0, "control": 0, "engine": 1}
    first = found.first
    assert first is not None
    assert [each.path for each in first.fields] == ["price"]
    assert (first.index, first.left and first.left.position, first.right and first.right.position) == (3, 14, 13)


def test_after_a_lane_has_parted_nothing_of_it_is_compared() -> None:
    found = compared([fill("100"), fill("102")], [fill("101"), fill("102")])
    assert (found.compared["feedback"], found.partings["feedback"].index) == (0, 1)


def test_only_other_identifiers_are_named_as_such() -> None:
    found = cause([ROWS, fill(trade_id="T-1")], [ROWS, fill(trade_id="T-2")])
    assert (found.kind, found.related) == ("other", ())
    assert "only identifiers" in found.why


def test_values_that_are_equal_but_written_otherwise_do_not_part() -> None:
    found = compared([fill("100")], [fill("100.0")])
    assert (found.first, found.has_other_identifiers) == (None, False)


def test_only_the_configurations_differ() -> None:
    found = cause([ROWS], [ROWS], differs("run_spec.name"))
    assert (found.kind, found.related) == ("configuration", (differs("run_spec.name"),))
    assert "run_spec.name: 1 and 2" in found.why


def test_only_the_engines_own_records_differ() -> None:
    account = AccountUpdated(AT, AT, "A-1", "MARGIN", True, ())
    assert "only the engines' own records" in cause([ROWS, account], [ROWS]).why


def held(until_ns: int) -> Decision:
    return Decision(0, AT, (outcome("O-1", "NEW", "held", "rate_capacity", until_ns=until_ns, quantity=Decimal(2)),))


ALLOWED = Decision(0, AT, (outcome("O-1", "NEW", "allowed"), outcome("O-1", "NEW", "sent")))
DENIED = Decision(0, AT, (outcome("O-1", "NEW", "denied", "max_position", detail="3 above 2"),))
LATER = Decision(0, AT, ALLOWED.outcomes[:1])
OBSERVED = MarketObserved(AT, AT, "BTCUSDT.X", Decimal(99))
ROW = msgspec.structs.replace(OBSERVED, row=3)
KILLED = KillSwitchChanged(AT, "halt", "me", "x")
HEARTBEAT = ControlTimeReached(AT, AT, "heartbeat")


@pytest.mark.parametrize(
    ("left", "right", "kind", "says"),
    [
        ([ROWS], [MarketDataRows(AT + 1, "e" * 64, 0, 9)], "market_data", "MarketDataRows, dataset"),
        ([ROWS], [MarketDataRows(AT + 2, DATASET, 0, 9)], "market_data", "at_ns"),
        ([ROW], [msgspec.structs.replace(ROW, bid=Decimal(98))], "market_data", "MarketObserved, bid"),
        ([OBSERVED], [ROWS], "strategy_request", "MarketObserved and MarketDataRows"),
        ([CREATED], [ROWS], "strategy_request", "OrderInitialized and MarketDataRows"),
        ([CREATED], [msgspec.structs.replace(CREATED, side="SELL")], "strategy_request", 'side: "BUY" and "SELL"'),
        ([CREATED, ALLOWED], [CREATED, DENIED], "decision", "NEW O-1 allowed and NEW O-1 denied max_position (3 above 2)"),
        ([CREATED, ALLOWED], [CREATED, LATER], "decision", "NEW O-1 sent and nothing"),
        (
            [CREATED, held(5)],
            [CREATED, held(6)],
            "decision",
            "NEW O-1 held with 2 rate_capacity until 5 ns and NEW O-1 held with 2 rate_capacity until 6 ns",
        ),
        (
            [CREATED, ALLOWED],
            [CREATED, msgspec.structs.replace(ALLOWED, unrealised=("x",))],
            "decision",
            "the same commands, other deadlines",
        ),
        ([CREATED, ALLOWED, ROWS], [CREATED, ROWS], "decision", "Decision and MarketDataRows"),
        ([fill("100")], [fill("101")], "venue_fill_model", 'OrderFilled, price: "100" and "101"'),
        ([fill()], [fill(liquidity="MAKER")], "venue_fill_model", "liquidity"),
        ([fill()], [ROWS], "venue_fill_model", "OrderFilled and MarketDataRows"),
        ([OrderDenied(AT, AT, "O-1", "NO")], [ACCEPTED], "other", "before it was sent"),
        ([ACCEPTED], [OrderDenied(AT, AT, "O-1", "NO")], "other", "before it was sent"),
        ([KILLED], [ROWS], "other", "an operation"),
        ([RunCompleted(AT)], [RunFailed(AT, "E")], "other", "ended"),
        ([ROWS, RunCompleted(AT)], [ROWS], "other", "goes on"),
        ([HEARTBEAT], [msgspec.structs.replace(HEARTBEAT, at_ns=AT + 1)], "other", "deadlines were reached"),
    ],
)
def test_the_first_difference_is_named_by_its_cause(
    left: list[Event | Decision], right: list[Event | Decision], kind: CauseKind, says: str
) -> None:
    found = cause(left, right)
    assert found.kind == kind
    assert says in found.why
    mirrored = cause(right, left)
    assert (mirrored.kind, mirrored.related) == (kind, ())


def test_a_difference_of_fills_under_two_engines_is_one_of_their_fill_models() -> None:
    found = cause([fill("100")], [fill("101")], differs("engine.name"), engines=("nautilus 1", "hftbacktest 2"))
    assert found.kind == "venue_fill_model"
    assert "a difference of the engines' fill models (nautilus 1 and hftbacktest 2)" in found.why
    assert found.related == (differs("engine.name"),)
    same = cause([fill("100")], [fill("101")])
    assert "is not deterministic" in same.why


def test_the_values_of_the_configurations_that_go_with_the_cause_are_named() -> None:
    related = tuple(differs(f"core.gate.limits.{name}") for name in "abcd")
    found = cause([CREATED, ALLOWED], [CREATED, DENIED], differs("strategy.version"), *related)
    assert found.related == related
    assert "core.gate.limits.c: 1 and 2; and 1 more" in found.why
    assert len(related) == MOST_NAMED + 1


@pytest.mark.parametrize(("left", "right"), [("null", "{}"), ("{}", "(absent)")])
def test_a_gate_in_one_run_only_is_the_cause_of_what_follows_from_it(left: str, right: str) -> None:
    found = cause([CREATED, OBSERVED], [CREATED, ACCEPTED], differs("core.gate", left, right))
    assert (found.kind, found.why) == ("configuration", "only one of the runs has a gate")
    assert cause([CREATED, OBSERVED], [CREATED, ACCEPTED], differs("core.gate.mode")).kind == "venue_fill_model"


def test_operations_that_the_specs_write_differently_are_configuration() -> None:
    found = cause([KILLED], [ROWS], differs("run_spec.operations[0].kill_switch"))
    assert (found.kind, found.related[0].path) == ("configuration", "run_spec.operations[0].kill_switch")


@given(st.data())
def test_a_changed_value_is_found_in_the_lane_of_its_event(data: st.DataObject) -> None:
    venue = Venue()
    venue.every_type()
    events = [entry.event for entry in venue.entries]
    at = data.draw(st.integers(1, len(events) - 1))
    changed = msgspec.structs.replace(events[at], at_ns=events[at].at_ns + 1)
    found = compare_streams(items(*events), items(*events[:at], changed, *events[at + 1 :]))
    assert set(found.partings) == {LANE_OF[type(changed)]}
    assert (found.first is None) is (LANE_OF[type(changed)] == "engine")


def test_trees_of_documents_name_the_gate_as_one_value_where_only_one_has_it() -> None:
    (difference,) = tree_differences({"core": {"gate": None}}, {"core": {"gate": {"mode": "on"}}})
    assert (difference.path, difference.left) == ("core.gate", "null")
