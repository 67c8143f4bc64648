"""The invariants of a drill: they hold in every legal run, and a doctored journal breaks the right one."""

from collections.abc import Callable
from dataclasses import replace as changed
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from drill_evidence import POSITIONS, evidence_of, fills_at, log_of, number, numbered, venue_order
from gated import gated_configuration
from streams import START_NS, Venue, venues
from tc.checks.invariants.catalogue import CHECKS, INVARIANTS, InvariantsFound, check_invariants
from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.venue_log import VenueOrder, VenueRequest, VenueTrade
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import (
    KillMode,
    KillSwitchAdvanced,
    KillSwitchChanged,
    OrderPendingCancel,
    RunCompleted,
    RunStopped,
    SnapshotOrder,
    SnapshotTaken,
)
from tc.spec.drills.words import INVARIANTS as IN_SPEC

SECOND = 1_000_000_000


def told(evidence: Evidence) -> dict[str, str]:
    """Return what was found, by invariant."""
    return dict(each.split(": ", 1) for each in check_invariants(evidence).broken)


def unknown(evidence: Evidence) -> dict[str, str]:
    return dict(each.split(": ", 1) for each in check_invariants(evidence).unknown)


def a_run() -> Venue:
    """Return a run that bought, sold a part, cancelled one order, and ended."""
    stream = Venue()
    stream.fill(stream.accepted("BUY", "2.0"))
    stream.fill(stream.accepted("SELL", "1.5"), "0.5")
    stream.end("O-2", "CANCELED")
    stream.now += SECOND
    stream.emit(RunStopped(stream.now, "enough"))
    return stream


def of_events(evidence: Evidence, change: Callable[[list[Any]], list[Any]]) -> Evidence:
    """Return the evidence with a journal that somebody has rewritten, numbers included."""
    events = change([entry.event for entry in evidence.entries])
    return changed(evidence, entries=numbered(events))


def at_venue(evidence: Evidence, **fields: object) -> Evidence:
    assert evidence.venue is not None
    return changed(evidence, venue=changed(evidence.venue, **fields))


def test_each_invariant_is_checked_and_described_once() -> None:
    assert list(CHECKS) == list(INVARIANTS) == list(IN_SPEC)
    assert all(text.endswith(".") for text in INVARIANTS.values())


def test_a_run_in_order_holds_all() -> None:
    assert check_invariants(evidence_of(a_run())) == InvariantsFound(tuple(INVARIANTS), (), ())


@settings(deadline=None, max_examples=60)
@given(venues(closed_orders_kept=4096))
def test_every_legal_run_holds_all_but_what_was_not_answered_when_it_ended(stream: Venue) -> None:
    found = check_invariants(evidence_of(stream))
    assert not found.unknown
    assert {each.partition(":")[0] for each in found.broken} <= {"in_flight_resolved"}


@settings(deadline=None, max_examples=100)
@given(venues(closed_orders_kept=4096).filter(lambda stream: fills_at(stream.entries)), st.data())
def test_a_doctored_fill_breaks_the_right_invariant(stream: Venue, data: st.DataObject) -> None:
    evidence = evidence_of(stream)
    at = data.draw(st.sampled_from(fills_at(evidence.entries)))
    broken = told(evidence)
    for doctored, breaks in (
        (lambda events: [*events[:at], *events[at + 1 :]], {"nothing_lost", "fills_sum_to_position"}),
        (lambda events: [*events[: at + 1], events[at], *events[at + 1 :]], {"each_trade_once"}),
        (lambda events: [events[0], events[at], *events[1:at], *events[at + 1 :]], {"no_fill_without_order"}),
        (lambda events: [*events[:at], replace(events[at], price=Decimal("99.99")), *events[at + 1 :]], {"nothing_lost"}),
        (
            lambda events: [*events[:at], replace(events[at], quantity=events[at].quantity * 3), *events[at + 1 :]],
            {"fills_sum_to_position"},
        ),
    ):
        assert not breaks & {*broken}
        assert breaks <= {*told(of_events(evidence, doctored))}


