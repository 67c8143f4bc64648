"""Faults of what the venue does with requests, orders and the account, as the fault port asks for them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tc.venue import execution_documents as documents
from tc.venue.clock import SECOND_NS
from tc.venue.matching import Refused, SymbolRules
from tc.venue.venue import Venue


def auth_expired(venue: Venue, asked: documents.Lasted) -> None:
    """Take the account's key for one that is valid no more."""
    venue.faults.lasting.has_expired_key = asked.on


def query_error(venue: Venue, asked: documents.Lasted) -> None:
    """Fail to answer what is asked about the account; what is to be done is done."""
    venue.faults.lasting.fails_queries = asked.on


def maintenance(venue: Venue, asked: documents.Lasted) -> None:
    """Close the venue: who is connected is cut off, and nobody is let in."""
    venue.faults.lasting.is_in_maintenance = asked.on
    for listener in tuple(venue.hub.listeners) if asked.on else ():
        listener.abort()
        venue.faults.bite("maintenance")


def ban(venue: Venue, asked: documents.Banned) -> None:
    """Ban the address for a time."""
    venue.faults.lasting.banned_until_ns = venue.now_ns() + asked.seconds * SECOND_NS if asked.seconds else 0


def use_weight(venue: Venue, asked: documents.UsedWeight) -> None:
    """Let somebody else at the same address use the minute's weight."""
    venue.limits.share(asked.amount)


def fill_order(venue: Venue, asked: documents.Filled) -> None:
    """Fill a resting order at its own price, as if the market had traded through it.

    Raises
    ------
    Refused
        No such order rests.

    """
    for order in venue.exchange.open_orders():
        if asked.client_order_id in {None, order.client_order_id} and asked.side in {None, order.side}:
            quantity = _part(order.remaining, Decimal(asked.fraction), venue.exchange.rules(order.symbol))
            facts = venue.exchange.fill_resting(order.symbol, order_id=order.order_id, quantity=quantity, now_ns=venue.now_ns())
            venue.finish(facts, None)
            venue.settle()
            venue.faults.bite("fill_order")
            return
    raise Refused(-2013, "Order does not exist.")


def fill_before_cancel(venue: Venue, asked: documents.Raced) -> None:
    """Let the next cancels find their orders filled."""
    venue.faults.lasting.lost_races = asked.count


def funding(venue: Venue, asked: documents.Funded) -> None:
    """Book a funding fee."""
    symbol = asked.symbol or next(iter(venue.rules))
    venue.finish(venue.exchange.book_funding(symbol, Decimal(asked.amount), venue.now_ns()), None)
    venue.settle()
    venue.faults.bite("funding")


def _part(quantity: Decimal, fraction: Decimal, rules: SymbolRules) -> Decimal:
    """Return a part in whole steps: one at least, so that something is filled."""
    return max(rules.step_size, quantity * fraction // rules.step_size * rules.step_size)


EXECUTION_FAULTS: Mapping[str, tuple[type[Struct], Callable[[Venue, Any], None]]] = {
    "auth_expired": (documents.Lasted, auth_expired),
    "query_error": (documents.Lasted, query_error),
    "maintenance": (documents.Lasted, maintenance),
    "ban": (documents.Banned, ban),
    "use_weight": (documents.UsedWeight, use_weight),
    "fill_order": (documents.Filled, fill_order),
    "fill_before_cancel": (documents.Raced, fill_before_cancel),
    "funding": (documents.Funded, funding),
}


def lasting(venue: Venue) -> dict[str, object]:
    """Return which of them last now, and how much of each is left."""
    now = venue.faults.lasting
    return {
        "auth_expired": now.has_expired_key,
        "query_error": now.fails_queries,
        "maintenance": now.is_in_maintenance,
        "banned_s": max(0, now.banned_until_ns - venue.now_ns()) // SECOND_NS,
        "used_weight": venue.limits.used_by_others,
        "fill_before_cancel": now.lost_races,
    }
