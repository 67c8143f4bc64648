"""Key and terms: what names no order, or cannot be valued, is denied before any limit is looked at."""

from decimal import Decimal
from typing import Any

import pytest

from candidates import INSTRUMENT, cancel, gate_with, new, replacement, state_with
from tc.core.candidate import Candidate
from tc.core.gate import InstrumentTerms
from tc.core.risk import Verdict, judge

PRICE = Decimal(100)


def _reason(candidate: Candidate) -> str:
    return judge(state_with(), candidate, gate_with()).reason


def test_a_key_is_used_once() -> None:
    assert _reason(new(is_new_key=False)) == "duplicate_key"
    assert _reason(new(is_new_key=False, is_known=False)) == "duplicate_key"


@pytest.mark.parametrize("candidate", [new(is_known=False), replacement("2", is_known=False), cancel(is_known=False)])
def test_a_command_for_an_order_that_nobody_knows_is_denied(candidate: Candidate) -> None:
    assert _reason(candidate) == "unknown_order"


@pytest.mark.parametrize(
    "terms",
    [
        {"side": "NEITHER"},
        {"total": Decimal(0)},
        {"total": Decimal(-1)},
        {"total": Decimal("NaN")},
        {"total": Decimal("sNaN")},
        {"total": Decimal("Infinity")},
        {"wanted": Decimal(0)},
        {"wanted": Decimal("NaN")},
        {"price": Decimal(0)},
        {"price": Decimal("NaN")},
        {"effective_price": Decimal(-1)},
        {"trigger_price": Decimal(100)},
        {"price": None, "order_type": "LIMIT"},
        {"order_type": "MARKET"},
        {"order_type": "STOP_MARKET", "price": None},
        {"order_type": "STOP_LIMIT"},
        {"order_type": "STOP_MARKET", "trigger_price": Decimal(-1), "price": None},
    ],
    ids=str,
)
def test_R39_terms_that_cannot_be_right_are_denied(terms: dict[str, Any]) -> None:
    verdict = judge(state_with(), new(**terms), gate_with())
    assert verdict.reason == "invalid_terms"
    assert verdict.detail


@pytest.mark.parametrize(
    ("order_type", "price", "trigger_price"),
    [
        ("MARKET", None, None),
        ("LIMIT", PRICE, None),
        ("STOP_MARKET", None, PRICE),
        ("STOP_LIMIT", PRICE, PRICE),
        ("MARKET_TO_LIMIT", None, None),
        ("MARKET_IF_TOUCHED", None, PRICE),
        ("LIMIT_IF_TOUCHED", PRICE, PRICE),
        ("TRAILING_STOP_MARKET", None, None),
        ("TRAILING_STOP_MARKET", None, PRICE),
        ("TRAILING_STOP_LIMIT", None, None),
        ("TRAILING_STOP_LIMIT", PRICE, PRICE),
    ],
)
def test_each_type_of_order_passes_with_the_prices_that_it_needs(
    order_type: str, price: Decimal | None, trigger_price: Decimal | None
) -> None:
    terms: dict[str, Any] = {
        "order_type": order_type,
        "price": price,
        "trigger_price": trigger_price,
        "effective_price": price or trigger_price,
    }
    assert _reason(new(**terms)) == ""


def test_a_replace_changes_something_that_its_order_has() -> None:
    assert _reason(replacement("2")) == ""
    assert _reason(replacement(price="101")) == ""
    assert _reason(replacement(order_type="STOP_MARKET", trigger_price=PRICE)) == ""
    assert _reason(replacement()) == "invalid_terms"
    assert _reason(replacement(price="101", order_type="MARKET")) == "invalid_terms"
    assert _reason(replacement("2", wanted=Decimal(-1))) == "invalid_terms"


def test_an_instrument_that_is_not_configured_is_denied() -> None:
    assert judge(state_with(), new(instrument_id="OTHER.Y"), gate_with()) == Verdict("unknown_instrument", "OTHER.Y")


@pytest.mark.parametrize("multiplier", ["0", "-1", "NaN", "Infinity"])
def test_R39_an_instrument_that_cannot_be_valued_is_denied(multiplier: str) -> None:
    gate = gate_with(instruments={INSTRUMENT: InstrumentTerms(Decimal(multiplier), is_inverse=False)})
    assert judge(state_with(), new(), gate).reason == "unknown_instrument"


def test_what_no_gate_can_hold_is_denied_with_its_name() -> None:
    verdict = judge(state_with(), new(order_type="UNSUPPORTED:emulated order"), gate_with())
    assert verdict == Verdict("unsupported_under_gate", "emulated order")
    assert judge(state_with(), new(order_type="PEGGED"), gate_with()) == Verdict("unsupported_under_gate", "PEGGED")


def test_a_cancel_of_anything_known_passes() -> None:
    assert _reason(cancel()) == ""
    assert _reason(cancel(order_type="UNSUPPORTED:emulated order", instrument_id="OTHER.Y")) == ""
