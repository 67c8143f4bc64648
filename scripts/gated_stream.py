"""The realistic stream as it is behind a gate: each order is asked for, and what the gate decides by is recorded before it."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from realistic_stream import ACCOUNT, INSTRUMENT, START_NS, STRATEGY, order_life

from tc.core import CoreConfiguration
from tc.core.events import (
    STREAM_SCHEMA,
    CancelRequested,
    Event,
    MarketObserved,
    OrderAccepted,
    OrderInitialized,
    OrderPendingCancel,
    OrderSubmitted,
    RunCompleted,
    RunStarted,
    SubmitRequested,
)

SECOND_NS = 1_000_000_000
ORDER_EVERY_NS = 5 * SECOND_NS
GATE: dict[str, Any] = {
    "mode": "on",
    "limits": {
        "max_order_quantity": "10",
        "max_order_notional": "100000",
        "max_position": "500",
        "max_gross_exposure": "50000000",
        "price_collar": "0.05",
        "reference_max_age_ns": 300 * SECOND_NS,
        "duplicate_window_ns": SECOND_NS // 10,
        "throttle": {"executions": 100, "window_ns": 60 * SECOND_NS},
        "max_daily_messages": 50_000,
        "session": {"start_ns": 0, "end_ns": 86_400 * SECOND_NS},
    },
    "rate": {"messages": 10, "period_ns": SECOND_NS, "burst": 10},
    "timing": {
        "acknowledgement_timeout_ns": 10 * SECOND_NS,
        "stale_feed_ns": 60 * SECOND_NS,
        "heartbeat_ns": 3600 * SECOND_NS,
        "kill_switch_review_ns": 3600 * SECOND_NS,
    },
    "kind_priority": ["CANCEL", "REPLACE", "NEW"],
    "instruments": {INSTRUMENT: {"multiplier": "1", "is_inverse": False}},
}
"""A gate with every limit, the rate and every deadline in use."""
CORE = {"closed_orders_kept": 4096, "history": {"samples": 0, "every_ns": 0}, "gate": GATE}
CONFIGURATION = CoreConfiguration.from_document({"configuration_version": 2, "core": CORE})

_QUANTITY = Decimal("0.100")
_TICK = Decimal("0.01")


def start(resting: int) -> Iterator[Event]:
    """Yield a stream's beginning: the run starts, the market is seen, and so many orders come to rest in the book."""
    yield RunStarted(START_NS, STREAM_SCHEMA, CONFIGURATION.fingerprint)
    at_ns = START_NS - resting * SECOND_NS
    yield observation(at_ns, 0)
    for number in range(resting):
        key, at_ns = f"R-20240801-000000-001-000-{number}", at_ns + SECOND_NS
        yield OrderInitialized(
            at_ns, at_ns, key, STRATEGY, INSTRUMENT, "BUY", "LIMIT", _QUANTITY, "GTC", price=Decimal(49_000) - number * _TICK
        )
        yield SubmitRequested(at_ns, at_ns, (key,))
        yield OrderSubmitted(at_ns, at_ns, key, ACCOUNT)
        yield OrderAccepted(at_ns, at_ns, key, f"BINANCE-1-{key}", ACCOUNT)


def observation(at_ns: int, number: int) -> MarketObserved:
    """Return the best bid and ask, a tick or two from what it was before."""
    bid = Decimal(5_000_000 + number % 997).scaleb(-2)
    size = Decimal(1000 + number % 89).scaleb(-3)
    return MarketObserved(at_ns, at_ns, INSTRUMENT, bid, size, bid + _TICK, size)


def life(number: int, at_ns: int) -> Iterator[Event]:
    """Yield an order's life as in the realistic stream, with the requests that it follows from."""
    for event in order_life(number, at_ns):
        if type(event) is OrderPendingCancel:
            yield CancelRequested(at_ns, at_ns, (event.client_order_id,))
        yield event
        if type(event) is OrderInitialized:
            yield SubmitRequested(at_ns, at_ns, (event.client_order_id,))


def gated_events(count: int) -> Iterator[Event]:
    """Yield so many events, from a run's start to its end: for each order one observation, its requests and its life."""
    yield from start(0)
    yield from islice(_trading(), count - 3)
    yield RunCompleted(START_NS + 1)


def _trading() -> Iterator[Event]:
    number = 0
    while True:
        at_ns = START_NS + number * ORDER_EVERY_NS
        yield observation(at_ns, number)
        yield from life(number, at_ns)
        number += 1
