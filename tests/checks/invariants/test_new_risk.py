"""New risk at ``reduce``: no legal run takes any on, whatever its venue does, and what a gate would have denied is found."""

from dataclasses import replace as changed
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from drill_evidence import venue_order
from gated import SECOND
from reduced_runs import MS, ReducedRun, reduced_runs
from tc.checks.invariants.catalogue import check_invariants
from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.knowledge import Knowledge
from tc.checks.invariants.new_risk import Acceptance, acceptances
from tc.checks.invariants.venue_log import VenueTrade
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import (
    DispatchFailed,
    Event,
    KillMode,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    SnapshotOrder,
    SnapshotTaken,
    SubmitRequested,
)

NAME = "no_new_risk_while_reducing"
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def told(evidence: Evidence) -> str:
    """Return what is said of it; empty where it holds."""
    found = check_invariants(evidence)
    assert NAME in found.held or any(each.startswith(f"{NAME}: ") for each in (*found.broken, *found.unknown))
    return next((each.removeprefix(f"{NAME}: ") for each in (*found.broken, *found.unknown) if each.startswith(NAME)), "")


def judged(evidence: Evidence) -> list[Acceptance]:
    assert evidence.venue is not None
    return list(acceptances(evidence, evidence.venue, Knowledge(evidence.entries)))


def at_venue(evidence: Evidence, **fields: object) -> Evidence:
    assert evidence.venue is not None
    return changed(evidence, venue=changed(evidence.venue, **fields))


def with_order(evidence: Evidence, key: str, **fields: object) -> Evidence:
    """Return the evidence with an order at the venue changed, or with one more."""
    assert evidence.venue is not None
    known = {each.client_order_id: each for each in evidence.venue.orders}
    return at_venue(
        evidence, orders=tuple({**known, key: changed(known.get(key) or venue_order(key, order_id=900), **fields)}.values())
    )


def long_of(quantity: str, *, gate: str = "on") -> ReducedRun:
    """Return a run that has bought so much, and was set to ``reduce``."""
    run = ReducedRun(gate)
    run.hold("BUY", quantity)
    run.reduce()
    return run


def taken(run: ReducedRun, side: str, quantity: str) -> str:
    """Ask for an order that the venue takes; return its key."""
    key = run.ask(side, quantity)
    run.settle()
    return key


@settings(deadline=None, max_examples=150, suppress_health_check=SLOW)
@given(reduced_runs())
def test_no_legal_run_takes_on_new_risk_whatever_is_lost_or_traded_by_others(run: ReducedRun) -> None:
    assert not run.evidence.folded.refusal
    assert told(run.evidence) == ""


@settings(deadline=None, max_examples=60, suppress_health_check=SLOW)
@given(reduced_runs().filter(lambda run: any(each.quantity is not None for each in judged(run.evidence))))
def test_in_every_legal_run_a_larger_order_at_the_venue_breaks_it(run: ReducedRun) -> None:
    order = next(each.order for each in judged(run.evidence) if each.quantity is not None)
    doctored = with_order(run.evidence, order.client_order_id, quantity=order.quantity + 99)
    assert f"order {order.client_order_id} to {order.side} " in told(doctored)


def test_what_shrinks_the_position_may_be_accepted_and_what_was_open_before_may_fill() -> None:
    run = ReducedRun()
    run.hold("BUY", "2")
    resting = taken(run, "BUY", "1")
    run.reduce()
    run.trade(resting)
    run.trade(taken(run, "SELL", "1"))
    rest = run.ask("SELL", "2")
    run.settle()
    run.trade(rest)
    assert [each.order.client_order_id for each in judged(run.evidence)] == ["O-3", "O-4"]
    assert told(run.evidence) == ""


@pytest.mark.parametrize(
    ("side", "quantity", "said"),
    [
        ("BUY", "1", "order O-2 to BUY 1 was accepted at a position of 2"),
        ("SELL", "3", "order O-2 to SELL 3 was accepted at a position of 2"),
        ("SELL", "2", ""),
    ],
)
def test_an_order_that_could_enlarge_the_position_or_turn_it_breaks_it_unfilled(side: str, quantity: str, said: str) -> None:
    run = long_of("2", gate="observe")
    taken(run, side, quantity)
    assert told(run.evidence) == said


def test_at_flat_nothing_shrinks() -> None:
    run = ReducedRun("observe")
    run.reduce()
    taken(run, "SELL", "1")
    assert told(run.evidence) == "order O-1 to SELL 1 was accepted at a position of 0"


def test_orders_that_fit_one_by_one_and_not_together_break_it_once_they_trade() -> None:
    run = long_of("2", gate="observe")
    first, second = taken(run, "SELL", "2"), taken(run, "SELL", "1")
    assert told(run.evidence) == ""
    run.trade(first)
    run.trade(second)
    assert told(run.evidence) == "order O-3 came to trade 3, SELL 1, at a position of 0"
    assert run.evidence.venue is not None
    other = tuple(changed(each, symbol="ETHUSDT") if each.order_id == 1_002 else each for each in run.evidence.venue.trades)
    assert told(at_venue(run.evidence, trades=other)) == "", "the position of each symbol is one of its own"


