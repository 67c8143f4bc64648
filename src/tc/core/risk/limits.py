"""Limits: an order's quantity, value and price, and the position and gross exposure that it could lead to.

A value is quantity, price and multiplier, in the quote currency, at the higher of the order's price and the reference.
An inverse contract's multiplier is in the quote currency already, so its value there is quantity and multiplier at any price.
A command is allowed only where a figure is found not to be above its limit.
"""

from decimal import Decimal

from tc.core.candidate import Candidate
from tc.core.gate import GateConfiguration, InstrumentTerms, RiskLimits
from tc.core.risk.reduction import added
from tc.core.risk.reference import reference_price
from tc.core.risk.terms import terms_of
from tc.core.risk.verdict import Verdict, above, plain
from tc.core.state.exact import ZERO, add, multiply, negate, subtract
from tc.core.state.exposure import worst_case
from tc.core.state.model import NO_EXPOSURE, State


def limits_deny(state: State, candidate: Candidate, gate: GateConfiguration, *, is_reducing: bool) -> Verdict | None:
    """Deny what is above a limit. What only shrinks the position is not held to position and gross exposure, which it lowers."""
    limits = gate.limits
    unusable = _unusable(limits)
    if unusable is not None:
        return unusable
    terms = gate.instruments[candidate.instrument_id]
    delta = added(candidate)
    exposes = delta > ZERO and not is_reducing
    price: Decimal | None = None
    if _needs_reference(candidate, limits, terms, exposes=exposes):
        found = reference_price(state, candidate.instrument_id, limits)
        if isinstance(found, Verdict):
            return found
        price = found
    denied = _order(candidate, limits, terms, price)
    if denied is not None or not exposes:
        return denied
    return _worst_case(state, candidate, delta, gate, price)


def _unusable(limits: RiskLimits) -> Verdict | None:
    """Deny everything while a limit is no number that could be reached: it must not pass for one that is knowingly off."""
    for limit in (
        limits.max_order_quantity,
        limits.max_order_notional,
        limits.max_position,
        limits.max_gross_exposure,
        limits.price_collar,
    ):
        if limit is not None and not (limit.is_finite() and limit >= ZERO):
            return Verdict("limit_missing", f"{limit}")
    return None


def _needs_reference(candidate: Candidate, limits: RiskLimits, terms: InstrumentTerms, *, exposes: bool) -> bool:
    if limits.price_collar is not None and candidate.effective_price is not None:
        return True
    if terms.is_inverse:
        return False
    return limits.max_order_notional is not None or (exposes and limits.max_gross_exposure is not None)


def _order(candidate: Candidate, limits: RiskLimits, terms: InstrumentTerms, reference: Decimal | None) -> Verdict | None:
    """Deny an order that is too large, is worth too much, or is priced too far from the reference."""
    maximum = limits.max_order_quantity
    if maximum is not None and not candidate.total <= maximum:
        return above("max_order_quantity", candidate.total, maximum)
    maximum = limits.max_order_notional
    if maximum is not None:
        value = _value(candidate.total, terms, _higher(reference, candidate.effective_price))
        if not value <= maximum:
            return above("max_order_notional", value, maximum)
    price, collar = candidate.effective_price, limits.price_collar
    if collar is not None and price is not None and reference is not None:
        distance, furthest = subtract(price, reference).copy_abs(), multiply(collar, reference)
        if not distance <= furthest:
            return Verdict(
                "price_collar", f"{plain(price)} is {plain(distance)} from {plain(reference)}, above {plain(furthest)}"
            )
    return None


def _worst_case(
    state: State, candidate: Candidate, delta: Decimal, gate: GateConfiguration, reference: Decimal | None
) -> Verdict | None:
    """Deny what could take the position too far, or the sum of all instruments' worst cases too high."""
    limits = gate.limits
    longest, shortest = worst_case(state.execution.exposures.get(candidate.instrument_id, NO_EXPOSURE))
    if candidate.side == "BUY":
        furthest = longest = add(longest, delta)
    else:
        shortest = subtract(shortest, delta)
        furthest = negate(shortest)
    if limits.max_position is not None and not furthest <= limits.max_position:
        return above("max_position", furthest, limits.max_position)
    if limits.max_gross_exposure is None:
        return None
    gross = _gross_exposure(state, candidate, _size(longest, shortest), gate, reference)
    if isinstance(gross, Verdict):
        return gross
    return None if gross <= limits.max_gross_exposure else above("max_gross_exposure", gross, limits.max_gross_exposure)


def _gross_exposure(
    state: State, candidate: Candidate, own_size: Decimal, gate: GateConfiguration, reference: Decimal | None
) -> Decimal | Verdict:
    """Return the sum of all instruments' worst cases, or why one of them cannot be valued."""
    own, exposures = candidate.instrument_id, state.execution.exposures
    gross = _value(own_size, gate.instruments[own], _higher(reference, candidate.effective_price))
    for other in sorted(exposures):
        if other != own:
            value = _value_of(state, other, gate)
            if isinstance(value, Verdict):
                return value
            gross = add(gross, value)
    return gross


def _value_of(state: State, instrument_id: str, gate: GateConfiguration) -> Decimal | Verdict:
    """Return the value of an instrument's worst case, or why it is not known."""
    size = _size(*worst_case(state.execution.exposures[instrument_id]))
    if size == ZERO:
        return ZERO
    terms = terms_of(gate, instrument_id)
    if terms is None:
        return Verdict("unknown_instrument", instrument_id)
    if terms.is_inverse:
        return _value(size, terms, None)
    price = reference_price(state, instrument_id, gate.limits)
    return price if isinstance(price, Verdict) else _value(size, terms, price)


def _size(longest: Decimal, shortest: Decimal) -> Decimal:
    """Return the larger side of the worst case; it is never below zero, for both sides begin at the position."""
    short = negate(shortest)
    return max(longest, short)


def _value(quantity: Decimal, terms: InstrumentTerms, price: Decimal | None) -> Decimal:
    """Return what a quantity is worth in the quote currency; only an inverse contract is worth it without a price."""
    units = multiply(quantity, terms.multiplier)
    if terms.is_inverse:
        return units
    if price is None:
        raise ValueError("a value without a price")
    return multiply(units, price)


def _higher(reference: Decimal | None, price: Decimal | None) -> Decimal | None:
    if reference is None or price is None:
        return reference
    return max(reference, price)
