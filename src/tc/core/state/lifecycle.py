"""An order's legal moves, the events that leave it as it is, and by that what is an invariant violation.

An engine publishes what a venue says, also where its own order did not follow. So an event that an order cannot follow is

- ``repeated_event``, an anomaly, where it says what the order is already, or was before: submitted, accepted or triggered once
  more, or ended once more in the same way;
- ``late_event``, an anomaly, where the order has ended and the event takes nothing of that back: another end, a trigger, the
  acknowledgement of what was filled meanwhile, new terms, or a command under way;
- ``duplicate_key``, an anomaly, where it creates or denies a second order under an id that was used already;
- a violation otherwise: an order that nobody knows, one that is submitted or accepted after its end, one that is triggered before
  it was accepted, rejected after a fill, given a quantity below what was filled, or filled above its quantity.

An anomaly of these leaves the order, its exposure and the queue as they were. Fills have rules of their own: a late one counts.
"""

from typing import get_args

from tc.core.state.model import AnomalyCode, OrderStatus

LEGAL_MOVES: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        ("SUBMITTED", "ACCEPTED"),
        ("SUBMITTED", "REJECTED"),
        ("SUBMITTED", "PARTIALLY_FILLED"),
        ("SUBMITTED", "FILLED"),
        ("SUBMITTED", "CANCELED"),
        ("SUBMITTED", "EXPIRED"),
        ("ACCEPTED", "TRIGGERED"),
        ("ACCEPTED", "PARTIALLY_FILLED"),
        ("ACCEPTED", "FILLED"),
        ("ACCEPTED", "CANCELED"),
        ("ACCEPTED", "REJECTED"),
        ("ACCEPTED", "EXPIRED"),
        ("TRIGGERED", "PARTIALLY_FILLED"),
        ("TRIGGERED", "FILLED"),
        ("TRIGGERED", "CANCELED"),
        ("TRIGGERED", "REJECTED"),
        ("TRIGGERED", "EXPIRED"),
        ("PARTIALLY_FILLED", "PARTIALLY_FILLED"),
        ("PARTIALLY_FILLED", "FILLED"),
        ("PARTIALLY_FILLED", "CANCELED"),
        ("PARTIALLY_FILLED", "EXPIRED"),
    }
)
"""Every move that an order may make once it was submitted."""

MOVES_FROM: dict[OrderStatus, frozenset[OrderStatus]] = {
    start: frozenset(to for other, to in LEGAL_MOVES if other == start) for start in get_args(OrderStatus)
}
"""The same by where they start: half the time of looking a pair up."""

_LATE_FOR: dict[OrderStatus, frozenset[OrderStatus]] = {
    "FILLED": frozenset({"ACCEPTED", "TRIGGERED", "CANCELED", "REJECTED", "EXPIRED"}),
    "CANCELED": frozenset({"TRIGGERED", "REJECTED", "EXPIRED"}),
    "REJECTED": frozenset({"TRIGGERED", "CANCELED", "EXPIRED"}),
    "EXPIRED": frozenset({"TRIGGERED", "CANCELED", "REJECTED"}),
}
_REPEATED_FOR: dict[OrderStatus, frozenset[OrderStatus]] = {
    "SUBMITTED": frozenset({"SUBMITTED"}),
    "ACCEPTED": frozenset({"SUBMITTED", "ACCEPTED"}),
    "TRIGGERED": frozenset({"SUBMITTED", "ACCEPTED", "TRIGGERED"}),
    "PARTIALLY_FILLED": frozenset({"SUBMITTED", "ACCEPTED", "TRIGGERED"}),
    "CANCELED": frozenset({"CANCELED"}),
    "REJECTED": frozenset({"REJECTED"}),
    "EXPIRED": frozenset({"EXPIRED"}),
}


def _as(
    code: AnomalyCode, table: dict[OrderStatus, frozenset[OrderStatus]]
) -> dict[tuple[OrderStatus, OrderStatus], AnomalyCode]:
    return {(status, to): code for status, events in table.items() for to in events}


UNMOVED = _as("repeated_event", _REPEATED_FOR) | _as("late_event", _LATE_FOR)
"""What an event is that would move an order from a status to another and leaves it as it is; any other is a violation."""