@settings(deadline=None, max_examples=60)
@given(venues(closed_orders_kept=4096).filter(lambda stream: len(stream.entries) > 2), st.data())
def test_an_entry_that_is_missing_or_moved_breaks_the_positions(stream: Venue, data: st.DataObject) -> None:
    entries = list(evidence_of(stream).entries)
    at = data.draw(st.integers(0, len(entries) - 2))
    missing = [*entries[:at], *entries[at + 1 :]]
    swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
    twice = [*entries[: at + 1], *entries[at:]]
    for doctored in (missing, swapped, twice):
        assert "positions_gapless" in told(changed(evidence_of(stream), entries=doctored))


def test_a_damaged_line_is_told_and_what_is_lost_is_not_known_then() -> None:
    evidence = evidence_of(a_run(), damage="line 3: digest_mismatch")
    assert told(evidence) == {"chain_intact": "line 3: digest_mismatch"}
    assert unknown(evidence) == {"nothing_lost": "the journal is not whole"}


def test_without_the_venues_log_what_needs_it_is_unknown_and_the_rest_stands() -> None:
    evidence = evidence_of(a_run(), venue=None)
    found = check_invariants(evidence)
    assert not found.broken
    assert set(unknown(evidence)) == {"fills_sum_to_position", "each_trade_once", "no_fill_without_order", "nothing_lost"}
    assert set(unknown(evidence).values()) == {"the venue's log cannot be read"}
    twice = of_events(evidence, lambda events: [*events[:4], events[4], *events[4:]])
    assert "each_trade_once" in told(twice), "what the journal alone shows is broken whatever the venue says"


def test_what_comes_after_an_entry_that_the_core_refuses_is_unknown() -> None:
    evidence = of_events(evidence_of(a_run()), lambda events: [events[0], *events[2:]])
    assert "does not add up: OrderSubmitted speaks of order O-1" in told(evidence)["fills_sum_to_position"]
    assert set(unknown(evidence)) == {"no_submit_after_halt", "no_new_risk_while_reducing", "in_flight_resolved"}
    assert "the journal is not folded to its end" in unknown(evidence)["in_flight_resolved"]


def test_an_empty_journal_is_held_to_what_it_can_be() -> None:
    evidence = changed(evidence_of(Venue()), entries=())
    assert not check_invariants(evidence).broken
    assert evidence.ends_ns == 0


def test_the_venues_own_books_must_agree() -> None:
    evidence = evidence_of(a_run())
    assert evidence.venue is not None
    assert told(at_venue(evidence, positions={POSITIONS: Decimal(7)})) == {
        "fills_sum_to_position": "the venue holds 7, and its trades sum to 1.5"
    }
    assert set(told(at_venue(evidence, trades=(*evidence.venue.trades, evidence.venue.trades[0])))) == {
        "fills_sum_to_position",
        "each_trade_once",
    }
    orphan = changed(evidence.venue.trades[0], order_id=77)
    lost = told(at_venue(evidence, trades=(orphan, *evidence.venue.trades[1:])))
    assert lost == {"no_fill_without_order": f"trade {orphan.trade_id} at the venue is of order 77, which it does not have"}


def test_a_fill_that_comes_before_its_order_was_sent_is_told() -> None:
    evidence = evidence_of(a_run())
    at = fills_at(evidence.entries)[0]
    early = of_events(evidence, lambda events: [events[0], events[at], *events[1:at], *events[at + 1 :]])
    assert told(early)["no_fill_without_order"].startswith("position 2: a fill of order O-1, which was not sent before")


