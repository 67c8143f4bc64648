from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated import gated_configuration
from shown import INSTRUMENT, NOW_NS, flying, resting, shown, terms, waiting
from tc.core import INITIAL, ProcessingContext
from tc.core.intents import CancelIntent, NewIntent, ReplaceIntent
from tc.core.risk.safeguards import DAY_NS
from tc.strategies.quoter import TwoSidedQuoter


def quoter(**more: Any) -> TwoSidedQuoter:
    parameters = {"half_spread_ticks": 2, "requote_ticks": 2, **more}
    return TwoSidedQuoter(
        instrument_id=INSTRUMENT, tick=Decimal("0.1"), quantity=Decimal(1), max_position=Decimal(2), **parameters
    )


def prices(intents: Any) -> list[tuple[str, str]]:
    return [(intent.side, str(intent.price)) for intent in intents]


def test_it_quotes_both_sides_around_the_middle_under_keys_that_no_other_step_has() -> None:
    intents = quoter().evaluate(shown(at=41))
    assert [intent.key for intent in intents] == ["Q-B-41", "Q-A-41"]
    assert prices(intents) == [("BUY", "99.8"), ("SELL", "100.2")]
    assert all(type(intent) is NewIntent and intent.post_only for intent in intents)


def test_it_leaves_quotes_alone_that_are_where_they_should_be() -> None:
    assert quoter().evaluate(shown(orders=[resting("Q-B-1", "99.8"), resting("Q-A-1", "100.2")])) == ()


def test_it_leaves_a_quote_alone_that_is_off_by_less_than_the_threshold() -> None:
    assert quoter().evaluate(shown(orders=[resting("Q-B-1", "99.7"), resting("Q-A-1", "100.3")])) == ()


def test_it_replaces_a_quote_when_the_market_moved() -> None:
    intents = quoter().evaluate(shown("99.9", "100.5", orders=[resting("Q-B-1", "99.8"), resting("Q-A-1", "100.2")]))
    assert intents == (
        ReplaceIntent("Q-B-1", price=Decimal("100.0")),
        ReplaceIntent("Q-A-1", price=Decimal("100.4")),
    )


def test_a_replace_that_waits_or_an_order_not_yet_sent_counts_as_where_it_will_be() -> None:
    context = shown(
        orders=[resting("Q-B-1", "90.0")],
        unsubmitted=[terms("Q-A-1", "100.2", "SELL")],
        pending=[waiting("Q-B-1", "REPLACE", "99.8"), waiting("Q-A-1", "NEW", "100.2")],
    )
    assert quoter().evaluate(context) == ()


def test_a_change_that_is_under_way_is_waited_for() -> None:
    context = shown(orders=[resting("Q-B-1", "90.0"), resting("Q-A-1", "100.2")], in_flight=[flying("Q-B-1", "REPLACE")])
    assert quoter().evaluate(context) == ()


def test_an_order_in_flight_is_waited_for() -> None:
    context = shown(in_flight=[flying("Q-B-1", "NEW"), flying("Q-A-1", "NEW")])
    assert quoter().evaluate(context) == ()


@pytest.mark.parametrize(
    "ending",
    [
        {"orders": [resting("Q-B-1", "99.8", pending="CANCEL")]},
        {"orders": [resting("Q-B-1", "99.8")], "pending": [waiting("Q-B-1", "CANCEL")]},
        {"orders": [resting("Q-B-1", "99.8")], "in_flight": [flying("Q-B-1", "CANCEL")]},
    ],
)
def test_a_quote_that_is_being_cancelled_is_no_quote(ending: dict[str, Any]) -> None:
    assert [intent.key for intent in quoter().evaluate(shown(**ending))] == ["Q-B-7", "Q-A-7"]


def test_other_orders_are_not_its_own() -> None:
    intents = quoter().evaluate(shown(orders=[resting("M-E-1", "99.8")]))
    assert len(intents) == 2


def test_it_leans_against_its_inventory() -> None:
    assert prices(quoter(skew_ticks=4).evaluate(shown(position="1"))) == [("BUY", "99.6"), ("SELL", "100.0")]
    assert prices(quoter(skew_ticks=4).evaluate(shown(position="-1"))) == [("BUY", "100.0"), ("SELL", "100.4")]


