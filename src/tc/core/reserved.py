"""What is the flatten's alone: how the keys of its orders begin, and the strategy whose they are."""

from tc.core.events import OrderInitialized

FLATTEN_PREFIX = "FLATTEN-"
"""How the keys of the flatten's own orders begin; a new order of anybody else's with such a key is denied."""

FLATTEN_STRATEGY = "FLATTEN"
"""Whose the flatten's own orders are. No strategy can have the name: NautilusTrader's have a hyphen in theirs, and the name of
a Core-native one is checked."""


def is_flattens(terms: OrderInitialized) -> bool:
    """Say whether an order is one of the flatten's own, by whose it is; its key alone says nothing."""
    return terms.strategy_id == FLATTEN_STRATEGY and terms.client_order_id.startswith(FLATTEN_PREFIX)
