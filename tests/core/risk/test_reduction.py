"""Reduce-only: neither opens nor flips, counting what is open, in flight and queued."""

from decimal import Decimal

import pytest

from candidates import exposure_of, gate_with, new, replacement, state_with
from tc.core.candidate import Candidate
from tc.core.risk import Verdict, judge, reduces
from tc.core.state.model import Exposure


@pytest.mark.parametrize(
    ("exposure", "candidate", "expected"),
    [
        (exposure_of("5"), new("SELL", "5"), True),
        (exposure_of("5"), new("SELL", "5.1"), False),
        (exposure_of("5", sell_open="2", sell_reserved="1"), new("SELL", "2"), True),
        (exposure_of("5", sell_open="2", sell_reserved="1"), new("SELL", "2.1"), False),
        (exposure_of("5", buy_open="9"), new("SELL", "5.1"), False),
        (exposure_of("5"), new("BUY", "1"), False),
        (exposure_of("-5"), new("BUY", "5"), True),
        (exposure_of("-5", buy_open="1"), new("BUY", "5"), False),
        (exposure_of("-5"), new("SELL", "1"), False),
        (exposure_of(), new("BUY", "1"), False),
        (exposure_of(), new("SELL", "1"), False),
        (exposure_of("5", sell_open="3"), replacement("5", side="SELL", was="3"), True),
        (exposure_of("5", sell_open="3"), replacement("6", side="SELL", was="3"), False),
        (exposure_of("5", sell_open="6"), replacement("5", side="SELL", was="6"), False),
    ],
)
def test_a_command_reduces_when_all_on_its_side_ends_at_flat(exposure: Exposure, candidate: Candidate, expected: bool) -> None:
    assert reduces(state_with(exposure), candidate) is expected


def test_nothing_reduces_an_instrument_that_was_never_held() -> None:
    assert not reduces(state_with(), new())


@pytest.mark.parametrize(
    ("position", "side", "quantity", "verdict"),
    [
        ("5", "SELL", "5", Verdict("")),
        ("5", "SELL", "6", Verdict("reduce_only_would_flip", "SELL 6 at a position of 5")),
        ("-5", "BUY", "6", Verdict("reduce_only_would_flip", "BUY 6 at a position of -5")),
        ("5", "BUY", "1", Verdict("reduce_only_would_open", "BUY 1 at a position of 5")),
        ("-5", "SELL", "1", Verdict("reduce_only_would_open", "SELL 1 at a position of -5")),
        ("0", "SELL", "1", Verdict("reduce_only_would_open", "SELL 1 at a position of 0")),
        ("0", "BUY", "1", Verdict("reduce_only_would_open", "BUY 1 at a position of 0")),
    ],
)
def test_a_reduce_only_order_neither_opens_nor_flips(position: str, side: str, quantity: str, verdict: Verdict) -> None:
    assert judge(state_with(exposure_of(position)), new(side, quantity, reduce_only=True), gate_with()) == verdict


def test_a_reduce_only_order_that_is_instruments_first_would_open() -> None:
    assert judge(state_with(), new(reduce_only=True), gate_with()).reason == "reduce_only_would_open"


def test_a_reduce_only_order_that_is_too_large_may_be_lowered_and_not_moved() -> None:
    state = state_with(exposure_of("5", sell_open="6"))
    assert judge(state, replacement("5", side="SELL", was="6", reduce_only=True), gate_with()).reason == ""
    moved = replacement("5", "99", side="SELL", was="6", reduce_only=True)
    assert judge(state, moved, gate_with()).reason == "reduce_only_would_flip"
    stop = replacement("5", side="SELL", was="6", reduce_only=True, order_type="STOP_MARKET", trigger_price=Decimal(99))
    assert judge(state, stop, gate_with()).reason == "reduce_only_would_flip"
