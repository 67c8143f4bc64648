"""What a venue has kept of itself, as far as the invariants of a drill ask: requests, orders, trades and positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tc.core.state.exact import negate

ACCEPTED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRequest:
    """A request as the venue judged it; an error code of 0 says that it was accepted, and done.

    One that was done and whose answer was lost on the way (a fault) counts as accepted, with status 200.
    `client_order_id` is empty where the request names no order; of several orders at once it is what was sent.
    """

    time_ns: int
    method: str
    path: str
    client_order_id: str
    status: int
    error_code: int

    @property
    def is_accepted(self) -> bool:
        """Tell whether it was done."""
        return self.error_code == ACCEPTED

    @property
    def is_change(self) -> bool:
        """Tell whether it asks for other terms of an order."""
        return self.method == "PUT" and self.path.lower().endswith("order")


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """An order as it is now at the venue; `status` in the venue's own words (NEW, PARTIALLY_FILLED, FILLED, CANCELED …).

    `accepted_ns` is when the venue took it; `changes` counts how often its terms were changed since.
    """

    client_order_id: str
    order_id: int
    symbol: str
    side: Literal["BUY", "SELL"]
    status: str
    quantity: Decimal
    filled: Decimal
    accepted_ns: int
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """A fill of an order, with the order's ids; the order itself may be lost since."""

    trade_id: int
    order_id: int
    client_order_id: str
    symbol: str
    side: Literal["BUY", "SELL"]
    price: Decimal
    quantity: Decimal
    time_ns: int

    @property
    def signed(self) -> Decimal:
        """By how much it moved the position."""
        return self.quantity if self.side == "BUY" else negate(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLog:
    """Everything, in the order in which it came: requests, orders, trades, and the signed position of each symbol."""

    requests: tuple[VenueRequest, ...]
    orders: tuple[VenueOrder, ...]
    trades: tuple[VenueTrade, ...]
    positions: Mapping[str, Decimal]
