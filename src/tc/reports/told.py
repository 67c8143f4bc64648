"""Events in plain English."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tc.core.events import (
    CancelRequested,
    ControlTimeReached,
    DispatchFailed,
    Event,
    FeedDegraded,
    KillSwitchAdvanced,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    RunResumed,
    SnapshotTaken,
    SubmitRequested,
    TapeBlockWritten,
    TapeStopped,
)
from tc.core.reserved import is_flattens
from tc.reports.asked import FLATTEN, STRATEGY
from tc.reports.page.reasons import OBLIGATIONS
from tc.reports.page.words import count, utc, written
from tc.reports.venue_reason import venue_reason

_NS = 1_000_000_000


def text_of(event: Event, *, by: str = STRATEGY) -> str:
    """Return what an event says, in one sentence; one that is rarely asked for with its fields. ``by`` is who asked for it."""
    tell = _TEXTS.get(type(event))
    if tell is not None:
        return tell(event)
    request = _REQUESTS.get(type(event))
    if request is not None:
        return f"{by} asked to {request(event)}"
    fields = msgspec.to_builtins(event)
    kind = fields.pop("type")
    return f"{kind} " + ", ".join(f"{name} {value}" for name, value in fields.items() if name not in {"at_ns", "event_ns"})


def market_text(observed: MarketObserved) -> str:
    """Return what an observation says of the market."""
    parts = [
        f"{name} {written(price)}" + ("" if quantity is None else f" for {written(quantity)}")
        for name, price, quantity in (
            ("bid", observed.bid, observed.bid_quantity),
            ("ask", observed.ask, observed.ask_quantity),
            ("last", observed.last, observed.last_quantity),
        )
        if price is not None
    ]
    return f"{observed.instrument_id} " + (", ".join(parts) or "without any price")


def age(length_ns: int) -> str:
    """Return a length of time in seconds, as fine as it is."""
    whole, nanos = divmod(max(length_ns, 0), _NS)
    return f"{whole:,}" + (f".{nanos:09d}".rstrip("0") if nanos else "") + " s"


def _terms(quantity: Decimal | None, price: Decimal | None, trigger_price: Decimal | None) -> str:
    named = (("quantity", quantity), ("price", price), ("trigger price", trigger_price))
    return ", ".join(f"{name} {written(value)}" for name, value in named if value is not None) or "nothing"


def _created(event: OrderInitialized) -> str:
    price = "" if event.price is None else f" at {written(event.price)}"
    trigger = "" if event.trigger_price is None else f", triggered at {written(event.trigger_price)}"
    flags = "".join(
        f", {name}" for name, is_set in (("post-only", event.post_only), ("reduce-only", event.reduce_only)) if is_set
    )
    second = "a second order under the id " if event.is_duplicate else ""
    by = FLATTEN if is_flattens(event) else event.strategy_id
    return (
        f"{by} created {second}{event.client_order_id}: "
        f"{event.side} {written(event.quantity)} {event.instrument_id}, "
        f"{event.order_type}{price}{trigger}, {event.time_in_force}{flags}"
    )


def _filled(event: OrderFilled) -> str:
    guessed = "" if event.source == "canonical" else "; guessed from a difference of snapshots"
    return (
        f"{event.client_order_id}: {event.side} {written(event.quantity)} filled at {written(event.price)} "
        f"as {event.liquidity.lower()}, commission {written(event.commission)} {event.commission_currency}{guessed}"
    )


def _control_time(event: ControlTimeReached) -> str:
    scope = f" ({event.scope})" if event.scope else ""
    return f"the deadline {utc(event.deadline_ns)} UTC was reached: {OBLIGATIONS[event.reason]}{scope} [{event.reason}]"


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(keys)


_SECOND = {False: "", True: "the second order under the id "}
_REQUESTS: Mapping[type, Callable[[Any], str]] = {
    SubmitRequested: lambda e: f"submit {_keys(e.client_order_ids)}" + (" as one group" if len(e.client_order_ids) > 1 else ""),
    ModifyRequested: lambda e: f"change {e.client_order_id}: {_terms(e.quantity, e.price, e.trigger_price)}",
    CancelRequested: lambda e: f"cancel {_keys(e.client_order_ids)}",
}
_TEXTS: Mapping[type, Callable[[Any], str]] = {
    OrderInitialized: _created,
    DispatchFailed: lambda e: f"{e.client_order_id}: the {e.kind} was dispatched and never left: {e.reason}",
    OrderDenied: lambda e: f"{_SECOND[e.is_duplicate]}{e.client_order_id} was denied before it was sent: {e.reason}",
    OrderEmulated: lambda e: f"{e.client_order_id} is held by the engine's emulator",
    OrderReleased: lambda e: f"{e.client_order_id} was released by the engine's emulator at {written(e.released_price)}",
    OrderSubmitted: lambda e: f"{e.client_order_id} was submitted to the venue",
    OrderAccepted: lambda e: f"the venue accepted {e.client_order_id} as {e.venue_order_id}",
    OrderRejected: lambda e: f"the venue rejected {e.client_order_id}: {venue_reason(e.reason)}",
    OrderCanceled: lambda e: f"{e.client_order_id} was cancelled",
    OrderExpired: lambda e: f"{e.client_order_id} expired",
    OrderTriggered: lambda e: f"the trigger of {e.client_order_id} fired",
    OrderPendingUpdate: lambda e: f"a change of {e.client_order_id} is on its way to the venue",
    OrderPendingCancel: lambda e: f"a cancel of {e.client_order_id} is on its way to the venue",
    OrderModifyRejected: lambda e: f"the change of {e.client_order_id} was rejected: {venue_reason(e.reason)}",
    OrderCancelRejected: lambda e: f"the cancel of {e.client_order_id} was rejected: {venue_reason(e.reason)}",
    OrderUpdated: lambda e: f"{e.client_order_id} now has {_terms(e.quantity, e.price, e.trigger_price)}",
    OrderFilled: _filled,
    MarketObserved: lambda e: f"the market was looked at: {market_text(e)}",
    RunResumed: lambda e: f"the run went on as its part {e.segment}: {e.reason}",
    MarketDataRows: lambda e: f"rows {e.first_row:,} to {e.last_row:,} of the market data were played",
    FeedDegraded: lambda e: f"the market data of {e.instrument_id} is in doubt: {e.reason}",
    KillSwitchAdvanced: lambda e: f"the kill came to {e.step}" + (f": {e.detail}" if e.detail else ""),
    TapeBlockWritten: lambda e: f"block {e.block:,} of the tape was written: rows {e.first_row:,} to {e.last_row:,}",
    TapeStopped: lambda e: f"the tape stopped before row {e.next_row:,}: {e.reason}" + (f" ({e.detail})" if e.detail else ""),
    KillSwitchChanged: lambda e: f"{e.by} set the kill switch to {e.mode}: {e.reason}",
    ControlTimeReached: _control_time,
    SnapshotTaken: lambda e: (
        f"a snapshot of {e.source} was taken: kill switch {e.kill_switch}, {count(len(e.orders), 'open order')}, "
        f"{count(len(e.positions), 'position')}"
    ),
}
