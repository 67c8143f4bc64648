"""The reference price: which one it is, and when there is none to be trusted."""

from decimal import Decimal

import pytest

from candidates import INSTRUMENT, NO_LIMITS, NOW_NS, gate_with, new, reference_of, state_with
from tc.core.risk import Verdict, judge
from tc.core.risk.reference import reference_price
from tc.core.state.model import Reference


@pytest.mark.parametrize(
    ("reference", "price"),
    [
        (reference_of("99", "102", "50"), "100.5"),
        (reference_of("99", None, "50"), "50"),
        (reference_of(None, "102", "50"), "50"),
        (reference_of("99", None, None), "99"),
        (reference_of(None, "102", None), "102"),
        (reference_of("0.00000001", "0.00000002"), "0.000000015"),
    ],
)
def test_the_reference_is_the_middle_else_the_last_else_the_one_side(reference: Reference, price: str) -> None:
    assert reference_price(state_with(references=reference), INSTRUMENT, NO_LIMITS) == Decimal(price)


@pytest.mark.parametrize(
    "reference",
    [reference_of(None, None), reference_of("0", "0"), reference_of("NaN", "1"), reference_of(None, None, "Infinity")],
)
def test_R39_a_reference_that_is_no_price_is_missing(reference: Reference) -> None:
    assert reference_price(state_with(references=reference), INSTRUMENT, NO_LIMITS) == Verdict("reference_missing", INSTRUMENT)


def test_R39_without_an_observation_what_needs_the_reference_is_denied() -> None:
    state = state_with(references={})
    needing = (
        gate_with(max_order_notional="1000"),
        gate_with(max_gross_exposure="1000"),
        gate_with(price_collar="0.1"),
    )
    for gate in needing:
        assert judge(state, new(), gate) == Verdict("reference_missing", INSTRUMENT)
    assert judge(state, new(), gate_with(max_order_quantity="1", max_position="1")).reason == ""
    assert judge(state, new(price=None), gate_with(price_collar="0.1")).reason == ""


def test_R39_a_reference_is_stale_when_it_is_older_than_its_age() -> None:
    gate = gate_with(price_collar="0.1", reference_max_age_ns=10)
    assert judge(state_with(references=reference_of(age_ns=10)), new(), gate).reason == ""
    assert judge(state_with(references=reference_of(age_ns=11)), new(), gate) == Verdict("reference_stale", "11 ns above 10 ns")
    without = gate_with(price_collar="0.1")
    assert judge(state_with(references=reference_of(age_ns=NOW_NS)), new(), without).reason == ""


def test_R86_a_reference_is_in_doubt_after_a_gap() -> None:
    state = state_with(references=reference_of(is_degraded=True))
    assert judge(state, new(), gate_with(price_collar="0.1")) == Verdict("feed_degraded", INSTRUMENT)
    assert judge(state, new(), gate_with(max_order_quantity="1")).reason == ""
