"""Limits: what is at one passes, what is above it is denied, and the figures are said."""

from decimal import Decimal
from typing import Any

import pytest

from candidates import INSTRUMENT, INVERSE, OTHER, exposure_of, gate_with, new, reference_of, replacement, state_with
from tc.core.candidate import Candidate
from tc.core.gate import InstrumentTerms
from tc.core.risk import Verdict, judge
from tc.core.risk.limits import _value

ALLOW = Verdict("")


def test_an_order_is_held_to_its_largest_quantity() -> None:
    gate = gate_with(max_order_quantity="10")
    assert judge(state_with(), new(quantity="10.0"), gate) == ALLOW
    assert judge(state_with(), new(quantity="12.50"), gate) == Verdict("max_order_quantity", "12.5 above 10")
    assert judge(state_with(), replacement("11"), gate) == Verdict("max_order_quantity", "11 above 10")


def test_an_order_is_worth_the_higher_of_its_price_and_the_reference() -> None:
    gate = gate_with(max_order_notional="1000")
    assert judge(state_with(), new(quantity="10", price="100"), gate) == ALLOW
    assert judge(state_with(), new(quantity="10", price="100.1"), gate) == Verdict("max_order_notional", "1001 above 1000")
    assert judge(state_with(), new("SELL", "11", "50"), gate) == Verdict("max_order_notional", "1100 above 1000")
    assert judge(state_with(), new(quantity="11", price=None), gate) == Verdict("max_order_notional", "1100 above 1000")


def test_a_multiplier_counts_in_an_orders_value() -> None:
    state = state_with(references={OTHER: reference_of()})
    gate = gate_with(max_order_notional="1000")
    assert judge(state, new(quantity="1", instrument_id=OTHER), gate) == ALLOW
    assert judge(state, new(quantity="1.1", instrument_id=OTHER), gate).reason == "max_order_notional"


def test_an_inverse_contract_is_worth_its_quantity_at_any_price_and_needs_no_reference() -> None:
    state = state_with(references={})
    gate = gate_with(max_order_notional="1000", max_gross_exposure="1500")
    assert judge(state, new(quantity="1000", price="70000", instrument_id=INVERSE), gate) == ALLOW
    assert judge(state, new(quantity="1001", instrument_id=INVERSE), gate).reason == "max_order_notional"
    held = state_with({INVERSE: exposure_of("600")}, {})
    assert judge(held, new(quantity="900", instrument_id=INVERSE), gate) == ALLOW
    assert judge(held, new(quantity="901", instrument_id=INVERSE), gate) == Verdict("max_gross_exposure", "1501 above 1500")


def test_only_an_inverse_contract_has_a_value_without_a_price() -> None:
    with pytest.raises(ValueError, match="without a price"):
        _value(Decimal(1), InstrumentTerms(Decimal(1), is_inverse=False), None)


def test_a_price_is_held_to_its_distance_from_the_reference_on_either_side() -> None:
    gate = gate_with(price_collar="0.05")
    for price in ("95", "105"):
        assert judge(state_with(), new(price=price), gate) == ALLOW
    assert judge(state_with(), new(price="105.01"), gate) == Verdict("price_collar", "105.01 is 5.01 from 100, above 5")
    assert judge(state_with(), new("SELL", price="94.99"), gate).reason == "price_collar"
    assert judge(state_with(), replacement(price="106"), gate).reason == "price_collar"


def test_a_stop_order_is_held_to_the_collar_by_its_trigger() -> None:
    stop = new("SELL", price=None, order_type="STOP_MARKET", trigger_price=Decimal(90), effective_price=Decimal(90))
    assert judge(state_with(), stop, gate_with(price_collar="0.05")).reason == "price_collar"
    assert judge(state_with(), stop, gate_with(price_collar="0.1")) == ALLOW


def test_a_market_order_has_no_price_to_hold_to_the_collar() -> None:
    assert judge(state_with(), new(price=None), gate_with(price_collar="0.05")) == ALLOW


