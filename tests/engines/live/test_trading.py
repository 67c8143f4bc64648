"""Live nodes trade on a real venue, unmodified strategies under the recorder and the gate; the stream replays to the same."""

from decimal import Decimal
from pathlib import Path

from live_nodes import INSTRUMENT, live_node, venue
from tc.core.events import MarketDataRows, OrderFilled, SnapshotTaken, SubmitRequested

EMA_CROSS = {
    "path": "nautilus_trader.examples.strategies.ema_cross:EMACross",
    "config_path": "nautilus_trader.examples.strategies.ema_cross:EMACrossConfig",
    "config": {
        "instrument_id": INSTRUMENT,
        "bar_type": f"{INSTRUMENT}-2-TICK-MID-INTERNAL",
        "trade_size": "0.010",
        "fast_ema_period": 2,
        "slow_ema_period": 3,
        "request_bars": False,
    },
}


def test_an_unmodified_strategy_trades_and_its_stream_replays_to_the_same_decisions(tmp_path: Path) -> None:
    with venue("--rate", "200") as exchange, live_node(tmp_path, exchange.url, EMA_CROSS) as node:
        node.until("trading")
        node.wait_for(lambda status: status["rows"] > 200)
        lived = node.stop()
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    fills = lived.of(OrderFilled)
    assert fills
    assert {each.source for each in fills} == {"canonical"}
    for key in {each.client_order_id for each in fills}:
        names = lived.names_of(key)
        assert names[:3] == ["OrderInitialized", "SubmitRequested", "OrderSubmitted"]
        assert names.index("OrderAccepted") < names.index("OrderFilled")  # A cancel may be asked for before either.
    rows = lived.of(MarketDataRows)
    assert [each.first_row for each in rows] == [0, *(each.last_row + 1 for each in rows[:-1])]
    assert rows[-1].last_row == lived.rows - 1
    assert len(lived.of(SnapshotTaken)) == 1
    assert lived.of(SubmitRequested)
    assert lived.states == ["starting", "trading", "stopping", "stopped", "ended"]


def test_a_limit_order_is_accepted_changed_and_cancelled(tmp_path: Path) -> None:
    methods = """
    def quote(self, tick):
        if self.n == 3:
            self.order = self.limit("BUY", 500)
        if self.n > 3 and self.order.status_string() == "ACCEPTED":
            if self.order.quantity == Quantity.from_str("0.010"):
                self.modify_order(self.order, quantity=Quantity.from_str("0.020"))
            else:
                self.cancel_order(self.order)
"""
    with venue() as exchange, live_node(tmp_path, exchange.url, methods) as node:
        node.until("trading")
        node.wait_for(lambda status: status["rows"] > 60)
        lived = node.stop()
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    key = lived.of(SubmitRequested)[0].client_order_ids[0]
    assert lived.names_of(key) == [
        "OrderInitialized",
        "SubmitRequested",
        "OrderSubmitted",
        "OrderAccepted",
        "OrderPendingUpdate",
        "ModifyRequested",
        "OrderUpdated",
        "OrderPendingCancel",
        "CancelRequested",
        "OrderCanceled",
    ]
    assert [each.kind for each in lived.outcomes("sent")] == ["NEW", "REPLACE", "CANCEL"]
    assert lived.outcome is not None
    assert lived.unsettled == []
    assert Decimal(0) == sum((each.quantity for each in lived.of(OrderFilled)), Decimal(0))
