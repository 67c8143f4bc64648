"""What the fault port does for each of its requests: a document in, a document out; no sockets."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from tc.venue import fault_documents as documents
from tc.venue.clock import MILLISECOND_NS
from tc.venue.execution_faults import EXECUTION_FAULTS, lasting
from tc.venue.faults import Armed, Faults, Updates
from tc.venue.feed_port import FEED_FAULTS, let_go
from tc.venue.matching import NewOrder, OrderType, TimeInForce
from tc.venue.venue import Venue

REQUEST_FAULTS: Mapping[str, tuple[int, str]] = {
    "reject_orders": (-2010, "New order rejected."),
    "too_many_requests": (-1003, ""),
    "unavailable_before": (-1016, "Service Unavailable."),
    "unavailable_after": (-1000, "Unknown error, please check your request or try again later."),
    "hang": (0, ""),
}
"""Code and message where the request for the fault names none."""


def freeze_market_data(venue: Venue, asked: documents.Frozen) -> None:
    """Hold the market data up, or let it go on."""
    venue.faults.is_frozen = asked.on
    venue.faults.stops_market = asked.on and asked.what == "market"


def drop_user_updates(venue: Venue, asked: documents.Counted) -> None:
    """Drop the next updates of the user data stream."""
    venue.faults.dropped = Updates(asked.count, frozenset(asked.kinds), is_of_fills=asked.fills)


def duplicate_user_updates(venue: Venue, asked: documents.Counted) -> None:
    """Send the next updates of the user data stream twice."""
    venue.faults.duplicated = Updates(asked.count, frozenset(asked.kinds), is_of_fills=asked.fills)


def refuse_websockets(venue: Venue, asked: documents.Switched) -> None:
    """Answer new WebSockets with 503."""
    venue.faults.refuses_websockets = asked.on


def abort_websockets(venue: Venue, asked: documents.Aborted) -> None:
    """End WebSockets without a word."""
    for listener in tuple(venue.hub.listeners):
        if asked.which == "all" or (asked.which == "user") == listener.is_user:
            listener.abort()
            venue.faults.bite("abort_websockets")


def expire_listen_key(venue: Venue, _asked: documents.Switched) -> None:
    """Let the key of the user data stream expire now."""
    expired = venue.listen_keys.close()
    if expired is not None:
        venue.tell_expired(expired)
        venue.faults.bite("expire_listen_key")


def order_appears(venue: Venue, asked: documents.Appearing) -> None:
    """Place an order that came from elsewhere: a limit order with a price, else a market order."""
    order = NewOrder(
        client_order_id=asked.client_order_id,
        symbol=asked.symbol,
        side=asked.side,
        type=OrderType.MARKET if asked.price is None else OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(asked.quantity),
        price=None if asked.price is None else Decimal(asked.price),
    )
    facts = venue.exchange.submit(order, venue.now_ns())
    venue.finish(() if asked.silent else facts, None)
    venue.settle()
    venue.faults.bite("order_appears")


def order_vanishes(venue: Venue, asked: documents.Vanishing) -> None:
    """Take an open order away, or cancel it."""
    order_id = asked.order_id
    if order_id is None and asked.client_order_id is None:
        order_id = next((order.order_id for order in venue.exchange.open_orders(asked.symbol)), None)
    order = venue.exchange.order(asked.symbol, order_id=order_id, client_order_id=asked.client_order_id)
    if asked.silent:
        venue.exchange.lose_order(asked.symbol, order.order_id)
    else:
        venue.finish(venue.exchange.cancel(asked.symbol, order_id=order.order_id, now_ns=venue.now_ns()), None)
    venue.settle()
    venue.faults.bite("order_vanishes")


def position_changed(venue: Venue, asked: documents.Shifted) -> None:
    """Change a position."""
    venue.exchange.shift_position(asked.symbol, Decimal(asked.by), venue.now_ns())
    venue.settle()
    venue.faults.bite("position_changed")


def clock_skew(venue: Venue, asked: documents.Skewed) -> None:
    """Set the venue's clock off."""
    venue.faults.skew_ns = asked.ms * MILLISECOND_NS


def reset(venue: Venue, _asked: documents.Switched) -> None:
    """Take every fault back that is still there; what was counted stays."""
    venue.limits.share(0)
    let_go(venue)
    venue.faults = Faults(counters=venue.faults.counters)


type _Doing = tuple[type[Struct], Callable[[Venue, Any], None]]

_HERE: Mapping[str, _Doing] = {
    does.__name__: (asked, does)
    for asked, does in (
        (documents.Frozen, freeze_market_data),
        (documents.Counted, drop_user_updates),
        (documents.Counted, duplicate_user_updates),
        (documents.Switched, refuse_websockets),
        (documents.Aborted, abort_websockets),
        (documents.Switched, expire_listen_key),
        (documents.Appearing, order_appears),
        (documents.Vanishing, order_vanishes),
        (documents.Shifted, position_changed),
        (documents.Skewed, clock_skew),
        (documents.Switched, reset),
    )
}

FAULTS: Mapping[str, _Doing] = {**_HERE, **EXECUTION_FAULTS, **FEED_FAULTS}


def inject(venue: Venue, name: str, body: bytes) -> bool:
    """Inject a fault as its document says; False when there is no fault of this name.

    Raises
    ------
    msgspec.ValidationError
        The document is not one of this fault.
    Refused
        The exchange does not take it.

    """
    if name in REQUEST_FAULTS:
        asked = msgspec.json.decode(body or b"{}", type=documents.OnRequests)
        code, message = REQUEST_FAULTS[name]
        code, message = code if asked.code is None else asked.code, message if asked.message is None else asked.message
        is_first = asked.handled == "before"
        venue.faults.arm(Armed(name, asked.count, asked.requests, code, message, asked.seconds, is_first, asked.retry_after_s))
        return True
    if name not in FAULTS:
        return False
    form, does = FAULTS[name]
    does(venue, msgspec.json.decode(body or b"{}", type=form))
    return True


def describe(venue: Venue) -> dict[str, object]:
    """Return how often each fault has bitten, and what still waits."""
    names = [*REQUEST_FAULTS, *(name for name in FAULTS if name != "reset")]
    waiting = {fault.name: fault.remaining for fault in venue.faults.armed}
    return {
        "counters": {name: venue.faults.counters[name] for name in names},
        "waiting": waiting
        | {"drop_user_updates": venue.faults.dropped.remaining, "duplicate_user_updates": venue.faults.duplicated.remaining}
        | venue.faults.feed.waiting(),
        "lasting": lasting(venue),
        "feed": venue.faults.feed.lasting(),
        "frozen": venue.faults.is_frozen,
        "refuses_websockets": venue.faults.refuses_websockets,
        "clock_skew_ms": venue.faults.skew_ns // MILLISECOND_NS,
        "listeners": len(venue.hub.listeners),
        "user_listeners": sum(listener.is_user for listener in venue.hub.listeners),
        "listeners_cut_off": venue.hub.cut_off,
        "messages_sent": venue.hub.messages_sent,
    }
