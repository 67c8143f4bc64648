"""Exposure: what each instrument's position could become, as sums that every change moves and nothing recounts."""

from decimal import Decimal

from msgspec.structs import replace

from tc.core.state.exact import ZERO, add, negate, subtract
from tc.core.state.model import FINAL, NO_EXPOSURE, Exposure, Order
from tc.errors import InvariantViolation


def moved(exposures: dict[str, Exposure], before: Order | None, after: Order | None) -> dict[str, Exposure]:
    """Count what an order may still fill, now that it is ``after``.

    None stands for an order that does not exist; one that is final may fill no more.
    """
    if (
        before is not None
        and after is not None
        and before.quantity is after.quantity
        and before.filled is after.filled
        and (before.status in FINAL) is (after.status in FINAL)
    ):
        return exposures  # Most events of an order leave the very same figures.
    was, now = _fillable(before), _fillable(after)
    if was == now:
        return exposures
    terms = (before or after).terms  # type: ignore[union-attr]  # two orders that are both absent are equal
    held = exposures.get(terms.instrument_id, NO_EXPOSURE)
    is_buy = terms.side == "BUY"
    total = held.buy_open if is_buy else held.sell_open
    if was:
        total = subtract(total, was)
    if now:
        total = add(total, now)
    changed = replace(held, buy_open=total) if is_buy else replace(held, sell_open=total)
    return {**exposures, terms.instrument_id: changed}


def filled(exposures: dict[str, Exposure], instrument_id: str, side: str, quantity: Decimal) -> dict[str, Exposure]:
    """Move the position by a fill; what its order may still fill is moved with the order."""
    held = exposures.get(instrument_id, NO_EXPOSURE)
    position = add(held.position, quantity if side == "BUY" else negate(quantity))
    return {**exposures, instrument_id: replace(held, position=position)}


def reserved(exposures: dict[str, Exposure], instrument_id: str, side: str, delta: Decimal) -> dict[str, Exposure]:
    """Change what queued and in-flight commands may add to a side.

    Raises
    ------
    InvariantViolation
        More was given back than was ever reserved: the worst case would be understated from here on.

    """
    held = exposures.get(instrument_id, NO_EXPOSURE)
    is_buy = side == "BUY"
    total = add(held.buy_reserved if is_buy else held.sell_reserved, delta)
    if total < ZERO:
        raise InvariantViolation(f"what commands reserve of {instrument_id} for {side} falls below zero by {delta}")
    changed = replace(held, buy_reserved=total) if is_buy else replace(held, sell_reserved=total)
    return {**exposures, instrument_id: changed}


def worst_case(exposure: Exposure) -> tuple[Decimal, Decimal]:
    """Return the longest and the shortest position, signed, that position, open, in-flight and queued orders can lead to."""
    longest = add(add(exposure.position, exposure.buy_open), exposure.buy_reserved)
    shortest = subtract(subtract(exposure.position, exposure.sell_open), exposure.sell_reserved)
    return longest, shortest


def _fillable(order: Order | None) -> Decimal:
    if order is None or order.status in FINAL:
        return ZERO
    return subtract(order.quantity, order.filled) if order.filled else order.quantity
