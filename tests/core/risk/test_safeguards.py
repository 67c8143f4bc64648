"""Safeguards: the kill switch's truth table (R42), and what the counting limits count."""

from decimal import Decimal
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from candidates import NOW_NS, SECOND, cancel, exposure_of, gate_with, new, replacement, state_with
from tc.core.candidate import Candidate
from tc.core.events import KillMode, Kind, ThrottleReset
from tc.core.gate import GateConfiguration, Session, Throttle
from tc.core.risk import Verdict, admitted, executed, judge, lets_through
from tc.core.risk.safeguards import DAY_NS
from tc.core.state.control import kill_switch_changed, throttle_reset
from tc.core.state.model import INITIAL, Safeguards

NONE = Safeguards("none", 0, (), {}, 0, 0, {})
MIDNIGHT_NS = NOW_NS // DAY_NS * DAY_NS
HOUR_NS = 3600 * SECOND
RESET = ThrottleReset(1, "S-1", "operator", "the cause is known")

KINDS: tuple[Kind, ...] = ("NEW", "REPLACE", "CANCEL")
PASSES: dict[KillMode, set[tuple[Kind, bool, bool]]] = {
    "none": set(product(KINDS, (False, True), (False, True))),
    "reduce": {(kind, True, own) for kind in KINDS for own in (False, True)} | {("CANCEL", False, own) for own in (False, True)},
    "halt": {("CANCEL", *flags) for flags in product((False, True), (False, True))},
    "halt_all": set(),
    "flatten": {(kind, shrinks, True) for kind in KINDS for shrinks in (False, True)}
    | {("CANCEL", shrinks, False) for shrinks in (False, True)},
}


@pytest.mark.parametrize("mode", get_args(KillMode))
def test_R42_each_mode_lets_through_what_its_table_says(mode: KillMode) -> None:
    passed = {
        (kind, shrinks, own)
        for kind, shrinks, own in product(KINDS, (False, True), (False, True))
        if lets_through(mode, kind, reduces=shrinks, is_flatten=own)
    }
    assert passed == PASSES[mode]


@pytest.mark.parametrize(
    ("mode", "candidate", "reason"),
    [
        ("reduce", new("SELL", "5"), ""),
        ("reduce", new("SELL", "6"), "kill_switch_reduce"),
        ("reduce", new("BUY", "1"), "kill_switch_reduce"),
        ("reduce", replacement(price="101"), "kill_switch_reduce"),
        ("reduce", cancel(), ""),
        ("halt", new("SELL", "5"), "kill_switch_halt"),
        ("halt", replacement("2"), "kill_switch_halt"),
        ("halt", cancel(), ""),
        ("halt_all", new("SELL", "5"), "kill_switch_halt_all"),
        ("halt_all", cancel(), "kill_switch_halt_all"),
        ("flatten", new("SELL", "5", reduce_only=True), "kill_switch_flatten"),
        ("flatten", new("SELL", "5", None, reduce_only=True, is_flatten=True), ""),
        ("flatten", new("SELL", "6", None, reduce_only=True, is_flatten=True), "reduce_only_would_flip"),
        ("flatten", new("BUY", "1", None, is_flatten=True), "reduce_only_would_open"),
        ("flatten", cancel(), ""),
        ("flatten", cancel(is_flatten=True), ""),
    ],
)
def test_R42_what_the_mode_does_not_let_through_is_denied(mode: KillMode, candidate: Candidate, reason: str) -> None:
    state = state_with(exposure_of("5"), kill_switch=mode)
    assert judge(state, candidate, gate_with()).reason == reason


def test_R42_no_limit_keeps_a_position_open_that_the_flatten_closes() -> None:
    gate = gate_with(
        max_order_quantity="1",
        max_order_notional="1",
        price_collar="0",
        duplicate_window_ns=SECOND,
        throttle=Throttle(1, SECOND),
        max_daily_messages=1,
        session=Session(0, 0),
    )
    own = new("SELL", "5", None, reduce_only=True, is_flatten=True)
    state = state_with(
        exposure_of("5"),
        {},
        kill_switch="flatten",
        throttled=("S-1",),
        message_day=NOW_NS // DAY_NS,
        messages=9,
    )
    assert judge(state, own, gate) == Verdict("")


