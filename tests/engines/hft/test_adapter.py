from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from hft_runs import INSTRUMENT, START_NS
from tc.core.decision import Decision, outcome
from tc.core.events import OrderInitialized, OrderSubmitted
from tc.engines.hft.account import Account
from tc.engines.hft.adapter import HftAdapter
from tc.engines.hft.feedback import HftFeedback
from tc.engines.hft.messages import Response, Seen, Submit, Top
from tc.ports import DispatchError
from tc.spec.library import load_instrument
from tc.spec.run_spec import VenueSpec

PERPETUAL = load_instrument(INSTRUMENT, search=())
VENUE = VenueSpec(name="BINANCE", account_type="margin", oms_type="netting", starting_balances=("1 USDT",))


class FakeStream:
    """Knows the terms of some orders, and keeps what is emitted."""

    def __init__(self, *terms: OrderInitialized) -> None:
        self.context = SimpleNamespace(terms={each.client_order_id: each for each in terms}.get)
        self.events: list[Any] = []
        self.emit = self.events.append


def terms(key: str, order_type: str = "LIMIT", time_in_force: str = "GTC", price: str | None = "100.0") -> OrderInitialized:
    limit = None if price is None else Decimal(price)
    return OrderInitialized(1, 1, key, "S", INSTRUMENT, "BUY", order_type, Decimal(1), time_in_force, price=limit)


def adapter(stream: FakeStream) -> tuple[HftAdapter, HftFeedback]:
    account = Account(VENUE, PERPETUAL)
    feedback = HftFeedback(PERPETUAL, account, fees=(Decimal(0), Decimal(0)))
    return HftAdapter(stream, PERPETUAL, feedback, account_id=account.id, now_ns=START_NS), feedback  # type: ignore[arg-type]


def decision(*outcomes: Any) -> Decision:
    return Decision(1, START_NS, outcomes)


def test_what_was_decided_but_not_sent_is_nothing_to_the_venue() -> None:
    subject, _ = adapter(FakeStream())
    subject.carry_out(decision(outcome("A", "NEW", "held", "rate_capacity"), outcome("B", "NEW", "denied", "max_position")))
    assert subject.take_commands() == ()


def test_commands_keep_their_order_and_are_taken_once() -> None:
    stream = FakeStream(terms("A"), terms("B", "MARKET", price=None), terms("C", time_in_force="IOC"))
    subject, _ = adapter(stream)
    subject.carry_out(decision(*(outcome(key, "NEW", "sent", quantity=Decimal(2)) for key in "ABC")))
    assert subject.take_commands() == (
        Submit(1, is_buy=True, is_market=False, time_in_force=0, ticks=1000, lots=2000),
        Submit(2, is_buy=True, is_market=True, time_in_force=0, ticks=0, lots=2000),
        Submit(3, is_buy=True, is_market=False, time_in_force=3, ticks=1000, lots=2000),
    )
    assert subject.take_commands() == ()
    assert [type(event) for event in stream.events] == [OrderSubmitted] * 3


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (terms("A", "STOP_MARKET"), "hftbacktest has no STOP_MARKET GTC"),
        (terms("A", "LIMIT", "GTD"), "hftbacktest has no LIMIT GTD"),
        (terms("B"), "its key has no terms that are not yet sent"),
    ],
)
def test_R60_what_the_venue_does_not_know_never_leaves(order: OrderInitialized, reason: str) -> None:
    subject, _ = adapter(FakeStream(order))
    sent = outcome("A", "NEW", "sent")
    with pytest.raises(DispatchError) as caught:
        subject.carry_out(decision(sent))
    assert (caught.value.unsent, caught.value.reason) == ((sent,), reason)
    assert subject.take_commands() == ()


@pytest.mark.parametrize("kind", ["REPLACE", "CANCEL"])
def test_R60_a_command_needs_an_order_at_the_venue_that_no_other_is_under_way_for(kind: Any) -> None:
    subject, feedback = adapter(FakeStream(terms("A")))
    command = outcome("A", kind, "sent", price=Decimal("100.1"))
    with pytest.raises(DispatchError, match="not open"):
        subject.carry_out(decision(command))
    subject.carry_out(decision(outcome("A", "NEW", "sent")))
    with pytest.raises(DispatchError, match="under way"):
        subject.carry_out(decision(command))
    feedback.arrive((Response(1, "open", START_NS, None, is_maker=False),), START_NS)
    for record in feedback.records():
        assert len(list(feedback.events(record))) == 1
    subject.carry_out(decision(command))
    with pytest.raises(DispatchError, match="under way"):
        subject.carry_out(decision(command))


def test_R60_a_replace_to_a_price_between_two_ticks_never_leaves() -> None:
    subject, feedback = adapter(FakeStream(terms("A")))
    subject.carry_out(decision(outcome("A", "NEW", "sent")))
    feedback.arrive((Response(1, "open", START_NS, None, is_maker=False),), START_NS)
    for record in feedback.records():
        list(feedback.events(record))
    with pytest.raises(DispatchError, match="no whole number"):
        subject.carry_out(decision(outcome("A", "REPLACE", "sent", price=Decimal("100.05"))))


def test_an_acknowledgement_that_is_repeated_says_nothing_new() -> None:
    subject, feedback = adapter(FakeStream(terms("A")))
    subject.carry_out(decision(outcome("A", "NEW", "sent")))
    again = Response(1, "open", START_NS, None, is_maker=False)
    feedback.arrive((again, again), START_NS)
    assert [len(list(feedback.events(record))) for record in feedback.records()] == [1, 0]


def test_before_the_first_row_nothing_was_seen() -> None:
    subject, _ = adapter(FakeStream())
    assert subject.latest(INSTRUMENT, START_NS) is None
    assert list(subject.market()) == []
    nothing = Seen(START_NS, 0, 0, 0, Top(None, None, None, None), (), False, (), False)
    subject.see(nothing)
    assert subject.latest(INSTRUMENT, START_NS) is None
    assert list(subject.market()) == []


def test_only_its_own_instrument_was_seen() -> None:
    subject, _ = adapter(FakeStream())
    subject.see(Seen(START_NS, 1, START_NS, 0, Top(999, 5, 1001, 6), (), False, (), False))
    assert subject.latest("ETHUSDT.BINANCE", START_NS) is None
    observed = subject.latest(INSTRUMENT, START_NS + 5)
    assert observed is not None
    assert (observed.at_ns, observed.event_ns, observed.row, observed.ask) == (START_NS + 5, START_NS, None, Decimal("100.1"))
