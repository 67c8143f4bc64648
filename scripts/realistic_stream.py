"""A legal Event Stream of any length, as a busy backtest records it: entries of 170 to 500 bytes, about 300 on average."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from tc.core import CoreConfiguration, EventStreamEntry, ProcessingPosition
from tc.core.events import (
    STREAM_SCHEMA,
    AccountUpdated,
    Balance,
    ComponentStateChanged,
    Event,
    Margin,
    MarketDataRows,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderSubmitted,
    PositionClosed,
    PositionOpened,
    RunCompleted,
    RunStarted,
    span,
)

CORE = {"closed_orders_kept": 4096, "history": {"samples": 0, "every_ns": 0}, "gate": None}
CONFIGURATION = CoreConfiguration.from_document({"configuration_version": 2, "core": CORE})
DATASET = "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"
STRATEGY = "EMACross-000"
ACCOUNT = "BINANCE-001"
POSITION = f"{INSTRUMENT}-{STRATEGY}"
ORDERS_A_ROUND = 11
SIZE = Decimal("0.100")
START_NS = 1_722_470_400_000_000_000


def realistic_entries(count: int) -> Iterator[EventStreamEntry]:
    """Yield so many entries, at least three, from a run's start to its end."""
    position = 1
    for event in _events(count):
        yield EventStreamEntry(ProcessingPosition(position), event)
        position += span(event)


def realistic_batches(count: int, size: int) -> Iterator[list[EventStreamEntry]]:
    """Yield the same entries in lists of a size."""
    entries = realistic_entries(count)
    while batch := list(islice(entries, size)):
        yield batch


def _events(count: int) -> Iterator[Event]:
    yield RunStarted(START_NS, STREAM_SCHEMA, CONFIGURATION.fingerprint)
    yield ComponentStateChanged(START_NS, START_NS, STRATEGY, "EMACross", "RUNNING")
    yield from islice(_trading(), count - 3)
    yield RunCompleted(START_NS + 1)


def _trading() -> Iterator[Event]:
    order = row = 0
    at_ns = START_NS
    while True:
        at_ns += 60_000_000_000
        yield MarketDataRows(at_ns, DATASET, row, row + order % 17)
        row += order % 17 + 1
        yield from order_life(order, at_ns)
        order += 1


def order_life(number: int, at_ns: int) -> Iterator[Event]:
    """Yield an order's life: one in eleven is cancelled; of the others, each second one closes what the first opened."""
    client_order_id = f"O-20240801-000000-001-000-{number}"
    venue_order_id = f"BINANCE-1-{number}"
    round_trip, leg = divmod(number, ORDERS_A_ROUND)
    is_buy = leg % 2 == 1
    price = Decimal(5_000_000 + round_trip % 9973 + leg).scaleb(-2)
    yield OrderInitialized(
        at_ns,
        at_ns,
        client_order_id,
        STRATEGY,
        INSTRUMENT,
        "BUY" if is_buy else "SELL",
        "LIMIT",
        SIZE,
        "GTC",
        price=price,
        post_only=True,
    )
    yield OrderSubmitted(at_ns, at_ns, client_order_id, ACCOUNT)
    yield OrderAccepted(at_ns, at_ns, client_order_id, venue_order_id, ACCOUNT)
    if leg == 0:
        yield OrderPendingCancel(at_ns, at_ns, client_order_id, venue_order_id)
        yield OrderCanceled(at_ns, at_ns, client_order_id, venue_order_id)
        return
    yield OrderFilled(
        at_ns,
        at_ns,
        client_order_id,
        venue_order_id,
        ACCOUNT,
        f"BINANCE-1-{number}-T",
        POSITION,
        STRATEGY,
        INSTRUMENT,
        "BUY" if is_buy else "SELL",
        SIZE,
        price,
        "USDT",
        Decimal("1.00000200"),
        "USDT",
        "MAKER",
    )
    yield from _holdings(number, at_ns, leg)


def _holdings(number: int, at_ns: int, leg: int) -> Iterator[Event]:
    """Yield what a fill did to position and account."""
    total = Decimal(10_000_000_000_000 - number).scaleb(-8)
    held = Decimal("12.50000000")
    if leg % 2 == 1:
        yield PositionOpened(at_ns, at_ns, POSITION, STRATEGY, INSTRUMENT, SIZE)
    else:
        yield PositionClosed(at_ns, at_ns, POSITION, STRATEGY, INSTRUMENT)
    yield AccountUpdated(
        at_ns,
        at_ns,
        ACCOUNT,
        "MARGIN",
        reported=False,
        balances=(Balance("USDT", total, held, total - held),),
        margins=(Margin("USDT", Decimal("0.00000000"), held, INSTRUMENT),),
    )