def a_trade(key: str, *, time_ns: int = START_NS, order_id: int = 5) -> VenueTrade:
    return VenueTrade(
        trade_id=9,
        order_id=order_id,
        client_order_id=key,
        symbol=POSITIONS,
        side="BUY",
        price=Decimal(1),
        quantity=Decimal(1),
        time_ns=time_ns,
    )


def an_order(key: str, order_id: int = 5) -> VenueOrder:
    return venue_order(key, order_id=order_id)


def grown(evidence: Evidence, order: VenueOrder, trade: VenueTrade) -> Evidence:
    """Return the evidence with one more order and one more trade at the venue."""
    assert evidence.venue is not None
    venue = evidence.venue
    return at_venue(
        evidence,
        orders=(*venue.orders, order),
        trades=(*venue.trades, trade),
        positions={POSITIONS: venue.positions[POSITIONS] + trade.quantity},
    )


def test_what_the_venue_has_of_the_run_and_the_journal_has_not_is_lost() -> None:
    evidence = grown(evidence_of(a_run()), an_order("O-9"), a_trade("O-9"))
    assert told(evidence) == {
        "nothing_lost": "order O-9 is at the venue, and not in the journal; "
        "trade 9 of order O-9 is at the venue, and not in the journal"
    }


def test_a_trade_that_a_comparison_found_missing_is_not_lost_where_that_must_come_of_the_fault() -> None:
    evidence = evidence_of(a_run())
    at = fills_at(evidence.entries)[-1]
    trade_id = evidence.fills[-1].trade_id
    lacking = changed(evidence, entries=numbered([each.event for place, each in enumerate(evidence.entries) if place != at]))
    assert told(lacking)["nothing_lost"].startswith(f"trade {trade_id} of order ")
    assert "nothing_lost" in told(changed(lacking, missed=frozenset({"another"})))
    assert "nothing_lost" not in told(changed(lacking, missed=frozenset({trade_id})))


@pytest.mark.parametrize("key", ["web-1", "TCK-65-1-1", "TCF-65-1-1", ""])
def test_what_a_fault_or_a_flatten_from_outside_did_is_not_the_runs(key: str) -> None:
    evidence = grown(evidence_of(a_run(), foreign=frozenset({"web-1"})), an_order(key), a_trade(key))
    assert told(evidence) == {}


def test_what_the_venue_did_after_the_journals_end_is_not_lost() -> None:
    stream = a_run()
    late = grown(evidence_of(stream), an_order("TCK-1"), a_trade("O-2", time_ns=stream.now + 1))
    assert told(late) == {}
    assert "nothing_lost" in told(grown(evidence_of(stream), an_order("TCK-1"), a_trade("O-2", time_ns=stream.now)))


def test_what_the_journal_has_and_the_venue_has_not_is_told() -> None:
    evidence = evidence_of(a_run())
    assert evidence.venue is not None
    orders = tuple(each for each in evidence.venue.orders if each.client_order_id != "O-2")
    trades = tuple(each for each in evidence.venue.trades if each.client_order_id != "O-2")
    lost = told(at_venue(evidence, orders=orders, trades=trades, positions={POSITIONS: Decimal(2)}))
    assert lost == {
        "nothing_lost": "order O-2 is in the journal, and not at the venue; trade 1002000 is in the journal, and not at the venue"
    }


def test_a_guessed_fill_is_compared_by_how_much_of_its_order_is_filled() -> None:
    stream = Venue()
    stream.fill(stream.accepted("BUY", "2.0"), "1.0", source="compat")
    evidence = evidence_of(stream)
    assert evidence.venue is not None
    real = changed(evidence.venue.trades[0], trade_id=77)
    right = at_venue(evidence, trades=(real,))
    assert told(right) == {}
    wrong = at_venue(evidence, trades=(changed(real, quantity=Decimal(2)),), positions={POSITIONS: Decimal(2)})
    assert told(wrong) == {"nothing_lost": "1.0 of order 1001 is filled in the journal, and 2 at the venue"}
    later = at_venue(evidence, trades=(changed(real, time_ns=stream.now + 1),))
    assert told(later) == {"nothing_lost": "1.0 of order 1001 is filled in the journal, and 0 at the venue"}


