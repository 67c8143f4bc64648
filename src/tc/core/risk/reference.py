"""Reference: the price that collars and values are measured by, or why there is none to be trusted."""

from decimal import Decimal

from tc.core.gate import RiskLimits
from tc.core.risk.verdict import Verdict
from tc.core.state.exact import ZERO
from tc.core.state.market import price_of
from tc.core.state.model import State


def reference_price(state: State, instrument_id: str, limits: RiskLimits) -> Decimal | Verdict:
    """Return the instrument's reference price, or the denial of whatever needs it.

    The price is the middle of bid and ask, else the last one traded, else the one side that there is.
    """
    reference = state.market.references.get(instrument_id)
    if reference is None:
        return Verdict("reference_missing", instrument_id)
    if reference.is_degraded:
        return Verdict("feed_degraded", instrument_id)
    age_ns = state.stream_time_ns - reference.seen_ns
    if limits.reference_max_age_ns is not None and age_ns > limits.reference_max_age_ns:
        return Verdict("reference_stale", f"{age_ns} ns above {limits.reference_max_age_ns} ns")
    price = price_of(reference)
    if price is None or not price.is_finite() or price <= ZERO:
        return Verdict("reference_missing", instrument_id)
    return price
