"""Decisions: what one step allowed, denied, merged, held and sent, and by which rule; derived, never part of the stream."""

from decimal import Decimal
from typing import Literal

import msgspec

from tc.core.events.control import ControlReason
from tc.core.events.requests import Kind

Reason = Literal[
    # denials
    "kill_switch_reduce",
    "kill_switch_halt",
    "kill_switch_halt_all",
    "kill_switch_flatten",
    "reduce_only_would_open",
    "reduce_only_would_flip",
    "max_order_quantity",
    "max_order_notional",
    "max_position",
    "max_gross_exposure",
    "price_collar",
    "reference_missing",
    "reference_stale",
    "feed_degraded",
    "duplicate_key",
    "reserved_key",
    "duplicate_order",
    "execution_throttle",
    "max_daily_messages",
    "outside_session",
    "unknown_order",
    "unknown_instrument",
    "unsupported_under_gate",
    "invalid_terms",
    "limit_missing",
    "group_too_large",
    "group_member_denied",
    "risk_error",
    # dominance, validity, holding
    "same_kind_latest_wins",
    "cancel_beats",
    "weaker_newcomer",
    "replace_of_unsent",
    "cancel_of_unsent",
    "order_gone",
    "kill_switch",
    "in_flight",
    "rate_capacity",
    "group_waits",
    "queue_failure",
    "run_ended",
    "not_flat",
]
"""Why a decision is what it is; a closed list."""

RULES: dict[str, str] = {
    "kill_switch_reduce": "R42",
    "kill_switch_halt": "R42",
    "kill_switch_halt_all": "R42",
    "kill_switch_flatten": "R42",
    "reserved_key": "R42",
    "max_position": "R41",
    "max_gross_exposure": "R41",
    "limit_missing": "R39",
    "risk_error": "R39",
    "reference_missing": "R39",
    "reference_stale": "R39",
    "feed_degraded": "R86",
    "same_kind_latest_wins": "R47",
    "cancel_beats": "R47",
    "weaker_newcomer": "R47",
    "replace_of_unsent": "R48",
    "cancel_of_unsent": "R49",
    "order_gone": "R52",
    "kill_switch": "R43",
    "in_flight": "R46",
    "rate_capacity": "R53",
    "group_waits": "R53",
    "queue_failure": "R56",
    "run_ended": "R83",
    "not_flat": "R42",
}
"""The rule of the Core that a reason follows from; a denial by any other reason is R37's and R39's."""

Result = Literal[
    "allowed",  # by Risk: it enters the queue
    "denied",  # by Risk: it ends
    "merged",  # into what was pending under its key, which goes on with the new terms
    "superseded",  # what was pending ends, a newer or stronger command took its place; or a weaker newcomer ended
    "annihilated",  # a NEW that was never sent and its CANCEL, together
    "held",  # it waits, and for what
    "sent",  # selected for dispatch in this step
    "invalid",  # it ends unsent: its order is gone, or the kill switch does not let it through
    "would_deny",  # observed only: what the gate would have done
    "would_hold",
    "would_send",
]


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a step decided about one command.

    Parameters
    ----------
    key, kind
        The order key, and what was asked.
    result
        What became of it in this step.
    reason, rule
        Why, from the closed list, and the Core's rule; empty for what needs no reason.
    detail
        The figures behind it, for people.
    until_ns
        When what is held by the rate may go, in nanoseconds since the epoch; 0 when that is not a question of time.
    quantity, price, trigger_price
        The terms that are sent or merged: None where they are not changed.

    """

    key: str
    kind: Kind
    result: Result
    reason: Reason | Literal[""] = ""
    rule: str = ""
    detail: str = ""
    until_ns: int = 0
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class Obligation(msgspec.Struct, frozen=True, order=True, gc=False):
    """A Control Scheduling Obligation: a deadline that State implies, why, and what it is about. It is not an Event."""

    deadline_ns: int
    reason: ControlReason
    scope: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the step at ``position`` decided; ``obligation`` is the earliest deadline that State implies after it.

    ``unrealised`` lists, at the end of a run, the deadlines that lie behind it.
    """

    position: int
    at_ns: int
    outcomes: tuple[Outcome, ...] = ()
    obligation: Obligation | None = None
    unrealised: tuple[Obligation, ...] = ()


def outcome(
    key: str,
    kind: Kind,
    result: Result,
    reason: Reason | Literal[""] = "",
    *,
    detail: str = "",
    until_ns: int = 0,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    trigger_price: Decimal | None = None,
) -> Outcome:
    """Return an Outcome with the rule that its reason follows from."""
    rule = RULES.get(reason, "R37") if reason else ""
    return Outcome(key, kind, result, reason, rule, detail, until_ns, quantity, price, trigger_price)
