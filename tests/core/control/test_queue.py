"""Rules R43 (its part), R45 to R49, R52 and R60 to R62: what stands in the queue under a key, and what ends it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues import ANY, INSTRUMENT, NOW_NS, ONE_A_SECOND, SECOND, Desk, gate, recount, told
from tc.core.control import advance, begun, drop, invalidate, overdue, settle
from tc.core.events import Kind
from tc.core.gate import RateLimit
from tc.core.state import slots

ONE_PER_HOUR = RateLimit(messages=1, period_ns=3600 * SECOND, burst=1)


def held_desk() -> Desk:
    """Return a desk whose rate is used up, so that whatever is asked next waits."""
    desk = Desk(gate(ONE_PER_HOUR))
    desk.new("first")
    desk.answered("first")
    return desk


def open_desk() -> Desk:
    """Return a desk whose rate is used up, and an order ``a`` that is open."""
    desk = held_desk()
    desk.order("a", "3")
    return desk


def test_R45_R47_the_latest_replace_takes_the_place_of_the_one_that_waits() -> None:
    desk = open_desk()
    desk.replace("a", quantity="5")
    desk.new("b")
    before = desk.pending("a")
    assert told(desk.replace("a", price="7")) == [
        "REPLACE a allowed",
        "REPLACE a superseded same_kind_latest_wins",
        "REPLACE a held rate_capacity",
    ]
    after = desk.pending("a")
    assert before is not None
    assert after is not None
    assert after.admission == before.admission, "it keeps its place, so that asking often does not mean waiting longer"
    assert (after.quantity, after.price) == (Decimal(5), Decimal(7)), "what it does not state is as the one before it asked"
    assert after.reserved == 2
    assert desk.execution.queue.size == 2


def test_R47_the_latest_statement_of_a_term_wins() -> None:
    desk = open_desk()
    desk.replace("a", quantity="5", price="7")
    desk.replace("a", quantity="4")
    waiting = desk.pending("a")
    assert waiting is not None
    assert (waiting.quantity, waiting.price, waiting.reserved) == (Decimal(4), Decimal(7), Decimal(1))
    assert desk.exposure().buy_reserved == 1


def test_R47_cancel_beats_replace() -> None:
    desk = open_desk()
    desk.replace("a", quantity="5")
    assert told(desk.cancel("a")) == ["CANCEL a allowed", "REPLACE a superseded cancel_beats", "CANCEL a held rate_capacity"]
    assert desk.exposure().buy_reserved == 0
    assert desk.execution.queue.lanes[1] == ()
    assert [key for _, key in desk.execution.queue.lanes[0]] == ["a"]


def test_R47_a_weaker_newcomer_is_dropped() -> None:
    desk = open_desk()
    desk.cancel("a")
    queue = desk.execution.queue
    assert told(desk.replace("a", quantity="5")) == ["REPLACE a allowed", "REPLACE a superseded weaker_newcomer"]
    assert desk.execution.queue.pending == queue.pending
    assert desk.execution.queue.lanes == queue.lanes
    assert desk.exposure().buy_reserved == 0


def test_R47_a_second_cancel_is_the_same_cancel() -> None:
    desk = open_desk()
    desk.cancel("a")
    assert told(desk.cancel("a"))[:2] == ["CANCEL a allowed", "CANCEL a superseded same_kind_latest_wins"]
    assert desk.execution.queue.size == 1


def test_R47_a_second_new_of_a_key_takes_the_place_of_the_first_in_its_group() -> None:
    desk = Desk(gate(RateLimit(messages=1, period_ns=3600 * SECOND, burst=2)))
    desk.new("first")
    desk.answered("first")
    desk.new("a", "b")
    assert told(desk.new("a", quantity="2"))[1] == "NEW a superseded same_kind_latest_wins"
    waiting = desk.pending("a")
    assert waiting is not None
    assert waiting.group == ("a", "b")
    assert desk.exposure().buy_reserved == 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["REPLACE", "CANCEL"])), max_size=20))
def test_R47_keys_never_affect_each_other(commands: list[tuple[str, str]]) -> None:
    together, apart = held_desk(), {key: held_desk() for key in "abc"}
    for key, kind in commands:
        for desk in (together, apart[key]):
            desk.order(key)
            desk.replace(key, price="7") if kind == "REPLACE" else desk.cancel(key)
    for key, desk in apart.items():
        mine, theirs = together.pending(key), desk.pending(key)
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            assert (mine.kind, mine.price, mine.reserved) == (theirs.kind, theirs.price, theirs.reserved)


def test_R48_a_replace_of_an_unsent_new_changes_the_new() -> None:
    desk = held_desk()
    desk.new("a", quantity="1", price="100")
    before = desk.pending("a")
    outcomes = desk.replace("a", quantity="4")
    assert told(outcomes) == ["REPLACE a allowed", "REPLACE a merged replace_of_unsent"]
    assert outcomes[1].rule == "R48"
    assert (outcomes[1].quantity, outcomes[1].price) == (Decimal(4), Decimal(100))
    after = desk.pending("a")
    assert before is not None
    assert after is not None
    assert (after.kind, after.admission, after.quantity) == ("NEW", before.admission, Decimal(4))
    assert desk.exposure().buy_reserved == 4
    sent = desk.realised()
    assert told(sent) == ["NEW a sent"]
    assert (sent[0].quantity, sent[0].price) == (Decimal(4), Decimal(100))


def test_R49_a_cancel_of_an_unsent_new_ends_both_and_sends_nothing() -> None:
    desk = held_desk()
    desk.new("a")
    assert desk.execution.queue.rate_deadline_ns
    outcomes = desk.cancel("a")
    assert told(outcomes) == ["CANCEL a allowed", "NEW a annihilated cancel_of_unsent", "CANCEL a annihilated cancel_of_unsent"]
    queue = desk.execution.queue
    assert (queue.size, queue.lanes, queue.rate_deadline_ns) == (0, ((), (), ()), 0)
    assert desk.exposure().buy_reserved == 0
    assert desk.realised() == ()


def test_R46_a_command_waits_for_the_one_in_flight_under_its_key_and_does_not_block_others() -> None:
    desk = Desk(gate())
    desk.new("a")
    assert told(desk.cancel("a")) == ["CANCEL a allowed", "CANCEL a held in_flight"]
    assert desk.execution.queue.lanes == ((), (), ())
    assert told(desk.new("b")) == ["NEW b allowed", "NEW b sent"]
    flying = desk.in_flight("a")
    assert flying is not None
    assert flying.kind == "NEW"
    assert desk.answered("a", frozenset({"CANCEL"})) == (), "another kind's answer settles nothing"
    assert told(desk.answered("a", frozenset({"NEW"}))) == ["CANCEL a sent"]
    flying = desk.in_flight("a")
    assert flying is not None
    assert flying.kind == "CANCEL"


def test_R46_what_waited_for_an_answer_waits_for_the_rate_at_the_place_of_its_admission() -> None:
    desk = Desk(gate(ONE_A_SECOND))
    desk.new("a")
    desk.order("b")
    desk.cancel("a")
    desk.cancel("b")
    assert told(desk.answered("a", ANY)) == ["CANCEL a held rate_capacity"]
    assert [key for _, key in desk.execution.queue.lanes[0]] == ["a", "b"]
    assert told(desk.realised()) == ["CANCEL a sent"]


def test_R52_what_waits_for_an_order_that_is_gone_is_invalid_and_not_sent() -> None:
    desk = open_desk()
    desk.replace("a", quantity="5")
    outcomes = desk.gone("a")
    assert told(outcomes) == ["REPLACE a invalid order_gone"]
    assert outcomes[0].rule == "R52"
    assert desk.exposure().buy_reserved == 0
    assert desk.execution.queue.rate_deadline_ns == 0
    assert desk.realised() == ()


def test_R52_the_end_of_an_order_answers_what_is_in_flight_for_it() -> None:
    desk = Desk(gate(acknowledgement_timeout_ns=SECOND))
    desk.order("a", "3")
    desk.replace("a", quantity="5")
    assert desk.exposure().buy_reserved == 2
    assert desk.execution.queue.watch == ((NOW_NS + SECOND, "a"),)
    assert desk.gone("a") == ()
    assert desk.in_flight("a") is None
    assert not desk.execution.queue.watch
    assert desk.exposure().buy_reserved == 0


def test_R52_an_order_that_nothing_is_asked_of_ends_without_a_word() -> None:
    desk = held_desk()
    execution, outcomes = drop(desk.execution, "unheard-of", desk.gate)
    assert execution is desk.execution
    assert outcomes == ()


def test_R43_the_kill_switch_ends_what_its_mode_does_not_let_through_in_the_order_of_admission() -> None:
    desk = open_desk()
    desk.new("z")
    desk.cancel("a")
    desk.new("b", quantity="2")
    desk.execution, outcomes = invalidate(desk.execution, lambda pending: pending.kind == "CANCEL", desk.gate)
    assert told(outcomes) == ["NEW z invalid kill_switch", "NEW b invalid kill_switch"]
    assert {each.rule for each in outcomes} == {"R43"}
    assert desk.exposure().buy_reserved == 0
    assert told(desk.realised()) == ["CANCEL a sent"]


def test_R43_a_mode_that_lets_nothing_through_leaves_nothing_that_waits_not_even_for_an_answer() -> None:
    desk = Desk(gate(ONE_PER_HOUR))
    desk.new("a")
    desk.cancel("a")
    desk.new("b")
    desk.execution, outcomes = invalidate(desk.execution, lambda pending: False, desk.gate)
    assert told(outcomes) == ["CANCEL a invalid kill_switch", "NEW b invalid kill_switch"]
    assert desk.execution.queue.size == 0
    assert advance(desk.execution, desk.now_ns, desk.gate)[0].queue.rate_deadline_ns == 0
    assert desk.in_flight("a") is not None, "what was sent was sent"


def test_R60_a_dispatch_that_failed_frees_its_key() -> None:
    desk = Desk(gate())
    desk.new("a", quantity="2")
    desk.replace("a", quantity="5")
    assert desk.exposure().buy_reserved == 5
    assert told(desk.gone("a")) == ["REPLACE a invalid order_gone"]
    assert desk.in_flight("a") is None
    assert desk.exposure().buy_reserved == 0
    assert told(desk.new("a")) == ["NEW a allowed", "NEW a sent"]


@pytest.mark.parametrize("kind", ["REPLACE", "CANCEL"])
def test_R60_R61_a_change_or_cancel_that_failed_leaves_its_order_as_it_was(kind: Kind) -> None:
    desk = Desk(gate())
    desk.order("a", "3")
    order = slots.get(desk.execution.orders.open, "a")
    _ = desk.replace("a", quantity="5") if kind == "REPLACE" else desk.cancel("a")
    assert slots.get(desk.execution.orders.open, "a") == order, "to send it does not move the order either"
    desk.answered("a", frozenset({kind}))
    assert slots.get(desk.execution.orders.open, "a") == order
    assert desk.exposure().buy_reserved == 0
    assert told(desk.cancel("a")) == ["CANCEL a allowed", "CANCEL a sent"]


def test_R62_what_is_overdue_is_in_doubt_and_blocks_its_key_until_it_is_settled() -> None:
    desk = Desk(gate(acknowledgement_timeout_ns=SECOND))
    desk.new("a")
    desk.new("b")
    desk.execution = overdue(desk.execution, "a")
    assert desk.execution.queue.watch == ((NOW_NS + SECOND, "b"),)
    flying = desk.in_flight("a")
    assert flying is not None
    assert flying.is_overdue
    assert desk.exposure().buy_reserved == 2, "it may have reached the venue, so it counts"
    desk.now_ns += 10 * SECOND
    assert told(desk.cancel("a"))[-1] == "CANCEL a held in_flight"
    assert told(desk.answered("a", ANY)) == ["CANCEL a sent"]


def test_an_order_that_began_counts_for_itself_and_its_new_stays_in_flight() -> None:
    desk = Desk(gate())
    desk.new("a", quantity="2")
    desk.submitted("a", "2")
    flying = desk.in_flight("a")
    assert flying is not None
    assert flying.reserved == 0
    assert desk.exposure().buy_reserved == 0
    assert begun(desk.execution, "unheard-of") is desk.execution
    desk.answered("a")
    desk.cancel("a")
    assert begun(desk.execution, "a") is desk.execution, "a CANCEL in flight counts nothing"


def test_what_a_waiting_replace_adds_is_counted_anew_when_its_order_or_what_is_in_flight_changes() -> None:
    desk = Desk(gate())
    desk.order("a", "3")
    desk.replace("a", quantity="8")
    desk.replace("a", quantity="5")
    assert desk.exposure().buy_reserved == 5, "the one in flight asks for more than the one that waits"
    desk.execution = settle(desk.execution, "a", frozenset({"REPLACE"}), desk.gate)
    waiting = desk.pending("a")
    assert waiting is not None
    assert waiting.reserved == 2, "it was rejected: the order stands at 3, and the one that waits asks for 5"
    assert desk.exposure().buy_reserved == 2
    desk.order("a", "8")
    desk.execution = settle(desk.execution, "a", frozenset(), desk.gate)
    assert desk.exposure().buy_reserved == 0
    assert recount(desk.execution) == {(INSTRUMENT, "BUY"): Decimal(0)}


def test_what_waits_before_its_order_began_is_counted_on_top_of_the_new_in_flight() -> None:
    desk = Desk(gate())
    desk.new("a", quantity="2")
    desk.replace("a", price="7")
    desk.replace("a", quantity="5")
    desk.execution = settle(desk.execution, "a", frozenset(), desk.gate)
    assert desk.exposure().buy_reserved == 5
    desk.submitted("a", "2")
    desk.execution = settle(desk.execution, "a", frozenset({"NEW"}), desk.gate)
    assert desk.exposure().buy_reserved == 3
