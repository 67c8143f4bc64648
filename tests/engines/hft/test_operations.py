"""Tests for what a spec's operator does during a run in hftbacktest."""

from typing import Any

import pytest

from hft_runs import BOOK, INSTRUMENT, MS, START_NS, UNLIMITED, Script, new, record, ticks
from tc.core.events import ControlTimeReached, KillSwitchChanged, MarketObserved, OrderFilled, ThrottleReset
from tc.spec.gate_spec import OperationSpec, TimingSpec

pytestmark = pytest.mark.e2e
ROWS = (*BOOK, *ticks(10, 20, 40, 60, 80, 100, 120, 140))


def at(milliseconds: int, **what: Any) -> OperationSpec:
    """Return an operation so long after the start, which is 2023-11-14T22:13:20Z."""
    return OperationSpec(at=f"2023-11-14T22:13:20.{milliseconds:03d}Z", reason="a rehearsal", **what)


def test_operations_are_done_at_their_instants_between_two_rows() -> None:
    operations = (at(30, kill_switch="halt"), at(50, kill_switch="none"), at(50, reset_throttle=True))
    script = Script([(40, [new("A", "BUY", "1")]), (60, [new("B", "BUY", "1")])])
    recorded = record(ROWS, script, operations=operations, risk=UNLIMITED)
    done = recorded.of(KillSwitchChanged, ThrottleReset)
    assert [(type(each).__name__, (each.at_ns - START_NS) / MS, each.by, each.reason) for each in done] == [
        ("KillSwitchChanged", 30, "spec", "a rehearsal"),
        ("KillSwitchChanged", 50, "spec", "a rehearsal"),
        ("ThrottleReset", 50, "spec", "a rehearsal"),
    ]
    assert done[2].strategy_id == "tc.strategies.quoter:TwoSidedQuoter"
    assert [each.client_order_id for each in recorded.of(OrderFilled)] == ["B"], "the switch was set when A was asked for"


def test_R82_an_operation_comes_behind_the_data_of_its_stamp_and_before_control_time() -> None:
    recorded = record(
        ROWS, Script([]), operations=(at(20, kill_switch="halt"),), timing=TimingSpec(heartbeat_s="0.02"), risk=UNLIMITED
    )
    at_20 = [type(each.event) for each in recorded.entries if each.event.at_ns == START_NS + 20 * MS]
    assert at_20 == [MarketObserved, KillSwitchChanged, ControlTimeReached]


def test_an_operation_before_the_first_stamp_is_done_at_it() -> None:
    early = OperationSpec(at="2023-11-14T22:13:19Z", kill_switch="halt", reason="from the start")
    [changed] = record(ROWS, Script([]), operations=(early,), risk=UNLIMITED).of(KillSwitchChanged)
    assert changed.at_ns == START_NS


def test_R42_a_flatten_closes_the_position_that_the_strategy_opened() -> None:
    script = Script([(10, [new("A", "BUY", "1"), new("B", "BUY", "1", "99.0")])])
    recorded = record(ROWS, script, operations=(at(50, kill_switch="flatten"),), risk=UNLIMITED)
    modes = [(each.mode, each.by) for each in recorded.of(KillSwitchChanged)]
    assert modes == [("flatten", "spec"), ("halt", "core")]
    context = recorded.stream.context
    assert list(context.positions()) == []
    assert list(context.open_orders()) == []
    assert set(context.realized()) == {INSTRUMENT}
