"""Terms: whether a command names an order, an instrument and figures that can be judged at all."""

from decimal import Decimal

from tc.core.candidate import Candidate
from tc.core.gate import GateConfiguration, InstrumentTerms
from tc.core.reserved import FLATTEN_PREFIX, FLATTEN_STRATEGY
from tc.core.risk.verdict import Verdict
from tc.core.state.exact import ZERO

UNSUPPORTED = "UNSUPPORTED:"
"""Before what a gate cannot hold about an order, in the place of its type."""

PRICED: dict[str, tuple[bool | None, bool | None]] = {
    "MARKET": (False, False),
    "LIMIT": (True, False),
    "STOP_MARKET": (False, True),
    "STOP_LIMIT": (True, True),
    "MARKET_TO_LIMIT": (False, False),
    "MARKET_IF_TOUCHED": (False, True),
    "LIMIT_IF_TOUCHED": (True, True),
    "TRAILING_STOP_MARKET": (False, None),
    "TRAILING_STOP_LIMIT": (None, None),
}
"""Whether an order of the type has a price, and a trigger price; None where it may. What is not here is not supported."""


def terms_deny(candidate: Candidate, gate: GateConfiguration) -> Verdict | None:
    """Deny a key that is used or the flatten's, and no order, no valid terms, no known instrument, or what no gate holds."""
    if candidate.kind == "NEW":
        if not candidate.is_new_key:
            return Verdict("duplicate_key")
        if candidate.key.startswith(FLATTEN_PREFIX) and candidate.strategy_id != FLATTEN_STRATEGY:
            return Verdict("reserved_key", f"{FLATTEN_PREFIX} begins the keys of the flatten's own orders")
    if not candidate.is_known:
        return Verdict("unknown_order")
    return None if candidate.kind == "CANCEL" else _order_denies(candidate, gate)


def terms_of(gate: GateConfiguration, instrument_id: str) -> InstrumentTerms | None:
    """Return what values of the instrument are computed with; None also where no value would come of it."""
    terms = gate.instruments.get(instrument_id)
    return terms if terms is not None and _is_positive(terms.multiplier) else None


def _order_denies(candidate: Candidate, gate: GateConfiguration) -> Verdict | None:
    fault = _fault(candidate)
    if fault is not None:
        return Verdict("invalid_terms", fault)
    if terms_of(gate, candidate.instrument_id) is None:
        return Verdict("unknown_instrument", candidate.instrument_id)
    if candidate.order_type not in PRICED:
        return Verdict("unsupported_under_gate", candidate.order_type.removeprefix(UNSUPPORTED))
    return None


def _fault(candidate: Candidate) -> str | None:
    """Return what is wrong with the terms. Prices are positive: this gate values no spread that trades at or below zero."""
    if candidate.side not in ("BUY", "SELL"):
        return f"side {candidate.side}"
    if not (_is_positive(candidate.total) and _is_positive(candidate.wanted)):
        return f"quantity {candidate.total}, to fill {candidate.wanted}"
    for price in (candidate.price, candidate.trigger_price, candidate.effective_price):
        if price is not None and not _is_positive(price):
            return f"price {price}"
    return _unstated(candidate)


def _unstated(candidate: Candidate) -> str | None:
    """Return what the order's type needs and the command does not state, or the other way round."""
    price, trigger_price = candidate.price, candidate.trigger_price
    needs_price, needs_trigger = PRICED.get(candidate.order_type, (None, None))
    if (needs_price is False and price is not None) or (needs_trigger is False and trigger_price is not None):
        return f"a price that a {candidate.order_type} order has not"
    if candidate.kind == "REPLACE":
        return "nothing is changed" if price is None and trigger_price is None and candidate.quantity is None else None
    if (needs_price and price is None) or (needs_trigger and trigger_price is None):
        return f"a {candidate.order_type} order without its price"
    return None


def _is_positive(figure: Decimal) -> bool:
    return figure.is_finite() and figure > ZERO
