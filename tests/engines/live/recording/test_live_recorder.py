"""Claims about what of a node's orders is recorded: a fact once, and nothing that its order refused but fills."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import StrategyId, TradeId, TraderId
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from tc.core import events
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.recording.recorder import LiveRecorder

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()


class Scene:
    """A recorder that has taken over, and an order that ended as rejected."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.recorded: list[object] = []
        self.topics: dict[str, Any] = {}
        clock = LiveClock()
        made = OrderFactory(trader_id=TraderId("T-1"), strategy_id=StrategyId("S-1"), clock=clock)
        self.order = made.limit(
            INSTRUMENT.id, OrderSide.BUY, INSTRUMENT.make_qty(Decimal(1)), INSTRUMENT.make_price(Decimal(100))
        )
        bus = SimpleNamespace(subscribe=lambda topic, handler, priority: self.topics.update({topic: handler}))
        cache = SimpleNamespace(order=lambda _key: self.order)
        node: Any = SimpleNamespace(kernel=SimpleNamespace(msgbus=bus, cache=cache, clock=clock))
        tape: Any = SimpleNamespace(id="tape")
        self.recorder = LiveRecorder(node, self.recorded.append, tape=tape, home=Home(loop), is_known=lambda _key: True)
        self.recorder.attach()
        self.recorder._is_taken_over = True
        self.order.apply(TestEventStubs.order_submitted(self.order))
        self.order.apply(TestEventStubs.order_rejected(self.order))

    def publish(self, event: Any) -> None:
        self.topics["events.order.*"](event)

    def fill(self, trade: str) -> OrderFilled:
        return TestEventStubs.order_filled(self.order, INSTRUMENT, trade_id=TradeId(trade))

    def trades(self) -> list[str]:
        return [each.trade_id for each in self.recorded if isinstance(each, events.OrderFilled)]


def test_R68_a_trade_of_an_order_that_has_ended_is_recorded_once_however_often_it_is_heard_of() -> None:
    async def work() -> None:
        scene = Scene(asyncio.get_running_loop())
        for trade in ("7", "7", "8", "7"):
            scene.publish(scene.fill(trade))
        assert (scene.trades(), scene.recorder.contradictions) == (["7", "8"], 2)

    asyncio.run(work())


def test_what_else_an_order_refused_is_counted_and_not_recorded() -> None:
    async def work() -> None:
        scene = Scene(asyncio.get_running_loop())
        scene.publish(TestEventStubs.order_accepted(scene.order))
        assert (scene.recorded, scene.recorder.contradictions) == ([], 1)

    asyncio.run(work())