def test_what_was_on_its_way_when_it_began_may_be_accepted_after_it() -> None:
    run = ReducedRun()
    key = run.ask("BUY")
    run.reduce()
    run.settle()
    run.trade(key)
    assert judged(run.evidence) == []
    assert told(run.evidence) == ""


def test_what_was_accepted_before_it_is_not_judged_by_a_clock_that_is_a_little_ahead() -> None:
    run = ReducedRun()
    key = taken(run, "BUY", "1")
    run.reduce()
    assert told(with_order(run.evidence, key, accepted_ns=run.stream.now + 1)) == ""


def test_what_waits_in_the_gate_when_it_begins_is_judged_anew() -> None:
    run = ReducedRun(rate=(1, SECOND, 1))
    run.hold("BUY", "2")
    wrong, right = run.ask("BUY"), run.ask("SELL")
    run.reduce()
    run.wait()
    run.settle()
    assert list(run.orders) == ["O-1", right]
    assert [each.order.client_order_id for each in judged(run.evidence)] == [right]
    assert told(run.evidence) == ""
    late = with_order(run.evidence, wrong, accepted_ns=run.stream.now)
    assert told(late) == f"order {wrong} to BUY 1 was accepted at a position of 2"


def test_past_a_gate_that_only_observes_what_was_not_sent_yet_may_be_anywhere() -> None:
    run = ReducedRun("observe")
    run.stream.initialize("O-1")
    run.reduce()
    assert told(with_order(run.evidence, "O-1", accepted_ns=run.stream.now + 1)) == ""
    gated = ReducedRun()
    gated.stream.initialize("O-1")
    gated.reduce()
    assert told(with_order(gated.evidence, "O-1", accepted_ns=gated.stream.now + 1)) != ""


def test_an_order_that_is_changed_is_accepted_anew() -> None:
    run = ReducedRun("observe")
    run.hold("BUY", "3")
    key = taken(run, "SELL", "1")
    run.reduce()
    run.change(key, "3")
    run.settle()
    assert [each.quantity for each in judged(run.evidence)] == [Decimal(3)]
    assert told(run.evidence) == ""
    run.trade(key, "1")
    assert told(run.evidence) == ""
    run.change(key, "4")
    run.settle()
    assert told(run.evidence) == f"order {key} to SELL 3 was accepted at a position of 2"
    assert [each.quantity for each in judged(run.evidence)] == [None, Decimal(3)], "what the first asked for is not kept"


def test_of_a_change_that_a_later_one_hides_the_side_and_the_trades_are_known() -> None:
    run = ReducedRun("observe")
    run.hold("SELL", "1")
    key = taken(run, "SELL", "1")
    run.reduce()
    for quantity in ("2", "3"):
        run.change(key, quantity)
        run.settle()
    assert told(run.evidence).startswith(f"order {key} to SELL an amount was accepted at a position of -1; ")


def test_a_change_that_was_on_its_way_when_it_began_is_not_judged() -> None:
    run = ReducedRun()
    key = taken(run, "BUY", "1")
    run.change(key, "2")
    run.reduce()
    run.settle()
    assert run.orders[key].changes == 1
    assert told(run.evidence) == ""


@pytest.mark.parametrize("mode", ["none", "halt"])
def test_it_ends_with_the_next_mode_and_may_begin_again(mode: KillMode) -> None:
    run = long_of("2", gate="observe")
    early = taken(run, "SELL", "2")
    run.stream.now += MS
    run.stream.kill(mode)
    taken(run, "BUY", "1")
    run.trade(early)
    assert len(run.evidence.folded.reducing) == 1
    assert told(run.evidence) == ""
    run.reduce()
    taken(run, "BUY", "1")
    assert [each.until_ns is None for each in run.evidence.folded.reducing] == [False, True]
    assert told(run.evidence).startswith("order O-4 to BUY 1 was accepted")


def test_a_trade_after_its_end_is_not_held_to_it() -> None:
    run = long_of("2", gate="observe")
    first, second = taken(run, "SELL", "2"), taken(run, "SELL", "1")
    run.trade(first)
    run.stream.now += MS
    run.stream.kill("none")
    run.trade(second)
    assert told(run.evidence) == ""


@pytest.mark.parametrize("key", ["FLATTEN-1", "TCK-1-1-1", "TCF-1-1-1", "web-1", ""])
def test_orders_of_others_and_of_a_flatten_are_not_judged(key: str) -> None:
    run = long_of("2")
    run.foreign.add("web-1")
    later = run.stream.now + 1
    assert told(with_order(run.evidence, key, accepted_ns=later)) == ""
    assert told(with_order(run.evidence, "O-9", accepted_ns=later)) == "order O-9 to BUY 1 was accepted at a position of 2"