def test_a_side_that_could_exceed_the_position_is_pulled() -> None:
    context = shown(position="1.5", orders=[resting("Q-B-1", "99.8"), resting("Q-A-1", "100.2")])
    assert quoter().evaluate(context) == (CancelIntent("Q-B-1"),)
    assert prices(quoter().evaluate(shown(position="-2"))) == [("BUY", "99.8")]


def test_a_quote_never_takes() -> None:
    assert prices(quoter(half_spread_ticks=-9).evaluate(shown())) == [("BUY", "100.0"), ("SELL", "100.0")]


@pytest.mark.parametrize("blind", [{"bid": None}, {"ask": None}, {"is_degraded": True}])
def test_without_a_market_both_quotes_are_pulled(blind: dict[str, Any]) -> None:
    context = shown(**blind, orders=[resting("Q-B-1", "99.8"), resting("Q-A-1", "100.2")])
    assert quoter().evaluate(context) == (CancelIntent("Q-B-1"), CancelIntent("Q-A-1"))


def test_before_the_first_observation_there_is_nothing_to_say() -> None:
    assert quoter().evaluate(ProcessingContext(INITIAL, shown().configuration)) == ()


def test_under_a_kill_switch_it_is_silent() -> None:
    assert quoter().evaluate(shown(kill_switch="reduce")) == ()


@pytest.mark.parametrize(
    ("limits", "change"),
    [
        ({"max_daily_messages": 5}, {"message_day": NOW_NS // DAY_NS, "messages": 5}),
        ({"session": {"start_ns": 0, "end_ns": 1}}, {}),
        ({}, {"throttled": ("S",)}),
    ],
)
def test_while_everything_would_be_denied_it_asks_for_nothing_and_pulls_its_quotes(
    limits: dict[str, Any], change: dict[str, Any]
) -> None:
    both = [resting("Q-B-1", "90.0"), resting("Q-A-1", "100.2")]
    assert quoter().evaluate(gated(limits, change)) == ()
    assert quoter().evaluate(gated(limits, change, orders=both)) == (CancelIntent("Q-B-1"), CancelIntent("Q-A-1"))
    assert len(quoter().evaluate(gated({}, {}))) == 2
    assert len(quoter().evaluate(gated(limits, change, gate="observe"))) == 2


def test_a_new_day_lets_it_quote_again() -> None:
    yesterday = {"message_day": NOW_NS // DAY_NS - 1, "messages": 5}
    assert len(quoter().evaluate(gated({"max_daily_messages": 5}, yesterday))) == 2


def gated(limits: dict[str, Any], change: dict[str, Any], *, gate: str = "on", **more: Any) -> ProcessingContext:
    """Return a context behind a gate with limits, and with something changed of what Risk remembers."""
    state = shown(**more)._state
    safeguards = msgspec.structs.replace(state.control.safeguards, **change)
    state = msgspec.structs.replace(state, control=msgspec.structs.replace(state.control, safeguards=safeguards))
    return ProcessingContext(state, gated_configuration(mode=gate, **limits))


def test_its_fields_are_its_parameters_and_nothing_else() -> None:
    with pytest.raises(msgspec.ValidationError, match="spread"):
        msgspec.convert({"spread": 1}, TwoSidedQuoter)
    with pytest.raises(AttributeError):
        setattr(quoter(), "tick", Decimal(1))  # noqa: B010 - the type checker knows, too


_prices = st.integers(900, 1100)


@given(_prices, _prices, st.integers(-20, 20), st.integers(0, 9))
def test_R33_it_is_a_pure_function_whose_quotes_do_not_cross(bid: int, ask: int, tenths: int, skew: int) -> None:
    low, high = sorted((bid, ask + 201))
    context = shown(str(Decimal(low).scaleb(-1)), str(Decimal(high).scaleb(-1)), position=str(Decimal(tenths).scaleb(-1)))
    subject = quoter(skew_ticks=skew)
    intents: Any = subject.evaluate(context)
    assert intents == subject.evaluate(context)
    by_side = {intent.side: intent.price for intent in intents}
    assert by_side.get("BUY", Decimal(0)) < Decimal(high).scaleb(-1)
    assert by_side.get("SELL", Decimal(10**9)) > Decimal(low).scaleb(-1)
    assert all(price % Decimal("0.1") == 0 for price in by_side.values())
