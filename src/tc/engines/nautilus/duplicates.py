"""Second orders under an id that another order has: Nautilus announces and denies them, and keeps the first."""

from typing import Any

from msgspec.structs import replace
from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.model.events import OrderDenied, OrderInitialized

from tc.engines.nautilus.translate import TRANSLATORS

NAMING = frozenset({OrderInitialized, OrderDenied})
"""The events that a second order has; what comes after them can only be of the first."""


def is_duplicate(event: Any, cache: CacheFacade) -> bool:  # noqa: ANN401 - an event of the two
    """Say whether an event that is published now is not one of the order that has its id."""
    order = cache.order(event.client_order_id)
    return order is not None and order.last_event is not event


def marked(event: Any, cache: CacheFacade) -> Any:  # noqa: ANN401 - an event of the two, or ours in its place
    """Return the event, or ours in its place, which says that it is a duplicate's."""
    return replace(TRANSLATORS[type(event)](event), is_duplicate=True) if is_duplicate(event, cache) else event