def test_only_the_first_of_many_findings_are_told() -> None:
    evidence = evidence_of(a_run())
    assert evidence.venue is not None
    many = at_venue(evidence, orders=(*evidence.venue.orders, *(an_order(f"O-{each}", each) for each in range(50, 58))))
    assert told(many)["nothing_lost"].endswith("order O-54 is at the venue, and not in the journal; and 3 more")


def halted(mode: KillMode = "halt") -> Venue:
    stream = Venue()
    stream.initialize()
    stream.emit(KillSwitchChanged(stream.now, mode, "operator", "enough"))
    stream.now += SECOND
    stream.emit(KillSwitchAdvanced(stream.now, "halted", SECOND))
    stream.emit(KillSwitchAdvanced(stream.now + 1, "halted", SECOND))
    return stream


def a_request(time_ns: int, key: str = "O-1", path: str = "/fapi/v1/order", method: str = "POST", code: int = 0) -> VenueRequest:
    return VenueRequest(time_ns=time_ns, method=method, path=path, client_order_id=key, status=200, error_code=code)


def test_an_order_that_is_sent_after_the_halt_breaks_it() -> None:
    stream = halted()
    stream.submit("O-1")
    assert told(evidence_of(stream)) == {"no_submit_after_halt": "order O-1 was sent after the halt"}
    stream = halted()
    stream.submit(stream.initialize())
    assert told(evidence_of(stream)) == {"no_submit_after_halt": "order O-2 was sent after the halt"}


def test_once_it_is_let_go_on_orders_may_be_sent() -> None:
    stream = halted()
    stream.emit(KillSwitchChanged(stream.now, "none", "operator", "go on"))
    stream.submit("O-1")
    stream.now += SECOND
    evidence = evidence_of(stream)
    assert told(at_venue(evidence, requests=(a_request(stream.now),))) == {}
    assert [until is None for _, until in evidence.halted] == [False]


@pytest.mark.parametrize(
    ("request_", "is_broken"),
    [
        (a_request(START_NS + SECOND + 1), True),
        (a_request(START_NS + SECOND + 1, path="/fapi/v1/batchOrders"), True),
        (a_request(START_NS + SECOND), False),
        (a_request(START_NS + SECOND + 1, method="DELETE"), False),
        (a_request(START_NS + SECOND + 1, path="/fapi/v1/listenKey"), False),
        (a_request(START_NS + SECOND + 1, code=-2010), False),
        (a_request(START_NS + SECOND + 1, key="FLATTEN-1"), False),
        (a_request(START_NS + SECOND + 1, key="TCK-1-1-1"), False),
        (a_request(START_NS + SECOND + 1, key="web-1"), False),
    ],
)
def test_an_order_that_the_venue_accepts_after_the_halt_breaks_it(request_: VenueRequest, is_broken: bool) -> None:
    evidence = at_venue(evidence_of(halted(), foreign=frozenset({"web-1"})), requests=(request_,))
    assert ("no_submit_after_halt" in told(evidence)) is is_broken


def test_a_run_that_was_halted_and_of_which_the_venue_says_nothing_is_unknown() -> None:
    assert "no_submit_after_halt" in unknown(evidence_of(halted(), venue=None))


def waiting(seconds: int, *, ends: bool, answers: bool) -> Evidence:
    stream = Venue()
    order = stream.accepted()
    stream.emit(OrderPendingCancel(stream.now, stream.now, order))
    stream.now += SECOND
    stream.emit(OrderPendingCancel(stream.now, stream.now, order))
    stream.now += (seconds - 1) * SECOND
    if answers:
        stream.end(order, "CANCELED")
    elif ends:
        stream.emit(RunCompleted(stream.now))
    else:
        stream.rows(1)
    return evidence_of(stream, in_flight_within_s=Decimal(5))


