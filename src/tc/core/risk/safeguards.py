"""Safeguards: the kill switch and what Risk counts: executions, a day's messages, and orders that could be duplicates."""

from bisect import insort
from decimal import Decimal

from msgspec.structs import replace

from tc.core.candidate import Candidate
from tc.core.events import KillMode, Kind
from tc.core.gate import GateConfiguration, RiskLimits, Session
from tc.core.risk.verdict import Verdict
from tc.core.state.exact import normalize
from tc.core.state.model import Safeguards

DAY_NS = 86_400_000_000_000


def lets_through(mode: KillMode, kind: Kind, *, reduces: bool, is_flatten: bool) -> bool:
    """Say whether the kill switch lets a command through: the truth table of its modes.

    ``reduces``: it can only shrink the position. ``is_flatten``: it is one of the flatten's own.
    """
    if mode == "none":
        return True
    if mode == "halt_all":
        return False
    if kind == "CANCEL":
        return True
    if mode == "reduce":
        return reduces
    return mode == "flatten" and is_flatten


def admitted(safeguards: Safeguards, candidate: Candidate, now_ns: int, gate: GateConfiguration) -> Safeguards:
    """Count a command that was allowed: in its day's messages, and a NEW among the orders that it may be repeated of."""
    day = now_ns // DAY_NS
    return Safeguards(
        safeguards.kill_switch,
        safeguards.kill_switch_ns,
        safeguards.throttled,
        safeguards.executions,
        day,
        safeguards.messages + 1 if day == safeguards.message_day else 1,
        _with_recent(safeguards.recent_orders, candidate, now_ns, gate.limits.duplicate_window_ns),
    )


def executed(safeguards: Safeguards, strategy_id: str, now_ns: int, gate: GateConfiguration) -> Safeguards:
    """Count an order's first fill; with too many in the window the strategy is off until a person resets it."""
    throttle = gate.limits.throttle
    if throttle is None or strategy_id in safeguards.throttled:
        return safeguards
    past = safeguards.executions.get(strategy_id, ())
    # Adding tuples copies the stamps, of which there may be many, once; unpacking would copy them twice.
    times = past[max(0, len(past) + 1 - throttle.executions) :] + (now_ns,)  # noqa: RUF005
    throttled = safeguards.throttled
    if len(times) == throttle.executions and now_ns - times[0] < throttle.window_ns:
        off = list(throttled)
        insort(off, strategy_id)
        throttled = tuple(off)
    return replace(safeguards, throttled=throttled, executions={**safeguards.executions, strategy_id: times})


def counts_deny(safeguards: Safeguards, candidate: Candidate, now_ns: int, limits: RiskLimits) -> Verdict | None:
    """Deny for a throttle, the time of day, the day's messages, or an equal order within the window."""
    if limits.throttle is not None and candidate.strategy_id in safeguards.throttled:
        return Verdict("execution_throttle", candidate.strategy_id)
    denied = time_denies(safeguards, now_ns, limits)
    if denied is not None:
        return denied
    window_ns = limits.duplicate_window_ns
    recent = safeguards.recent_orders
    # The text of an order's terms costs more than all else here: it is made only where some order is recent enough.
    if window_ns is not None and candidate.kind == "NEW" and recent and now_ns - max(recent.values()) < window_ns:
        at_ns = recent.get(_terms(candidate))
        if at_ns is not None and now_ns - at_ns < window_ns:
            return Verdict("duplicate_order", f"after {now_ns - at_ns} ns, within {window_ns} ns")
    return None


def time_denies(safeguards: Safeguards, now_ns: int, limits: RiskLimits) -> Verdict | None:
    """Deny whatever is asked for now, for the time of day or the day's messages."""
    if limits.session is not None and not _is_within(limits.session, now_ns % DAY_NS):
        return Verdict("outside_session")
    most = limits.max_daily_messages
    if most is not None and safeguards.message_day == now_ns // DAY_NS and safeguards.messages >= most:
        return Verdict("max_daily_messages", f"{safeguards.messages + 1} above {most}")
    return None


def _is_within(session: Session, time_ns: int) -> bool:
    start_ns, end_ns = session.start_ns, session.end_ns
    if start_ns > end_ns:
        return time_ns >= start_ns or time_ns < end_ns
    return start_ns <= time_ns < end_ns


def _with_recent(recent: dict[str, int], candidate: Candidate, now_ns: int, window_ns: int | None) -> dict[str, int]:
    """Return the recent orders with the candidate as the latest, and without those that have left the window."""
    if window_ns is None or candidate.kind != "NEW":
        return recent
    # All are looked at, whatever order they stand in: a State that was kept and is read again has them in another.
    kept = {terms: at_ns for terms, at_ns in recent.items() if now_ns - at_ns < window_ns}
    kept[_terms(candidate)] = now_ns
    return kept


def _terms(candidate: Candidate) -> str:
    """Return an order's terms as one text; equal figures are equal text, however many zeros they end in."""
    return (
        f"{candidate.strategy_id} {candidate.instrument_id} {candidate.side} {candidate.order_type} {candidate.reduce_only} "
        f"{normalize(candidate.total)!s} {_text(candidate.price)} {_text(candidate.trigger_price)}"
    )


def _text(price: Decimal | None) -> str:
    return "" if price is None else str(normalize(price))
