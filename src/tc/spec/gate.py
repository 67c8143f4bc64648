"""From the blocks of a RunSpec to the GateConfiguration of the Core: names resolved, seconds in nanoseconds, decimals exact."""

from decimal import Decimal
from typing import Literal, cast

from msgspec import UnsetType

from tc.core.gate import GateConfiguration, InstrumentTerms, RateLimit, RiskLimits, Session, Throttle, Timing
from tc.core.state.exact import remainder, subtract
from tc.errors import DocumentError
from tc.spec.gate_spec import CommandKind, RateSpec, RiskSpec, SessionSpec, ThrottleSpec, TimingSpec
from tc.spec.grammar import seconds_ns, time_of_day_ns
from tc.spec.instrument import InstrumentSpec
from tc.spec.profile import written_out
from tc.spec.run_spec import RunSpec


def gate_configuration(spec: RunSpec, instrument: InstrumentSpec, *, mode: Literal["on", "observe"]) -> GateConfiguration:
    """Return how the gate judges and sends; raises DocumentError when the RunSpec states no limits, or not all of them."""
    if spec.risk is None:
        raise DocumentError(f"{spec.name}: gate: value {mode!r}: it needs limits to judge by; write a risk block")
    return GateConfiguration(
        mode=mode,
        limits=_limits(written_out(spec.risk)),
        rate=_rate(spec.execution.rate),
        timing=_timing(spec.timing),
        kind_priority=cast("tuple[CommandKind, CommandKind, CommandKind]", spec.execution.priority),
        instruments={instrument.id: _terms(instrument)},
    )


def _terms(instrument: InstrumentSpec) -> InstrumentTerms:
    return InstrumentTerms(Decimal(instrument.multiplier), instrument.is_inverse, _largest_quantity(instrument))


def _largest_quantity(instrument: InstrumentSpec) -> Decimal | None:
    """Return the largest quantity of one order that is whole steps: the venue takes no other."""
    if instrument.max_quantity is None:
        return None
    most, step = Decimal(instrument.max_quantity), Decimal(instrument.size_increment)
    return subtract(most, remainder(most, step)) or None


def _limits(risk: RiskSpec) -> RiskLimits:
    return RiskLimits(
        max_order_quantity=_decimal(risk.max_order_quantity),
        max_order_notional=_decimal(risk.max_order_notional),
        max_position=_decimal(risk.max_position),
        max_gross_exposure=_decimal(risk.max_gross_exposure),
        price_collar=_decimal(risk.price_collar),
        reference_max_age_ns=_nanoseconds(risk.reference_max_age_s),
        duplicate_window_ns=_nanoseconds(risk.duplicate_window_s),
        throttle=_throttle(risk.throttle),
        max_daily_messages=risk.max_daily_messages or None,
        session=_session(risk.session),
    )


def _decimal(text: str | UnsetType | None) -> Decimal | None:
    return Decimal(text) if isinstance(text, str) else None


def _nanoseconds(text: str | UnsetType | None) -> int | None:
    return seconds_ns(text) if isinstance(text, str) else None


def _throttle(throttle: ThrottleSpec | UnsetType | None) -> Throttle | None:
    return Throttle(throttle.executions, seconds_ns(throttle.window_s)) if isinstance(throttle, ThrottleSpec) else None


def _session(session: SessionSpec | UnsetType | None) -> Session | None:
    if not isinstance(session, SessionSpec):
        return None
    return Session(time_of_day_ns(session.start), time_of_day_ns(session.end))


def _rate(rate: RateSpec | None) -> RateLimit | None:
    return None if rate is None else RateLimit(rate.messages, seconds_ns(rate.period_s), rate.burst)


def _timing(timing: TimingSpec) -> Timing:
    return Timing(
        acknowledgement_timeout_ns=_nanoseconds(timing.acknowledgement_timeout_s),
        stale_feed_ns=_nanoseconds(timing.stale_feed_s),
        heartbeat_ns=_nanoseconds(timing.heartbeat_s),
        kill_switch_review_ns=_nanoseconds(timing.kill_switch_review_s),
    )