def test_without_the_venues_log_it_is_unknown_but_where_nothing_was_ever_at_reduce() -> None:
    assert told(changed(long_of("1").evidence, venue=None)) == "the venue's log cannot be read"
    assert told(changed(ReducedRun().evidence, venue=None)) == ""


def test_what_others_took_of_the_position_counts_from_when_the_run_knows_of_it() -> None:
    run = long_of("1", gate="observe")
    foreign = run.others_trade("SELL", "1")
    key = taken(run, "SELL", "1")
    assert told(run.evidence) == "", "it could not know"
    run.trade(key)
    assert told(run.evidence) == ""
    run.heal(foreign)
    taken(run, "SELL", "1")
    assert told(run.evidence) == "order O-3 to SELL 1 was accepted at a position of -1"


def test_what_others_added_to_the_position_counts_at_once() -> None:
    run = ReducedRun("observe")
    run.reduce()
    run.others_trade("BUY", "1")
    taken(run, "SELL", "1")
    assert told(run.evidence) == ""


def test_an_order_that_the_run_takes_for_refused_takes_nobodys_room() -> None:
    run = long_of("1")
    lost = run.ask("SELL")
    run.arrive("lose")
    run.tell(everything=True)
    run.trade(lost, is_lost=True)
    run.trade(taken(run, "SELL", "1"))
    assert run.evidence.venue is not None
    assert sum(each.signed for each in run.evidence.venue.trades) == -1
    assert told(run.evidence) == ""


def test_a_fill_of_an_open_order_counts_before_it_is_told() -> None:
    run = long_of("1", gate="observe")
    run.trade(taken(run, "SELL", "1"), is_lost=True)
    taken(run, "SELL", "1")
    assert told(run.evidence) == "order O-3 to SELL 1 was accepted at a position of 0"


def known(*events: Event) -> Knowledge:
    return Knowledge([EventStreamEntry(ProcessingPosition(at), event) for at, event in enumerate(events, 1)])


def a_trade(key: str) -> VenueTrade:
    return VenueTrade(
        trade_id=7, order_id=5, client_order_id=key, symbol="X", side="BUY", price=Decimal(1), quantity=Decimal(1), time_ns=3
    )


def terms(key: str) -> OrderInitialized:
    return OrderInitialized(1, 1, key, "S-1", "X", "BUY", "LIMIT", Decimal(1), "GTC", price=Decimal(1))


@pytest.mark.parametrize(
    ("event", "is_reckoned_with"),
    [
        (DispatchFailed(2, 2, "A", "NEW", "no line"), False),
        (DispatchFailed(2, 2, "A", "CANCEL", "no line"), True),
        (OrderDenied(2, 2, "A", "NO"), False),
        (OrderDenied(2, 2, "A", "NO", is_duplicate=True), True),
        (OrderExpired(2, 2, "A", "5"), False),
    ],
)
def test_an_order_is_reckoned_with_until_it_has_ended(event: Event, is_reckoned_with: bool) -> None:
    assert known(terms("A"), event).counts(a_trade("A"), 3, is_own=True) is is_reckoned_with


def test_an_order_of_others_is_reckoned_with_from_where_it_is_known() -> None:
    stated = SnapshotOrder(terms("web-1"), "A-1", "5", Decimal(1), Decimal(0))
    snapshot = SnapshotTaken(2, 2, "venue", "none", (stated,))
    for seen in (known(terms("B"), snapshot), known(terms("B"), terms("web-1"))):
        assert not seen.counts(a_trade("web-1"), 2, is_own=False)
        assert seen.counts(a_trade("web-1"), 3, is_own=False)


def test_a_guessed_fill_is_known_by_its_order() -> None:
    run = ReducedRun()
    run.hold("BUY", "1")
    fill = next(each.event for each in run.stream.entries if isinstance(each.event, OrderFilled))
    guess = replace(fill, source="compat", trade_id="guessed", venue_order_id="5")
    seen = known(terms("web-1"), OrderExpired(2, 2, "web-1", "5"), guess)
    assert not seen.counts(a_trade("web-1"), 3, is_own=False)
    assert seen.counts(a_trade("web-1"), 4, is_own=False)


def test_an_order_that_was_never_asked_for_is_taken_as_asked_for_when_it_came() -> None:
    seen = known(terms("A"), terms("B"), SubmitRequested(4, 4, ("A",)), SubmitRequested(5, 5, ("A",)))
    assert [seen.asked("A", at_ns) for at_ns in (0, 9)] == [3, 3]
    assert [seen.asked("B", at_ns) for at_ns in (0, 1, 4, 9)] == [0, 2, 3, 4]
