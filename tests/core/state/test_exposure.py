"""Exposure: sums that are moved by what changes, and equal a recount of everything after any sequence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from candidates import INSTRUMENT, OTHER, exposure_of
from tc.core.events import OrderInitialized
from tc.core.state.exposure import filled, moved, reserved, worst_case
from tc.core.state.model import NO_EXPOSURE, Exposure, Order
from tc.errors import InvariantViolation

AMOUNTS = st.decimals("0.001", 1000, places=3)
INSTRUMENTS = st.sampled_from((INSTRUMENT, OTHER))
SIDES = st.sampled_from(("BUY", "SELL"))


def _order(side: str = "BUY", quantity: str = "3", fills: str = "0", *, instrument_id: str = INSTRUMENT) -> Order:
    terms = OrderInitialized(0, 0, "O-1", "S-1", instrument_id, side, "LIMIT", Decimal(quantity), "GTC")  # type: ignore[arg-type]
    return Order(terms, "ACCEPTED", Decimal(quantity), None, None, Decimal(fills), "", None, ())


def test_R41_an_order_counts_what_it_may_still_fill() -> None:
    begun = moved({}, None, _order())
    assert begun == {INSTRUMENT: exposure_of(buy_open="3")}
    assert moved(begun, _order(), _order(fills="2")) == {INSTRUMENT: exposure_of(buy_open="1")}
    assert moved(begun, _order(), _order(quantity="5")) == {INSTRUMENT: exposure_of(buy_open="5")}
    assert moved(begun, _order(), None) == {INSTRUMENT: NO_EXPOSURE}
    assert moved({}, None, _order("SELL")) == {INSTRUMENT: exposure_of(sell_open="3")}


def test_a_final_order_counts_nothing() -> None:
    begun = moved({}, None, _order())
    canceled = replace(_order(), status="CANCELED")
    assert moved(begun, _order(), canceled) == {INSTRUMENT: NO_EXPOSURE}
    late = replace(canceled, filled=Decimal(1))
    assert moved({}, canceled, late) == {}


def test_what_changes_nothing_returns_the_same_exposures() -> None:
    exposures = {INSTRUMENT: exposure_of("1")}
    assert moved(exposures, None, None) is exposures
    assert moved(exposures, _order(), replace(_order(), price=Decimal(7))) is exposures


def test_the_exposures_given_are_untouched() -> None:
    exposures: dict[str, Exposure] = {}
    moved(exposures, None, _order())
    filled(exposures, INSTRUMENT, "BUY", Decimal(1))
    reserved(exposures, INSTRUMENT, "BUY", Decimal(1))
    assert exposures == {}


def test_R41_the_worst_case_counts_everything_on_a_side() -> None:
    assert worst_case(exposure_of("2", "3", "10", "4", "20")) == (Decimal(9), Decimal(-28))
    assert worst_case(exposure_of("-5", buy_open="1")) == (Decimal(-4), Decimal(-5))


def test_more_cannot_be_given_back_than_was_reserved() -> None:
    exposures = reserved({}, INSTRUMENT, "SELL", Decimal(2))
    assert reserved(exposures, INSTRUMENT, "SELL", Decimal(-2)) == {INSTRUMENT: NO_EXPOSURE}
    for side in ("BUY", "SELL"):
        with pytest.raises(InvariantViolation, match="below zero"):
            reserved(exposures, INSTRUMENT, side, Decimal("-2.001"))


def test_sums_are_exact_whatever_the_number_of_digits() -> None:
    tiny, huge = Decimal("1e-40"), Decimal("1e40")
    exposures = filled(filled({}, INSTRUMENT, "BUY", huge), INSTRUMENT, "BUY", tiny)
    assert filled(exposures, INSTRUMENT, "SELL", huge)[INSTRUMENT].position == tiny


@given(st.lists(st.tuples(INSTRUMENTS, SIDES, AMOUNTS, AMOUNTS, st.booleans()), max_size=20))
def test_R41_increments_equal_a_recount(orders: list[tuple[str, str, Decimal, Decimal, bool]]) -> None:
    exposures: dict[str, Exposure] = {}
    positions = {INSTRUMENT: Decimal(0), OTHER: Decimal(0)}
    counted = dict.fromkeys(((one, side) for one in positions for side in ("BUY", "SELL")), Decimal(0))
    for instrument_id, side, quantity, fill, ends in orders:
        asked = _order(side, str(quantity), instrument_id=instrument_id)
        exposures = moved(exposures, None, asked)
        some = min(fill, quantity)
        done = replace(asked, filled=some)
        exposures = filled(moved(exposures, asked, done), instrument_id, side, some)
        positions[instrument_id] += some if side == "BUY" else -some
        if ends:
            exposures = moved(exposures, done, replace(done, status="EXPIRED"))
        else:
            counted[instrument_id, side] += quantity - some
    for instrument_id, position in positions.items():
        held = exposures.get(instrument_id, NO_EXPOSURE)
        assert held.position == position
        assert (held.buy_open, held.sell_open) == (counted[instrument_id, "BUY"], counted[instrument_id, "SELL"])
