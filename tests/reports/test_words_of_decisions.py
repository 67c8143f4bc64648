"""Claims about decisions and events in plain English."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from streams import START_NS, Venue
from tc.core.decision import Obligation, Reason, Result, outcome
from tc.core.events import (
    CATEGORIES,
    ControlReason,
    DispatchFailed,
    MarketObserved,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    RunFailed,
    RunStopped,
    SnapshotTaken,
    SubmitRequested,
)
from tc.reports.ending import Ending
from tc.reports.page.reasons import OBLIGATIONS, REASONS, RESULTS, mode_of, obligation_text, outcome_text
from tc.reports.story import order_story
from tc.reports.told import age, market_text, text_of

AT = (START_NS, START_NS)


def test_every_result_reason_and_deadline_is_explained() -> None:
    assert set(RESULTS) == set(get_args(Result))
    assert set(REASONS) == set(get_args(Reason))
    assert set(OBLIGATIONS) == set(get_args(ControlReason))


def test_every_event_type_can_be_told() -> None:
    venue = Venue()
    venue.every_type()
    events = [*(entry.event for entry in venue.entries), RunStopped(START_NS, "asked"), RunFailed(START_NS, "ValueError")]
    told = {type(event): text_of(event) for event in events}
    assert set(told) == set(CATEGORIES)
    assert all(told.values())
    assert all("Decimal" not in text for text in told.values())


def test_an_outcome_is_one_sentence_with_figures_reason_and_rule() -> None:
    held = outcome("O-1", "REPLACE", "held", "in_flight", quantity=Decimal("2.0"), trigger_price=Decimal(7))
    assert outcome_text(held) == (
        "the change of O-1 was held back with quantity 2.0, trigger 7: "
        "another command of its order was sent and is not answered [in_flight, R46]"
    )
    assert outcome_text(outcome("", "NEW", "held", "queue_failure")).startswith("everything that waits was held back: ")
    assert outcome_text(outcome("O-1", "CANCEL", "would_send")) == (
        "the cancel of O-1 was let go, and would have been sent at once"
    )


def test_a_deadline_says_what_it_is_about() -> None:
    text = obligation_text(Obligation(START_NS, "acknowledgement_timeout", "O-1"))
    assert text == "2023-11-14 22:13:20 UTC: a command in flight must be answered (O-1) [acknowledgement_timeout]"


def test_no_gate_is_off() -> None:
    assert mode_of(None) == "off"


def test_a_market_without_a_price_says_so() -> None:
    assert market_text(MarketObserved(*AT, "X")) == "X without any price"


@pytest.mark.parametrize(("length", "text"), [(0, "0 s"), (1_500_000_000, "1.5 s"), (-3, "0 s"), (3_600_000_000_000, "3,600 s")])
def test_an_age_is_as_fine_as_it_is(length: int, text: str) -> None:
    assert age(length) == text


CREATED = OrderInitialized(
    *AT, "O-1", "S-1", "X", "BUY", "STOP_LIMIT", Decimal(2), "GTC", trigger_price=Decimal(9), post_only=True
)
SUBMITTED = OrderSubmitted(*AT, "O-1", "A-1")


def fill(trade_id: str, quantity: str = "1", source: str = "canonical") -> OrderFilled:
    where = ("O-1", "V-1", "A-1", trade_id, "P-1", "S-1", "X", "BUY")
    money = (Decimal(quantity), Decimal(100), "USDT", Decimal(0), "USDT", "TAKER")
    return OrderFilled(*AT, *where, *money, source)  # type: ignore[arg-type]


def test_terms_and_doubts_are_told() -> None:
    assert text_of(CREATED) == "S-1 created O-1: BUY 2 X, STOP_LIMIT, triggered at 9, GTC, post-only"
    assert text_of(fill("T-1", source="compat")).endswith("; guessed from a difference of snapshots")
    assert text_of(SubmitRequested(*AT, ("O-1", "O-2"))) == "the strategy asked to submit O-1, O-2 as one group"


@pytest.mark.parametrize(
    ("happened", "ending"),
    [
        ([CREATED], "never sent: nobody asked to submit it"),
        ([CREATED, SubmitRequested(*AT, ("O-1",))], "never sent: it was asked for, and nothing was decided"),
        ([CREATED, SUBMITTED, fill("T-1"), fill("T-1")], "open where the stream ends: 1 of 2 in 1 fill"),
        ([CREATED, SUBMITTED, fill("T-1"), fill("T-2")], "filled completely: 2 of 2 in 2 fills"),
        ([CREATED, SUBMITTED, fill("T-1"), OrderCanceled(*AT, "O-1")], "it was cancelled, after 1 of 2 in 1 fill"),
        ([CREATED, SUBMITTED, OrderUpdated(*AT, "O-1", Decimal(1)), fill("T-1")], "filled completely: 1 of 1 in 1 fill"),
        ([CREATED, SUBMITTED, OrderRejected(*AT, "O-1", "NO")], "the venue rejected it: NO"),
        ([CREATED, DispatchFailed(*AT, "O-1", "NEW", "refused")], "it never left: refused"),
        ([CREATED, OrderDenied(*AT, "O-1", "too large")], "it was denied and never sent: too large"),
        ([CREATED, SUBMITTED, DispatchFailed(*AT, "O-1", "CANCEL", "refused")], "open where the stream ends, without a fill"),
        ([CREATED, outcome("O-1", "NEW", "sent")], "sent, and nothing came back before the stream ended"),
        ([CREATED, outcome("O-1", "NEW", "allowed")], "admitted, and still waiting where the stream ends"),
        ([CREATED, outcome("O-1", "CANCEL", "denied", "unknown_order")], "never sent: nobody asked to submit it"),
        (
            [CREATED, outcome("O-1", "NEW", "held", "group_waits")],
            "never sent: it was held where the stream ends: its group can only be sent as a whole [group_waits, R53]",
        ),
    ],
)
def test_how_an_order_stands_is_one_sentence(happened: list[object], ending: str) -> None:
    told = Ending()
    for each in happened:
        told.outcome(each) if type(each).__name__ == "Outcome" else told.event(each)  # type: ignore[arg-type]
    assert told.text() == ending


def test_an_order_that_was_open_before_the_stream_is_known_from_its_snapshot() -> None:
    venue = Venue()
    venue.control_and_requests()
    (snapshot,) = [entry.event for entry in venue.entries if isinstance(entry.event, SnapshotTaken)]
    story = order_story("E-1", ((entry, None) for entry in venue.entries))
    assert story is not None
    assert [line.text for line in story.lines] == [text_of(snapshot)]
    assert story.ending == "open where the stream ends, without a fill"
    assert msgspec.to_builtins(snapshot)["orders"]


@pytest.mark.parametrize(("is_filled", "ending"), [(True, "filled completely: 1 of 1 in 1 fill"), (False, "it was cancelled")])
def test_the_end_of_an_order_is_its_first_whatever_comes_late_or_of_a_second_under_its_id(is_filled: bool, ending: str) -> None:
    venue = Venue()
    key = venue.accepted(quantity="1")
    venue.fill(key) if is_filled else venue.end(key, "CANCELED")
    venue.emit(OrderUpdated(venue.now, venue.now, key, Decimal(9)))
    venue.emit(OrderExpired(venue.now, venue.now, key))
    venue.emit(OrderDenied(venue.now, venue.now, key, "duplicate", is_duplicate=True))
    steps = [(entry, None) for entry in venue.entries]
    story = order_story(key, steps)
    assert story is not None
    assert story.ending == ending
    assert f"the second order under the id {key} was denied before it was sent: duplicate" in [line.text for line in story.lines]
