"""How single events of NautilusTrader become ours, where a backtest never makes them."""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model import events as nautilus
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderType
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import Money, Price, Quantity

from streams import START_NS, Venue
from tc.core import fold_event_stream_entries
from tc.core.events import OrderFilled
from tc.engines.nautilus.translate import TRANSLATORS


def nautilus_fill(order_id: str, **changes: Any) -> nautilus.OrderFilled:
    """Return a fill as Nautilus publishes it."""
    return nautilus.OrderFilled(
        trader_id=TraderId("TC-001"),
        strategy_id=StrategyId("S-1"),
        instrument_id=InstrumentId.from_str("BTCUSDT.X"),
        client_order_id=ClientOrderId(order_id),
        venue_order_id=VenueOrderId("V-1"),
        account_id=AccountId("X-1"),
        trade_id=TradeId("T-1"),
        position_id=PositionId("P-1"),
        order_side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        last_qty=Quantity.from_str("0.250"),
        last_px=Price.from_str("100.50"),
        currency=USDT,
        commission=Money("0.01", USDT),
        liquidity_side=LiquiditySide.MAKER,
        event_id=UUID4(),
        ts_event=START_NS + 1,
        ts_init=START_NS + 2,
        **changes,
    )


@pytest.mark.parametrize(
    ("reconciliation", "source", "counted"), [(True, "compat", (0, 1)), (False, "canonical", (1, 0))], ids=["guessed", "record"]
)
def test_R71_a_fill_that_nautilus_inferred_in_reconciliation_is_compat_and_counted_apart(
    reconciliation: bool, source: str, counted: tuple[int, int]
) -> None:
    venue = Venue()
    order_id = venue.accepted()
    published = nautilus_fill(order_id, reconciliation=reconciliation)
    fill = TRANSLATORS[type(published)](published)
    assert isinstance(fill, OrderFilled)
    assert fill.source == source
    venue.emit(fill)
    holdings = fold_event_stream_entries(venue.entries, configuration=venue.configuration).execution.holdings
    assert (holdings.fills, holdings.compat_fills) == counted


def test_every_field_of_a_fill_is_taken_and_the_random_event_id_is_not() -> None:
    first, second = (TRANSLATORS[nautilus.OrderFilled](nautilus_fill("O-1")) for _ in range(2))
    assert first == second
    assert first == OrderFilled(
        START_NS + 2,
        START_NS + 1,
        "O-1",
        "V-1",
        "X-1",
        "T-1",
        "P-1",
        "S-1",
        "BTCUSDT.X",
        "BUY",
        Decimal("0.25"),
        Decimal("100.5"),
        "USDT",
        Decimal("0.01"),
        "USDT",
        "MAKER",
        "canonical",
    )
