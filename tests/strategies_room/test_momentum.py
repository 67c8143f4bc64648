from decimal import Decimal
from typing import Any

import pytest

from shown import INSTRUMENT, NOW_NS, flying, resting, shown, terms, waiting
from tc.core import INITIAL, ProcessingContext
from tc.core.intents import NewIntent
from tc.strategies.momentum import MomentumTaker

UP = [(20, "99.0"), (9, "99.0"), (1, "100.0")]
DOWN = [(20, "101.0"), (9, "101.0"), (1, "100.0")]
FLAT = [(20, "100.0"), (9, "100.0"), (1, "100.0")]
ENTRY, EXIT = f"M-E-{NOW_NS}", f"M-X-{NOW_NS}"


def taker(**more: Any) -> MomentumTaker:
    parameters = {"quantity": Decimal(1), "max_position": Decimal(2), **more}
    return MomentumTaker(
        instrument_id=INSTRUMENT, tick=Decimal("0.1"), lookback_s=5, threshold=Decimal("0.005"), holding_s=15, **parameters
    )


def order(key: str, side: str, price: str, quantity: str = "1", *, reduce_only: bool = False) -> NewIntent:
    return NewIntent(
        key, INSTRUMENT, side, Decimal(quantity), price=Decimal(price), time_in_force="IOC", reduce_only=reduce_only  # type: ignore[arg-type]
    )  # fmt: skip


def test_it_takes_in_the_direction_of_a_move() -> None:
    assert taker().evaluate(shown(history=UP)) == (order(ENTRY, "BUY", "100.2"),)
    assert taker().evaluate(shown(history=DOWN)) == (order(ENTRY, "SELL", "99.8"),)


def test_a_move_that_is_too_small_or_no_move_is_left_alone() -> None:
    assert taker().evaluate(shown(history=FLAT)) == ()
    assert taker().evaluate(shown(history=[(9, "99.6"), (1, "100.0")])) == ()


def test_without_a_price_that_is_old_enough_it_waits() -> None:
    assert taker().evaluate(shown(history=[(4, "90.0")])) == ()
    assert taker().evaluate(shown(history=[])) == ()


def test_it_adds_no_more_than_its_position_allows() -> None:
    going = [(20, "99.0"), (9, "99.0"), (1, "100.0")]
    assert taker().evaluate(shown(history=going, position="1.5")) == (order(ENTRY, "BUY", "100.2", "0.5"),)
    assert taker().evaluate(shown(history=going, position="2")) == ()


def test_it_closes_when_the_price_has_not_gone_on_for_the_holding_time() -> None:
    assert taker().evaluate(shown(history=FLAT, position="1.5")) == (order(EXIT, "SELL", "99.8", "1.5", reduce_only=True),)
    assert taker().evaluate(shown(history=FLAT, position="-1")) == (order(EXIT, "BUY", "100.2", reduce_only=True),)


def test_it_holds_while_the_price_goes_on_or_is_not_known_for_so_long() -> None:
    assert taker().evaluate(shown(history=UP, position="2")) == ()
    assert taker().evaluate(shown(history=[(3, "100.0")], position="2")) == ()


def test_it_does_not_open_against_what_it_holds() -> None:
    quick = [(20, "105.0"), (9, "99.0"), (1, "100.0")]
    assert taker().evaluate(shown(history=quick, position="-1")) == ()


@pytest.mark.parametrize(
    "busy",
    [
        {"orders": [resting("M-E-1", "100.2")]},
        {"pending": [waiting("M-E-1", "NEW", "100.2")]},
        {"in_flight": [flying("M-X-1", "NEW")]},
    ],
)
def test_it_has_one_order_at_a_time(busy: dict[str, Any]) -> None:
    assert taker().evaluate(shown(history=UP, **busy)) == ()


def test_what_was_not_filled_is_not_asked_for_again_before_the_market_was_seen_anew() -> None:
    assert taker().evaluate(shown(history=UP, unsubmitted=[terms(ENTRY, "100.2")])) == ()


def test_it_does_not_take_from_an_empty_side() -> None:
    assert taker().evaluate(shown("99.9", None, history=[(20, "90.0")])) == ()


@pytest.mark.parametrize("blind", [{"is_degraded": True}, {"kill_switch": "halt"}, {"bid": None, "ask": None}])
def test_it_is_silent_without_a_market_or_under_a_kill_switch(blind: dict[str, Any]) -> None:
    assert taker().evaluate(shown(history=UP, **blind)) == ()


def test_before_the_first_observation_there_is_nothing_to_say() -> None:
    assert taker().evaluate(ProcessingContext(INITIAL, shown().configuration)) == ()


def test_its_price_is_never_below_one_tick() -> None:
    [asked] = taker(slippage_ticks=5000).evaluate(shown(history=DOWN))
    assert getattr(asked, "price", None) == Decimal("0.1")
