"""Results and reasons of decisions in plain English, for people who did not read the Core's rules."""

from collections.abc import Mapping

from tc.core.decision import Obligation, Outcome
from tc.core.gate import GateConfiguration
from tc.reports.page.words import utc, written

RESULTS: Mapping[str, str] = {
    "allowed": "allowed by Risk",
    "denied": "denied by Risk",
    "merged": "merged into the command that waited under its key",
    "superseded": "superseded",
    "annihilated": "annihilated before it was sent",
    "held": "held back",
    "sent": "sent",
    "invalid": "dropped unsent",
    "would_deny": "would have been denied",
    "would_hold": "would have been held back",
    "would_send": "would have been sent at once",
}
"""What each result means."""

REASONS: Mapping[str, str] = {
    "kill_switch_reduce": "the kill switch lets through only what shrinks a position",
    "kill_switch_halt": "the kill switch lets through cancels only",
    "kill_switch_halt_all": "the kill switch lets nothing through",
    "kill_switch_flatten": "the kill switch lets through only the flatten's own orders",
    "reduce_only_would_open": "a reduce-only order would have opened a position",
    "reduce_only_would_flip": "a reduce-only order would have turned the position to its other side",
    "max_order_quantity": "the order's quantity is above the limit",
    "max_order_notional": "the order's value is above the limit",
    "max_position": "the position could have grown beyond its limit, at worst",
    "max_gross_exposure": "the gross exposure could have grown beyond its limit, at worst",
    "price_collar": "the price is too far from the reference price",
    "reference_missing": "there is no reference price to judge by",
    "reference_stale": "the reference price is too old to judge by",
    "feed_degraded": "the market data has a gap, or is no market: the reference price is in doubt",
    "duplicate_key": "the order key was used before",
    "reserved_key": "only the flatten may use such an order key",
    "duplicate_order": "it repeats an order that was admitted a moment before",
    "execution_throttle": "the repeated-execution throttle switched the strategy off",
    "max_daily_messages": "the day's messages are used up",
    "outside_session": "it is outside the trading session",
    "unknown_order": "there is no such order",
    "unknown_instrument": "the instrument is not configured",
    "unsupported_under_gate": "the gate cannot hold such an order exactly",
    "invalid_terms": "the order's terms make no sense",
    "limit_missing": "a limit that it must be judged by is missing",
    "group_too_large": "the group can never be sent at once under the rate limit",
    "group_member_denied": "another order of its group was denied",
    "risk_error": "its risk could not be computed",
    "same_kind_latest_wins": "a newer command of the same kind took its place",
    "cancel_beats": "a cancel took its place",
    "weaker_newcomer": "a stronger command waits under its key already",
    "replace_of_unsent": "the order was not sent yet, and will go with the new terms",
    "cancel_of_unsent": "its cancel came while it waited",
    "order_gone": "its order has ended",
    "kill_switch": "the kill switch was set while it waited",
    "in_flight": "another command of its order was sent and is not answered",
    "rate_capacity": "the rate limit's capacity is used up",
    "group_waits": "its group can only be sent as a whole",
    "queue_failure": "the queue could not be processed: everything stays and nothing is sent",
    "run_ended": "the run ended while it waited",
    "not_flat": "the run ended before the flatten had closed everything",
}
"""What each reason means; a test holds the table to the closed list."""

OBLIGATIONS: Mapping[str, str] = {
    "acknowledgement_timeout": "a command in flight must be answered",
    "stale_feed": "market data must have come",
    "rate_window": "the rate limit lets the next command go",
    "kill_switch_review": "a person must look at the kill switch",
    "heartbeat": "the stream must show that it lives",
}
"""What each deadline is for."""

_COMMANDS: Mapping[str, str] = {"NEW": "the new order", "REPLACE": "the change of", "CANCEL": "the cancel of"}
_WITHOUT_KEY: Mapping[str, str] = {"not_flat": "what the flatten was to close"}


def command_of(outcome: Outcome) -> str:
    """Return the command that an outcome is about, in words."""
    if not outcome.key:
        return _WITHOUT_KEY.get(outcome.reason, "everything that waits")
    return f"{_COMMANDS[outcome.kind]} {outcome.key}"


def why(outcome: Outcome) -> str:
    """Return an outcome's reason with its figures, its word in the closed list and its rule; empty when it needs none."""
    if not outcome.reason:
        return ""
    named = ", ".join(part for part in (outcome.reason, outcome.rule) if part)
    figures = f" ({outcome.detail})" if outcome.detail else ""
    return f"{REASONS.get(outcome.reason, outcome.reason)}{figures} [{named}]"


def outcome_text(outcome: Outcome) -> str:
    """Return what became of a command, in one sentence."""
    until = f" until {utc(outcome.until_ns)} UTC" if outcome.until_ns else ""
    reason = why(outcome)
    terms = ", ".join(
        f"{name} {written(value)}"
        for name, value in (("quantity", outcome.quantity), ("price", outcome.price), ("trigger", outcome.trigger_price))
        if value is not None
    )
    ending = f" with {terms}" if terms else ""
    return f"{command_of(outcome)} was {_passive(outcome)}{until}{ending}" + (f": {reason}" if reason else "")


def obligation_text(obligation: Obligation) -> str:
    """Return a deadline in words."""
    scope = f" ({obligation.scope})" if obligation.scope else ""
    meaning = OBLIGATIONS.get(obligation.reason, obligation.reason)
    return f"{utc(obligation.deadline_ns)} UTC: {meaning}{scope} [{obligation.reason}]"


def mode_of(gate: GateConfiguration | None) -> str:
    """Return the gate's mode as a RunSpec writes it."""
    return "off" if gate is None else gate.mode


def _passive(outcome: Outcome) -> str:
    text = RESULTS.get(outcome.result, outcome.result)
    return text.replace("would have been", "let go, and would have been") if outcome.result.startswith("would_") else text
