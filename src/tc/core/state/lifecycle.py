"""An order's legal moves."""

from typing import get_args

from tc.core.state.model import OrderStatus

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
"""Every move that an order may make once it was submitted; any other is an invariant violation."""

MOVES_FROM: dict[OrderStatus, frozenset[OrderStatus]] = {
    start: frozenset(to for other, to in LEGAL_MOVES if other == start) for start in get_args(OrderStatus)
}
"""The same by where they start: half the time of looking a pair up."""
