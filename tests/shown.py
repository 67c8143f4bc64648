"""What a strategy is shown, built directly: a market, a position, and what is under way."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from streams import configuration
from tc.core import INITIAL, ProcessingContext
from tc.core.events import KillMode, OrderInitialized
from tc.core.state import slots
from tc.core.state.model import NO_EXPOSURE, InFlight, Order, Pending, Reference

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
NOW_NS = 1_700_000_000_000_000_000
ZERO = Decimal(0)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def terms(key: str, price: str | None, side: Any = "BUY") -> OrderInitialized:
    """Return the terms of an order."""
    return OrderInitialized(NOW_NS, NOW_NS, key, "S", INSTRUMENT, side, "LIMIT", Decimal(1), "GTC", price=_decimal(price))


def resting(key: str, price: str, *, pending: Any = "") -> Order:
    """Return an open order."""
    return Order(terms(key, price), "ACCEPTED", Decimal(1), Decimal(price), None, ZERO, pending, "V", ())


def waiting(key: str, kind: Any, price: str | None = None) -> Pending:
    """Return a command that waits to be sent."""
    return Pending(key, kind, 1, NOW_NS, INSTRUMENT, "BUY", None, _decimal(price), None, ZERO, False, (), "")


def flying(key: str, kind: Any) -> InFlight:
    """Return a command that was sent and is not answered."""
    return InFlight(key, kind, NOW_NS, INSTRUMENT, "BUY", None, None, None, ZERO, False)


def shown(
    bid: str | None = "99.9",
    ask: str | None = "100.1",
    *,
    position: str = "0",
    orders: Sequence[Order] = (),
    unsubmitted: Sequence[OrderInitialized] = (),
    pending: Sequence[Pending] = (),
    in_flight: Sequence[InFlight] = (),
    history: Sequence[tuple[int, str]] = (),
    is_degraded: bool = False,
    kill_switch: KillMode = "none",
    at: int = 7,
) -> ProcessingContext:
    """Return a context; history is (seconds ago, price), oldest first."""
    reference = Reference(_decimal(bid), Decimal(1), _decimal(ask), Decimal(1), None, None, NOW_NS, is_degraded)
    samples = tuple((NOW_NS - seconds * 10**9, Decimal(price)) for seconds, price in history)
    execution = INITIAL.execution
    state = replace(
        INITIAL,
        position=at,
        stream_time_ns=NOW_NS,
        market=replace(INITIAL.market, references={INSTRUMENT: reference}, history={INSTRUMENT: samples}),
        execution=replace(
            execution,
            orders=replace(
                execution.orders,
                open=_slots((each.terms.client_order_id, each) for each in orders),
                unsubmitted=_slots((each.client_order_id, each) for each in unsubmitted),
            ),
            queue=replace(
                execution.queue,
                pending=_slots((each.key, each) for each in pending),
                size=len(pending),
                in_flight=_slots((each.key, each) for each in in_flight),
            ),
            exposures={INSTRUMENT: replace(NO_EXPOSURE, position=Decimal(position))},
        ),
        control=replace(INITIAL.control, safeguards=replace(INITIAL.control.safeguards, kill_switch=kill_switch)),
    )
    return ProcessingContext(state, configuration())


def _slots(items: Any) -> Any:
    held: Any = slots.empty()
    for key, value in items:
        held = slots.put(held, key, value)
    return held
