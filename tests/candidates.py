"""What Risk is given, by hand: a State with a position and a market, commands, and limits; everything has a harmless default."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tc.core.candidate import Candidate
from tc.core.gate import GateConfiguration, InstrumentTerms, RiskLimits, Timing
from tc.core.state.model import INITIAL, Exposure, Reference, Safeguards, State

INSTRUMENT = "BTCUSDT.X"
OTHER = "ETHUSDT.X"
INVERSE = "XBTUSD.X"
NOW_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

NO_LIMITS = RiskLimits(
    max_order_quantity=None,
    max_order_notional=None,
    max_position=None,
    max_gross_exposure=None,
    price_collar=None,
    reference_max_age_ns=None,
    duplicate_window_ns=None,
    throttle=None,
    max_daily_messages=None,
    session=None,
)


def gate_with(*, instruments: dict[str, InstrumentTerms] | None = None, **limits: Any) -> GateConfiguration:
    """Return a gate with these limits, decimals given as text, and no others."""
    known = {
        INSTRUMENT: InstrumentTerms(Decimal(1), is_inverse=False),
        OTHER: InstrumentTerms(Decimal(10), is_inverse=False),
        INVERSE: InstrumentTerms(Decimal(1), is_inverse=True),
    }
    return GateConfiguration(
        mode="on",
        limits=replace(
            NO_LIMITS, **{name: Decimal(value) if isinstance(value, str) else value for name, value in limits.items()}
        ),
        rate=None,
        timing=Timing(None, None, None, None),
        kind_priority=("CANCEL", "REPLACE", "NEW"),
        instruments=known if instruments is None else instruments,
    )


def exposure_of(
    position: str = "0", buy_open: str = "0", sell_open: str = "0", buy_reserved: str = "0", sell_reserved: str = "0"
) -> Exposure:
    """Return an exposure."""
    return Exposure(*(Decimal(each) for each in (position, buy_open, sell_open, buy_reserved, sell_reserved)))


def reference_of(
    bid: str | None = "99", ask: str | None = "101", last: str | None = None, *, age_ns: int = 0, is_degraded: bool = False
) -> Reference:
    """Return an observation of a market that is so old."""
    prices = [None if each is None else Decimal(each) for each in (bid, ask, last)]
    return Reference(prices[0], None, prices[1], None, prices[2], None, NOW_NS - age_ns, is_degraded)


def state_with(
    exposures: dict[str, Exposure] | Exposure | None = None,
    references: dict[str, Reference] | Reference | None = None,
    *,
    now_ns: int = NOW_NS,
    **safeguards: Any,
) -> State:
    """Return a State; an exposure or a reference alone is the instrument's. By default it is flat and its mid price is 100."""
    if exposures is None or isinstance(exposures, Exposure):
        exposures = {} if exposures is None else {INSTRUMENT: exposures}
    if references is None or isinstance(references, Reference):
        references = {INSTRUMENT: reference_of() if references is None else references}
    kept = replace(Safeguards("none", 0, (), {}, 0, 0, {}), **safeguards)
    return replace(
        INITIAL,
        stream_time_ns=now_ns,
        market=replace(INITIAL.market, references=references),
        execution=replace(INITIAL.execution, exposures=exposures),
        control=replace(INITIAL.control, safeguards=kept),
    )


def new(side: str = "BUY", quantity: str = "1", price: str | None = "100", **terms: Any) -> Candidate:
    """Return a NEW, a market order where there is no price."""
    amount, limit = Decimal(quantity), None if price is None else Decimal(price)
    candidate = Candidate(
        key="O-1",
        kind="NEW",
        strategy_id="S-1",
        instrument_id=INSTRUMENT,
        side=side,
        order_type="MARKET" if price is None else "LIMIT",
        reduce_only=False,
        quantity=amount,
        price=limit,
        trigger_price=None,
        total=amount,
        effective_price=limit,
        wanted=amount,
        counted=Decimal(0),
        is_known=True,
        is_new_key=True,
        group=(),
        is_flatten=False,
    )
    return replace(candidate, **terms)


def replacement(
    quantity: str | None = None, price: str | None = None, *, side: str = "BUY", was: str = "1", **terms: Any
) -> Candidate:
    """Return a REPLACE of an unfilled limit order at 100 for ``was``."""
    total = Decimal(was if quantity is None else quantity)
    candidate = new(side, str(total), "100" if price is None else price)
    stated = {
        "kind": "REPLACE",
        "quantity": None if quantity is None else total,
        "price": None if price is None else Decimal(price),
        "counted": Decimal(was),
        "is_new_key": False,
    }
    return replace(candidate, **(stated | terms))


def cancel(**terms: Any) -> Candidate:
    """Return a CANCEL."""
    return replace(
        new(), **({"kind": "CANCEL", "quantity": None, "price": None, "effective_price": None, "is_new_key": False} | terms)
    )