def test_R42_the_kill_switch_stays_as_it_was_set() -> None:
    safeguards = kill_switch_changed(INITIAL.control, "halt", 7).safeguards
    assert (safeguards.kill_switch, safeguards.kill_switch_ns) == ("halt", 7)
    gate = gate_with(throttle=Throttle(1, SECOND))
    for later in (
        admitted(safeguards, new(), NOW_NS, gate),
        executed(safeguards, "S-1", NOW_NS, gate),
        throttle_reset(replace(INITIAL.control, safeguards=safeguards), RESET).safeguards,
    ):
        assert (later.kill_switch, later.kill_switch_ns) == ("halt", 7)
    cleared = kill_switch_changed(replace(INITIAL.control, safeguards=safeguards), "none", 8)
    assert cleared.safeguards.kill_switch == "none"


def _executed(times: tuple[int, ...], gate: GateConfiguration, strategy_id: str = "S-1", on: Safeguards = NONE) -> Safeguards:
    for now_ns in times:
        on = executed(on, strategy_id, now_ns, gate)
    return on


def test_the_throttle_switches_a_strategy_off_at_so_many_executions_in_the_window() -> None:
    gate = gate_with(throttle=Throttle(3, 100))
    assert _executed((0, 50, 100, 150, 200), gate).throttled == ()
    assert _executed((0, 50, 99), gate).throttled == ("S-1",)
    assert _executed((0, 10), gate).throttled == ()
    assert len(_executed((0, 100, 200, 300, 400), gate).executions["S-1"]) == 3


def test_a_throttled_strategy_is_off_until_a_person_resets_it() -> None:
    gate = gate_with(throttle=Throttle(1, 100))
    off = executed(executed(NONE, "S-2", 0, gate), "S-1", 0, gate)
    assert off.throttled == ("S-1", "S-2")
    state = state_with(exposure_of("5"), throttled=off.throttled)
    for candidate in (new(), replacement("1", was="2"), new("SELL", "1", reduce_only=True)):
        assert judge(state, candidate, gate) == Verdict("execution_throttle", "S-1")
    assert judge(state, cancel(), gate) == Verdict("")
    assert judge(state, new(strategy_id="S-3"), gate) == Verdict("")
    assert executed(off, "S-1", 10**18, gate) is off
    again = throttle_reset(replace(INITIAL.control, safeguards=off), RESET).safeguards
    assert again.throttled == ("S-2",)
    assert again.executions == {"S-2": (0,)}


def test_without_a_throttle_executions_are_not_counted() -> None:
    assert executed(NONE, "S-1", 0, gate_with()) is NONE
    assert judge(state_with(throttled=("S-1",)), new(), gate_with()) == Verdict("")


@pytest.mark.parametrize(
    ("session", "time_ns", "is_open"),
    [
        (Session(9 * HOUR_NS, 17 * HOUR_NS), 9 * HOUR_NS, True),
        (Session(9 * HOUR_NS, 17 * HOUR_NS), 9 * HOUR_NS - 1, False),
        (Session(9 * HOUR_NS, 17 * HOUR_NS), 17 * HOUR_NS - 1, True),
        (Session(9 * HOUR_NS, 17 * HOUR_NS), 17 * HOUR_NS, False),
        (Session(22 * HOUR_NS, 2 * HOUR_NS), 23 * HOUR_NS, True),
        (Session(22 * HOUR_NS, 2 * HOUR_NS), HOUR_NS, True),
        (Session(22 * HOUR_NS, 2 * HOUR_NS), 2 * HOUR_NS, False),
        (Session(22 * HOUR_NS, 2 * HOUR_NS), 22 * HOUR_NS - 1, False),
        (Session(0, DAY_NS), DAY_NS - 1, True),
        (Session(0, 0), 0, False),
    ],
)
def test_orders_are_opened_and_changed_within_the_session_only(session: Session, time_ns: int, is_open: bool) -> None:
    state = state_with(now_ns=MIDNIGHT_NS + time_ns)
    gate = gate_with(session=session)
    for candidate in (new(), replacement("2")):
        assert judge(state, candidate, gate).reason == ("" if is_open else "outside_session")
    assert judge(state, cancel(), gate) == Verdict("")