def test_a_command_must_be_answered_in_time_or_cut_short_by_the_end() -> None:
    assert told(waiting(5, ends=False, answers=True)) == {}
    assert told(waiting(6, ends=False, answers=True)) == {
        "in_flight_resolved": "a command of order O-1 was answered after 6.000 s"
    }
    assert told(waiting(2, ends=False, answers=False)) == {}, "it crashed meanwhile"
    assert told(waiting(9, ends=False, answers=False)) == {"in_flight_resolved": "a command of order O-1 was answered never"}


NEVER = {"in_flight_resolved": "a command of order O-1 was answered never"}


def test_a_run_that_ends_in_order_leaves_no_command_unanswered_that_came_to_the_venue() -> None:
    evidence = waiting(2, ends=True, answers=False)
    assert evidence.ends_in_order
    assert told(evidence) == NEVER
    assert "in_flight_resolved" in unknown(changed(evidence, venue=None))
    unheard = at_venue(evidence, orders=())
    assert "in_flight_resolved" not in told(unheard), "it never came to the venue"
    asked = VenueRequest(time_ns=START_NS, method="POST", path="/fapi/v1/order", client_order_id="O-1", status=200, error_code=0)
    assert "in_flight_resolved" in told(at_venue(unheard, requests=(asked,)))
    refused = changed(asked, status=400, error_code=-2010)
    assert "in_flight_resolved" not in told(at_venue(unheard, requests=(refused,)))


def test_a_run_that_was_killed_had_no_time_for_the_answers() -> None:
    def killed(seconds: int, mode: KillMode) -> Evidence:
        evidence = waiting(seconds, ends=True, answers=False)
        event = KillSwitchChanged(evidence.ends_ns, mode, "run", "a drill")
        return of_events(evidence, lambda events: [*events[:-1], event, events[-1]])

    assert told(killed(2, "flatten")) == {}
    assert told(killed(9, "flatten")) == NEVER
    assert told(at_venue(killed(9, "flatten"), orders=()))["in_flight_resolved"] == NEVER["in_flight_resolved"]
    assert told(killed(2, "none")) == NEVER, "the switch was cleared again"


def test_a_position_above_its_limit_is_told() -> None:
    stream = Venue(gated_configuration(max_position="1.5"))
    stream.fill(stream.accepted("SELL", "1.5"))
    assert told(evidence_of(stream)) == {}
    stream.fill(stream.accepted("SELL", "0.1"))
    stream.fill(stream.accepted("BUY", "1.6"))
    assert told(evidence_of(stream)) == {"position_within_limit": "the position in BTCUSDT.X was 1.6, above 1.5"}


def test_without_a_limit_no_position_is_above_it() -> None:
    stream = Venue(gated_configuration())
    stream.fill(stream.accepted("BUY", "2.0"))
    assert told(evidence_of(stream)) == {}


def test_orders_that_a_snapshot_states_are_known() -> None:
    stream = Venue()
    stream.control_and_requests()
    evidence = evidence_of(stream)
    snapshot = next(entry.event for entry in evidence.entries if isinstance(entry.event, SnapshotTaken))
    order: SnapshotOrder = snapshot.orders[0]
    key = order.terms.client_order_id
    fill = replace(
        stream.fill(stream.accepted()),
        client_order_id=key,
        venue_order_id=order.venue_order_id,
        trade_id="5",
        quantity=Decimal(1),
    )
    entries = [*evidence.entries, EventStreamEntry(ProcessingPosition(len(evidence.entries) + 1), fill)]
    venue = log_of(entries)
    venue = changed(venue, orders=(*venue.orders, an_order("O-1", number("O-1"))))
    found = told(changed(evidence, entries=entries, venue=venue))
    assert "no_fill_without_order" not in found
    assert "nothing_lost" not in found
