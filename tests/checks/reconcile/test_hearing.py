"""Claims about what a journal says while a venue is asked: any of it is right, and nothing else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from streams import Venue
from tc.checks.reconcile import HeldBalance, HeldPosition, Holdings, JournalBook, Reconciliation, reconcile
from tc.core import INITIAL, State, process_event_entry
from tc.core.events import AccountUpdated, Balance

SECOND_NS = 10**9


class Heard:
    """A book that hears what a venue plays."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.book = JournalBook()
        self.state: State = INITIAL
        self._taken = 0

    def held(self) -> Holdings:
        for entry in self.venue.entries[self._taken :]:
            self.state = process_event_entry(self.state, entry, configuration=self.venue.configuration)
            self.book.take(entry.event, self.state)
        self._taken = len(self.venue.entries)
        return self.book.holdings(self.state)

    def fill(self, *, owned: str, reported: bool = True) -> Holdings:
        """Fill an order a second later, and return what is held then."""
        venue = self.venue
        venue.now += SECOND_NS
        balance = Balance("USDT", Decimal(owned), Decimal(0), Decimal(owned))
        venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", reported, (balance,)))
        venue.fill(venue.accepted())
        return self.held()

    def compared(self, seen: Holdings) -> Reconciliation:
        return reconcile(self.held(), seen, None, self.book.said)


@pytest.fixture
def heard() -> Heard:
    heard = Heard()
    heard.fill(owned="10")
    heard.book.hear(heard.state)
    return heard


def test_a_venue_may_be_of_any_moment_since_hearing_began(heard: Heard) -> None:
    seen = [heard.held(), heard.fill(owned="9"), heard.fill(owned="8"), heard.fill(owned="7")]
    assert [heard.compared(each).verdict for each in seen] == ["clean"] * 4


def test_without_hearing_only_the_last_moment_is_right(heard: Heard) -> None:
    seen = [heard.fill(owned="9"), heard.fill(owned="8")]
    assert [reconcile(heard.held(), each).verdict for each in seen] == ["found", "clean"]
    book = JournalBook()
    book.heard_between(1, 2)
    assert book.said == {}


def test_what_was_said_before_hearing_began_is_not_right(heard: Heard) -> None:
    before = heard.held()
    heard.fill(owned="9")
    heard.book.hear(heard.state)
    heard.fill(owned="8")
    assert {(row.kind, row.verdict) for row in heard.compared(before).told} >= {("balances", "differs"), ("positions", "differs")}


@pytest.mark.parametrize("total", ["8.5", "10.5", "-9"])
def test_an_amount_that_was_never_said_is_wrong(heard: Heard, total: str) -> None:
    seen = replace(heard.fill(owned="9"), balances=(HeldBalance("USDT", Decimal(total)),))
    heard.fill(owned="8")
    assert [(row.kind, row.verdict) for row in heard.compared(seen).told] == [("balances", "differs")]


def test_an_amount_that_is_right_by_one_of_several_may_be_so_by_chance(heard: Heard) -> None:
    seen = heard.fill(owned="9")
    assert heard.compared(seen).moving == {("balances", "USDT"), ("positions", "BTCUSDT.X")}
    heard.book.hear(heard.state)
    assert heard.compared(seen).moving == frozenset()


def test_what_was_superseded_before_the_venue_was_read_is_not_right(heard: Heard) -> None:
    before, after = heard.held(), heard.fill(owned="9")
    heard.book.heard_between(heard.venue.now, None)
    assert (heard.compared(after).verdict, heard.compared(after).moving) == ("clean", frozenset())
    mixed = replace(after, balances=before.balances, positions=before.positions)
    assert [(row.kind, row.verdict) for row in heard.compared(mixed).told] == [("positions", "differs"), ("balances", "differs")]


def test_what_came_after_the_venue_was_read_is_not_missed_and_no_proof(heard: Heard) -> None:
    seen = heard.fill(owned="9")
    heard.book.heard_between(None, heard.venue.now)
    later = heard.fill(owned="8")
    assert heard.compared(seen).verdict == "clean"
    by_chance = replace(seen, positions=later.positions, balances=later.balances)
    assert (heard.compared(by_chance).verdict, len(heard.compared(by_chance).moving)) == ("clean", 2)
    off = replace(seen, positions=(HeldPosition("BTCUSDT.X", Decimal(7)),))
    assert [row.kind for row in heard.compared(off).told] == ["positions"]


def test_the_time_of_an_account_state_that_the_node_worked_out_is_not_the_venues(heard: Heard) -> None:
    before = heard.held()
    venue = heard.venue
    heard.book.heard_between(venue.now + SECOND_NS, venue.now)
    venue.now += SECOND_NS
    venue.emit(
        AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", False, (Balance("USDT", Decimal(9), Decimal(0), Decimal(9)),))
    )
    after = heard.held()
    assert [heard.compared(each).verdict for each in (before, after)] == ["clean", "clean"]


def test_a_position_that_became_flat_meanwhile_is_right_open_and_flat() -> None:
    heard = Heard()
    open_ = heard.fill(owned="10")
    heard.book.hear(heard.state)
    heard.venue.fill(heard.venue.accepted("SELL"))
    flat = heard.held()
    assert flat.positions == ()
    amounts = [replace(heard.held(), positions=positions) for positions in (open_.positions, flat.positions)]
    assert [heard.compared(each).verdict for each in amounts] == ["clean", "clean"]
    other = replace(flat, positions=(HeldPosition("BTCUSDT.X", Decimal(3)),))
    assert [row.verdict for row in heard.compared(other).told] == ["unexpected"]


def test_an_order_may_be_seen_in_any_of_its_states(heard: Heard) -> None:
    key = heard.venue.accepted("BUY", "5.0")
    states = [heard.held()]
    for _ in range(3):
        heard.venue.fill(key, "1.0")
        states.append(heard.held())
    orders = [replace(heard.held(), orders=each.orders) for each in states]
    assert [heard.compared(each).verdict for each in orders] == ["clean"] * 4
    assert isinstance(states[1].orders, tuple)
    odd = tuple(replace(each, filled=Decimal("1.5")) if each.key == key else each for each in states[1].orders)
    assert [row.subject for row in heard.compared(replace(heard.held(), orders=odd)).told] == [key]