def test_a_days_messages_are_counted_and_limited() -> None:
    gate = gate_with(max_daily_messages=2)
    safeguards = NONE
    for candidate in (new(), cancel()):
        safeguards = admitted(safeguards, candidate, NOW_NS, gate)
    assert (safeguards.message_day, safeguards.messages) == (NOW_NS // DAY_NS, 2)
    counted = {"message_day": safeguards.message_day, "messages": safeguards.messages}
    assert judge(state_with(**counted), new(), gate) == Verdict("max_daily_messages", "3 above 2")  # type: ignore[arg-type]
    assert judge(state_with(**counted), cancel(), gate) == Verdict("")  # type: ignore[arg-type]
    assert judge(state_with(message_day=counted["message_day"], messages=1), new(), gate) == Verdict("")
    next_day = MIDNIGHT_NS + DAY_NS
    assert judge(state_with(now_ns=next_day, **counted), new(), gate) == Verdict("")  # type: ignore[arg-type]
    assert admitted(safeguards, new(), next_day, gate).messages == 1


def test_an_order_equal_in_all_terms_is_a_duplicate_within_the_window() -> None:
    gate = gate_with(duplicate_window_ns=100)
    recent = admitted(NONE, new(quantity="1.0"), NOW_NS, gate).recent_orders
    again = new(quantity="1.00", price="100.0", key="O-2")
    within = state_with(now_ns=NOW_NS + 99, recent_orders=recent)
    assert judge(within, again, gate) == Verdict("duplicate_order", "after 99 ns, within 100 ns")
    assert judge(state_with(now_ns=NOW_NS + 100, recent_orders=recent), again, gate) == Verdict("")
    others = (
        new("SELL"),
        new(quantity="2"),
        new(price="101"),
        new(price=None),
        new(strategy_id="S-2"),
        new(order_type="STOP_LIMIT", trigger_price=Decimal(100)),
        replacement("2"),
    )
    for other in others:
        assert judge(within, other, gate) == Verdict("")


def test_only_orders_within_the_window_are_remembered() -> None:
    gate = gate_with(duplicate_window_ns=100)
    safeguards = NONE
    for at_ns, quantity in ((0, "1"), (50, "2"), (60, "3"), (70, "2"), (100, "4")):
        safeguards = admitted(safeguards, new(quantity=quantity), at_ns, gate)
    assert sorted(safeguards.recent_orders.values()) == [60, 70, 100]
    assert list(admitted(safeguards, new(), 10**9, gate).recent_orders.values()) == [10**9]
    assert admitted(safeguards, cancel(), 10**9, gate).recent_orders is safeguards.recent_orders
    assert admitted(NONE, new(), 0, gate_with()).recent_orders == {}


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 5), st.integers(1, 100))
def test_the_throttle_trips_when_a_window_of_any_length_holds_so_many(steps: list[int], count: int, window_ns: int) -> None:
    gate = gate_with(throttle=Throttle(count, window_ns))
    times: list[int] = []
    safeguards = NONE
    for step in steps:
        now_ns = step + (times[-1] if times else 0)
        times.append(now_ns)
        safeguards = executed(safeguards, "S-1", now_ns, gate)
        in_a_window = (sum(1 for at_ns in times if end - window_ns < at_ns <= end) for end in times)
        assert bool(safeguards.throttled) == (max(in_a_window) >= count)
