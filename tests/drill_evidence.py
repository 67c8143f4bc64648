"""What a run and its venue leave, made of a legal stream, and how somebody doctors its journal."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from streams import START_NS, Venue
from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.venue_log import VenueLog, VenueOrder, VenueTrade
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    SnapshotTaken,
    span,
)

POSITIONS = "BTCUSDT"


def evidence_of(stream: Venue, **changed: object) -> Evidence:
    """Return a stream as the journal of a run, beside the log of a venue that did just that."""
    entries = numbered([_with_numbers(entry.event) for entry in stream.entries])
    return Evidence(
        **{"entries": entries, "damage": "", "configuration": stream.configuration, "venue": log_of(entries)} | changed
    )


def log_of(entries: Sequence[EventStreamEntry]) -> VenueLog:
    """Return what a venue has kept of a journal's orders and fills."""
    events = [entry.event for entry in entries]
    keys = dict.fromkeys(
        event.client_order_id for event in events if isinstance(event, OrderSubmitted | OrderAccepted | OrderFilled)
    )
    fills = [event for event in events if isinstance(event, OrderFilled)]
    trades = tuple(
        VenueTrade(
            trade_id=int(fill.trade_id),
            order_id=int(fill.venue_order_id),
            client_order_id=fill.client_order_id,
            symbol=POSITIONS,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            time_ns=fill.event_ns,
        )
        for fill in fills
    )
    sides = {event.client_order_id: event.side for event in events if isinstance(event, OrderInitialized | OrderFilled)}
    orders = tuple(venue_order(key, side=sides.get(key, "BUY")) for key in keys)
    net = sum((fill.quantity if fill.side == "BUY" else -fill.quantity for fill in fills), Decimal(0))
    return VenueLog(requests=(), orders=orders, trades=trades, positions={POSITIONS: net})


def venue_order(key: str, **changed: Any) -> VenueOrder:
    """Return an order to buy as a venue keeps it, accepted when all streams begin."""
    order_id = changed.pop("order_id", None) or number(key)
    plain = {"side": "BUY", "status": "NEW", "quantity": Decimal(1), "filled": Decimal(0), "accepted_ns": START_NS, "changes": 0}
    return VenueOrder(**{"client_order_id": key, "order_id": order_id, "symbol": POSITIONS, **plain, **changed})


def numbered(events: Sequence[Event]) -> list[EventStreamEntry]:
    """Return events as entries without a gap: as somebody writes them who knows the rules."""
    entries = []
    position = 1
    for event in events:
        entries.append(EventStreamEntry(ProcessingPosition(position), event))
        position += span(event)
    return entries


def fills_at(entries: Sequence[EventStreamEntry]) -> list[int]:
    """Return where the fills stand."""
    return [index for index, entry in enumerate(entries) if isinstance(entry.event, OrderFilled)]


def number(key: str) -> int:
    """Return the venue's number of an order."""
    return int(key.removeprefix("O-").removeprefix("E-")) + 1_000


def _with_numbers(event: Event) -> Event:
    """Return an event with the venue's ids as numbers, as a venue gives them."""
    match event:
        case OrderFilled():
            order, _, part = event.trade_id.removeprefix("T-").rpartition("-")
            trade_id = str(number(order) * 1_000 + int(part))
            return replace(event, venue_order_id=str(number(event.client_order_id)), trade_id=trade_id)
        case OrderAccepted() | OrderCanceled() | OrderExpired():
            return replace(event, venue_order_id=str(number(event.client_order_id)))
        case SnapshotTaken():
            orders = tuple(replace(each, venue_order_id=str(number(each.terms.client_order_id))) for each in event.orders)
            return replace(event, orders=orders)
        case _:
            return event
