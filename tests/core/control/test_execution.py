"""Rules R50 to R58 and R76, R79: which of the waiting commands are sent in a step, and why the others wait."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from queues import ANY, INSTRUMENT, NOW_NS, ONE_A_SECOND, SECOND, Desk, gate, told
from tc.core.control import advance, invalidate
from tc.core.events import Kind
from tc.core.gate import RateLimit
from tc.core.state import slots
from tc.core.state.model import INITIAL, Queue

BURST_OF_THREE = RateLimit(messages=1, period_ns=SECOND, burst=3)


def test_R50_dominance_and_validity_come_before_the_rate_so_what_ends_costs_no_token() -> None:
    desk = Desk(gate(RateLimit(messages=1, period_ns=SECOND, burst=2)))
    desk.new("a", "b")
    desk.new("c")
    arrival = desk.execution.queue.arrival
    desk.cancel("c")
    desk.order("d")
    desk.cancel("d")
    desk.gone("d")
    assert desk.execution.queue.arrival == arrival


def test_R50_the_in_flight_gate_comes_before_the_rate() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    assert told(desk.replace("a", price="7"))[-1] == "REPLACE a held in_flight"
    assert desk.execution.queue.rate_deadline_ns == 0, "it does not wait for the rate yet"


def test_R51_the_longest_prefix_that_the_rate_allows_is_sent() -> None:
    desk = Desk(gate(BURST_OF_THREE))
    for key in "ab":
        desk.new(key)
    assert told(desk.new("c", "d", "e")) == [
        "NEW c allowed",
        "NEW d allowed",
        "NEW e allowed",
        "NEW c held rate_capacity",
        "NEW d held group_waits",
        "NEW e held group_waits",
    ]
    desk.new("f")
    assert desk.execution.queue.rate_deadline_ns == NOW_NS + 2 * SECOND
    assert told(desk.realised()) == ["NEW c sent", "NEW d sent", "NEW e sent"]
    assert told(desk.realised()) == ["NEW f sent"]
    assert desk.now_ns == NOW_NS + 3 * SECOND


def test_R51_without_a_rate_everything_goes_in_the_step_that_admits_it() -> None:
    desk = Desk(gate())
    outcomes = desk.new("a", "b", "c")
    assert told(outcomes)[3:] == ["NEW a sent", "NEW b sent", "NEW c sent"]
    assert desk.execution.queue.rate_deadline_ns == 0


def test_R51_what_follows_does_not_overtake_what_waits() -> None:
    desk = Desk(gate(BURST_OF_THREE))
    desk.new("a")
    assert told(desk.new("b", "c", "d"))[3] == "NEW b held rate_capacity"
    assert told(desk.new("e"))[-1] == "NEW e held rate_capacity", "there is a token for it, but it stands behind the group"


def test_a_group_that_lost_a_member_goes_without_it() -> None:
    desk = Desk(gate(BURST_OF_THREE))
    desk.new("first")
    desk.new("a", "b", "c")
    assert desk.execution.queue.rate_deadline_ns == NOW_NS + SECOND
    desk.cancel("b")
    assert desk.execution.queue.rate_deadline_ns == NOW_NS, "two may go now, but only when that deadline is realised"
    assert told(desk.realised()) == ["NEW a sent", "NEW c sent"]
    assert desk.now_ns == NOW_NS


def test_two_groups_stand_apart() -> None:
    desk = Desk(gate(BURST_OF_THREE))
    desk.new("a", "b")
    desk.new("c", "d")
    desk.new("e", "f")
    desk.new("g")
    assert told(desk.realised()) == ["NEW c sent", "NEW d sent"]
    assert told(desk.realised()) == ["NEW e sent", "NEW f sent"]
    assert told(desk.realised()) == ["NEW g sent"]


def test_R53_rate_limited_work_waits_and_is_neither_denied_nor_dropped() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    for number in range(50):
        desk.new(f"k{number:02}")
    assert desk.execution.queue.size == 49
    sent = [told(desk.realised()) for _ in range(49)]
    assert sent == [[f"NEW k{number:02} sent"] for number in range(1, 50)]
    assert desk.now_ns == NOW_NS + 49 * SECOND
    assert desk.execution.queue.rate_deadline_ns == 0


def test_R53_what_waits_is_told_once_when_it_may_go() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    until = [desk.new(key)[-1] for key in "bcd"]
    assert [(each.reason, each.until_ns - NOW_NS) for each in until] == [
        ("rate_capacity", SECOND),
        ("rate_capacity", 2 * SECOND),
        ("rate_capacity", 3 * SECOND),
    ]
    assert desk.advance("b", "c", "d") == ()
    desk.order("e")
    assert desk.cancel("e")[-1].until_ns == NOW_NS + SECOND, "a CANCEL stands before them"


def test_R54_the_order_is_by_kind_and_then_by_admission() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("first")
    for key in ("x", "y", "z"):
        desk.order(key)
    desk.new("n1")
    desk.replace("x", price="7")
    desk.cancel("y")
    desk.new("n0")
    desk.cancel("z")
    sent = [told(desk.realised())[0] for _ in range(5)]
    assert sent == ["CANCEL y sent", "CANCEL z sent", "REPLACE x sent", "NEW n1 sent", "NEW n0 sent"]


@given(st.permutations(["NEW", "REPLACE", "CANCEL"]))
def test_R18_R54_the_priority_is_the_configurations(priority: list[Kind]) -> None:
    desk = Desk(gate(ONE_A_SECOND, kind_priority=tuple(priority)))
    desk.new("first")
    for key in ("x", "y"):
        desk.order(key)
    desk.new("n")
    desk.replace("x", price="7")
    desk.cancel("y")
    assert [desk.realised()[0].kind for _ in range(3)] == priority


def test_R56_a_failure_sends_nothing_and_leaves_the_work_pending() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.new("b")
    sound = desk.execution
    torn = replace(sound, queue=replace(sound.queue, lanes=((), (), ((1, "nothing waits here"), *sound.queue.lanes[2]))))
    with pytest.raises(KeyError):
        advance(torn, desk.now_ns + SECOND, desk.gate, is_released=True)
    assert desk.execution is sound
    assert desk.pending("b") is not None
    assert told(desk.realised()) == ["NEW b sent"]


@given(st.integers(0, 10**12))
def test_R57_time_alone_changes_nothing_in_the_queue(later_ns: int) -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.new("b")
    execution, outcomes = advance(desk.execution, desk.now_ns + later_ns, desk.gate)
    assert execution is desk.execution
    assert outcomes == ()


def test_R57_an_empty_queue_has_nothing_to_do() -> None:
    execution, outcomes = advance(INITIAL.execution, NOW_NS, gate(ONE_A_SECOND), ("a",), is_released=True)
    assert execution is INITIAL.execution
    assert outcomes == ()


def test_R58_what_is_sent_left_the_queue_and_is_in_flight_with_what_it_counts() -> None:
    desk = Desk(gate(acknowledgement_timeout_ns=SECOND))
    desk.new("b", "a", quantity="2")
    assert desk.execution.queue.size == 0
    assert desk.exposure().buy_reserved == Decimal(4)
    assert desk.execution.queue.watch == ((NOW_NS + SECOND, "a"), (NOW_NS + SECOND, "b"))
    for key in "ab":
        flying = desk.in_flight(key)
        assert flying is not None
        assert (flying.sent_ns, flying.reserved, flying.is_overdue) == (NOW_NS, Decimal(2), False)
    assert desk.execution.exposures.keys() == {INSTRUMENT}


def test_R58_nothing_goes_that_was_not_admitted() -> None:
    desk = Desk(gate())
    assert desk.advance("a", is_released=True) == ()


def test_R76_nothing_passes_the_rates_deadline_before_it_is_realised() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.new("b")
    deadline_ns = desk.execution.queue.rate_deadline_ns
    assert deadline_ns == NOW_NS + SECOND
    desk.now_ns += 5 * SECOND
    assert told(desk.new("c")) == ["NEW c allowed", "NEW c held rate_capacity"]
    assert desk.execution.queue.rate_deadline_ns == deadline_ns, "it is due, and stays so until it is realised"
    assert told(desk.realised()) == ["NEW b sent"]
    assert desk.now_ns == NOW_NS + 5 * SECOND
    assert desk.execution.queue.rate_deadline_ns == NOW_NS + 6 * SECOND


def test_R76_what_comes_to_stand_first_waits_for_a_deadline_of_its_own() -> None:
    desk = Desk(gate(BURST_OF_THREE))
    desk.new("first")
    desk.new("a", "b", "c")
    assert desk.execution.queue.rate_deadline_ns == NOW_NS + SECOND
    desk.now_ns += SECOND // 2
    desk.order("x")
    assert told(desk.cancel("x"))[-1] == "CANCEL x held rate_capacity"
    assert desk.execution.queue.rate_deadline_ns == desk.now_ns, "there is a token for it: its deadline is due at once"
    desk.now_ns += 10
    desk.order("y")
    desk.cancel("y")
    assert desk.execution.queue.rate_deadline_ns == desk.now_ns - 10
    assert told(desk.realised()) == ["CANCEL x sent", "CANCEL y sent"]
    assert desk.execution.queue.rate_deadline_ns > desk.now_ns


def test_R78_R79_every_pass_replaces_the_deadline_by_what_the_queue_implies() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.answered("a", ANY)
    seen = []
    for key in "bcd":
        desk.new(key)
    while desk.execution.queue.rate_deadline_ns:
        seen.append(desk.execution.queue.rate_deadline_ns)
        desk.realised()
    assert seen == [NOW_NS + number * SECOND for number in (1, 2, 3)], "each is realised once, and a later one is later"


def test_R79_the_deadline_goes_when_what_waited_for_it_goes() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.cancel("a")
    desk.new("b")
    desk.execution, outcomes = invalidate(desk.execution, lambda pending: pending.kind == "CANCEL", desk.gate)
    assert told(outcomes) == ["NEW b invalid kill_switch"]
    assert desk.advance() == ()
    queue: Queue = desk.execution.queue
    assert queue.size == 1, "the CANCEL waits for an answer, not for the rate"
    assert queue.rate_deadline_ns == 0


def test_a_deep_queue_is_selected_in_one_step() -> None:
    desk = Desk(gate())
    keys = tuple(f"k{number:04}" for number in range(300))
    assert len(desk.new(*keys)) == 600
    assert len(slots.items(desk.execution.queue.in_flight)) == 300


def test_R76_a_realisation_that_comes_a_nanosecond_early_sends_nothing_and_keeps_the_deadline() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.new("b")
    desk.now_ns += SECOND - 1
    assert desk.advance(is_released=True) == ()
    assert desk.execution.queue.rate_deadline_ns == NOW_NS + SECOND
    assert told(desk.realised()) == ["NEW b sent"]