@pytest.mark.parametrize(
    ("exposure", "candidate", "furthest"),
    [
        (exposure_of("4", buy_open="2", buy_reserved="3"), new(quantity="2"), "11"),
        (exposure_of("-4", sell_open="2", sell_reserved="3"), new("SELL", "2"), "11"),
        (exposure_of("-1"), new("BUY", "12"), "11"),
        (exposure_of("9", buy_open="1"), replacement("2"), "11"),
    ],
)
def test_R41_a_position_is_held_to_its_limit_at_the_worst_case(exposure: object, candidate: Candidate, furthest: str) -> None:
    state = state_with(exposure)  # type: ignore[arg-type]
    assert judge(state, candidate, gate_with(max_position="10")) == Verdict("max_position", f"{furthest} above 10")
    assert judge(state, candidate, gate_with(max_position="11")) == ALLOW


def test_R41_what_does_not_raise_exposure_is_not_held_to_it() -> None:
    state = state_with(exposure_of("20", buy_open="5", sell_open="2"))
    gate = gate_with(max_position="10", max_gross_exposure="10")
    assert judge(state, new("SELL", "18"), gate) == ALLOW
    assert judge(state, replacement(price="99", was="5"), gate) == ALLOW
    assert judge(state, replacement("4", "99", was="5"), gate) == ALLOW
    assert judge(state, new("BUY", "1"), gate).reason == "max_position"


def test_what_shrinks_the_position_is_held_to_the_limits_of_an_order() -> None:
    state = state_with(exposure_of("20"))
    assert judge(state, new("SELL", "18"), gate_with(max_order_quantity="10")).reason == "max_order_quantity"


def test_what_only_lowers_an_order_is_held_to_no_limit_of_size() -> None:
    gate = gate_with(max_order_quantity="1", max_order_notional="1", max_position="1", max_gross_exposure="1", price_collar="0")
    state = state_with(exposure_of("20", buy_open="5"), {})
    assert judge(state, replacement("4", was="5"), gate) == ALLOW
    assert judge(state, replacement("6", was="5"), gate).reason == "reference_missing"


def test_R41_gross_exposure_sums_the_worst_case_of_all_instruments() -> None:
    held = {
        INSTRUMENT: exposure_of("1", sell_open="3"),
        OTHER: exposure_of("-1", sell_reserved="1"),
        INVERSE: exposure_of("0", "50"),
        "FLAT.Y": exposure_of(),
    }
    state = state_with(held, {INSTRUMENT: reference_of(), OTHER: reference_of("9", "11")})
    # The instrument is worth 5 at 100, the other 2 at 10 with a multiplier of 10, the inverse one 50.
    gate = gate_with(max_gross_exposure="750")
    assert judge(state, new("BUY", "4"), gate) == ALLOW
    assert judge(state, new("SELL", "3"), gate) == ALLOW
    assert judge(state, new("BUY", "4.1"), gate) == Verdict("max_gross_exposure", "760 above 750")
    assert judge(state, new("SELL", "3.1"), gate) == Verdict("max_gross_exposure", "760 above 750")
    assert judge(state, new("BUY", "4", "100.2"), gate) == Verdict("max_gross_exposure", "751 above 750")


def test_R39_gross_exposure_that_cannot_be_valued_denies() -> None:
    gate = gate_with(max_gross_exposure="1000000", reference_max_age_ns=5)
    unpriced = state_with({OTHER: exposure_of("1")})
    assert judge(unpriced, new(), gate) == Verdict("reference_missing", OTHER)
    stale = state_with({OTHER: exposure_of("1")}, {INSTRUMENT: reference_of(), OTHER: reference_of(age_ns=6)})
    assert judge(stale, new(), gate).reason == "reference_stale"
    unknown = state_with({"SOME.Y": exposure_of("1")})
    assert judge(unknown, new(), gate) == Verdict("unknown_instrument", "SOME.Y")


@pytest.mark.parametrize("limit", ["NaN", "sNaN", "Infinity", "-1"])
@pytest.mark.parametrize(
    "name", ["max_order_quantity", "max_order_notional", "max_position", "max_gross_exposure", "price_collar"]
)
def test_R39_a_limit_that_limits_nothing_denies(name: str, limit: str) -> None:
    limits: dict[str, Any] = {name: limit}
    assert judge(state_with(), new(), gate_with(**limits)) == Verdict("limit_missing", limit)


def test_a_figure_that_no_one_could_read_is_said_by_its_magnitude() -> None:
    verdict = judge(state_with(), new(quantity="1e999"), gate_with(max_order_quantity="100"))
    assert verdict.detail == "1E+999 above 100"


def test_a_limit_that_is_none_is_knowingly_off() -> None:
    assert judge(state_with(references={}), new(quantity="1e30", price="1e30"), gate_with()) == ALLOW
