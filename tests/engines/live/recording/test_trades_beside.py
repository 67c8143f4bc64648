"""What a venue says of an order reaches the engine with the order's own trades, and nothing is made up for missing ones."""

import asyncio
import inspect
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nautilus_trader.adapters.binance.common.schemas.account import BinanceUserTrade
from nautilus_trader.adapters.binance.execution import BinanceCommonExecutionClient
from nautilus_trader.adapters.binance.http.account import BinanceAccountHttpAPI
from nautilus_trader.adapters.binance.http.error import BinanceServerError
from nautilus_trader.common.component import LiveClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus, FillReport, OrderStatusReport
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, TimeInForce
from nautilus_trader.model.identifiers import AccountId, ClientId, ClientOrderId, VenueOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from tc.engines.nautilus.live.recording.trades_beside import TradesBeside, TradesMissingError, trades_of

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
KEY, VENUE_KEY, ACCOUNT = ClientOrderId("O-1"), VenueOrderId("7"), AccountId("BINANCE-001")


def trade(number: int, quantity: str, price: str = "60000.1") -> BinanceUserTrade:
    """Return a trade as the venue tells it."""
    told = {
        "commission": "0.12000360",
        "commissionAsset": "USDT",
        "price": price,
        "qty": quantity,
        "symbol": "BTCUSDT",
        "buyer": False,
        "id": number,
        "maker": True,
        "orderId": 7,
        "positionSide": "BOTH",
        "realizedPnl": "0",
        "side": "SELL",
        "time": 1_700_000_000_000,
    }
    return msgspec.json.decode(msgspec.json.encode(told), type=BinanceUserTrade)


class Account:
    """The adapter's line."""

    def __init__(self) -> None:
        self.trades: list[BinanceUserTrade] = []
        self.asked: list[tuple[str, int]] = []
        self.fails: Exception | None = None

    async def query_user_trades(self, symbol: str, order_id: int) -> list[BinanceUserTrade]:
        self.asked.append((symbol, order_id))
        if self.fails is not None:
            raise self.fails
        return self.trades


class Client:
    """A client that is told of one order what its venue says of it."""

    def __init__(self) -> None:
        self.account_id = ACCOUNT
        self._clock = LiveClock()
        self._use_position_ids = True
        self._http_account = Account()
        self.filled = "0.010"
        self.stated: list[FillReport] = []

    async def generate_order_status_report(self, _command: object) -> OrderStatusReport | None:
        if not self.filled:
            return None
        return OrderStatusReport(
            account_id=ACCOUNT,
            instrument_id=INSTRUMENT.id,
            client_order_id=KEY,
            venue_order_id=VENUE_KEY,
            order_side=OrderSide.SELL,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            order_status=OrderStatus.CANCELED,
            quantity=Quantity.from_str("0.020"),
            filled_qty=Quantity.from_str(self.filled),
            report_id=UUID4(),
            ts_accepted=0,
            ts_last=0,
            ts_init=0,
        )

    async def generate_mass_status(self, lookback_mins: int | None = None) -> ExecutionMassStatus | None:
        assert lookback_mins is None
        report = await Client.generate_order_status_report(self, None)
        if report is None:
            return None
        status = ExecutionMassStatus(ClientId("BINANCE"), ACCOUNT, INSTRUMENT.id.venue, UUID4(), 0)
        status.add_order_reports([report])
        status.add_fill_reports(self.stated)
        return status


class Engine:
    """What takes reports, and notes them."""

    def __init__(self) -> None:
        self.taken: list[list[FillReport]] = []

    def _reconcile_order_report(self, _report: OrderStatusReport, trades: list[FillReport], *, is_external: bool = True) -> bool:
        self.taken.append(trades)
        return is_external


class Scene:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.client, self.engine = loop, Client(), Engine()
        self.known: Any = SimpleNamespace(filled_qty=Quantity.from_str("0.000"))
        cache = SimpleNamespace(order=lambda key: self.known if key == KEY else None)
        self.said: list[str] = []
        TradesBeside(self.engine, cache, self.said.append).listen_to(self.client)

    def ask(self) -> OrderStatusReport | None:
        command: Any = SimpleNamespace(client_order_id=KEY)
        return self.loop.run_until_complete(self.client.generate_order_status_report(command))

    def ask_for_everything(self) -> ExecutionMassStatus | None:
        return self.loop.run_until_complete(self.client.generate_mass_status(lookback_mins=None))

    def reported(self) -> OrderStatusReport:
        """Return what the venue says of the order, as the adapter reads it."""
        report = self.loop.run_until_complete(Client.generate_order_status_report(self.client, None))
        assert report is not None
        return report

    def take(self, report: OrderStatusReport, trades: list[FillReport]) -> list[FillReport]:
        self.engine._reconcile_order_report(report, trades)
        return self.engine.taken[-1]


@pytest.fixture
def scene() -> Iterator[Scene]:
    loop = asyncio.new_event_loop()
    yield Scene(loop)
    loop.close()


def test_what_is_said_of_a_filled_order_is_taken_with_its_trades_their_ids_and_their_fees(scene: Scene) -> None:
    scene.client._http_account.trades = [trade(1, "0.004"), trade(2, "0.006", "60000.2")]
    report = scene.ask()
    assert report is not None
    assert scene.client._http_account.asked == [(INSTRUMENT.id.symbol.value, 7)]
    told = [
        (each.trade_id.value, each.last_qty.as_decimal(), each.last_px.as_decimal(), each.commission.as_decimal())
        for each in scene.take(report, [])
    ]
    fee = Decimal("0.12000360")
    assert told == [("1", Decimal("0.004"), Decimal("60000.1"), fee), ("2", Decimal("0.006"), Decimal("60000.2"), fee)]
    assert scene.take(report, []) == []


def test_trades_that_the_engine_has_of_its_own_are_the_ones_it_takes(scene: Scene) -> None:
    scene.client._http_account.trades = [trade(1, "0.010")]
    report = scene.ask()
    assert report is not None
    of_its_own: Any = [object()]
    assert scene.take(report, of_its_own) == of_its_own
    assert scene.engine._reconcile_order_report(report, trades=[], is_external=False) is False


@pytest.mark.parametrize("filled", ["", "0.000", "0.010"])
def test_nothing_is_asked_where_no_more_is_filled_than_is_known(scene: Scene, filled: str) -> None:
    scene.known.filled_qty = Quantity.from_str("0.010")
    scene.client.filled = filled
    report = scene.ask()
    assert (report is None) == (not filled)
    assert scene.client._http_account.asked == []


def test_nothing_is_asked_of_an_order_that_nobody_knows_here(scene: Scene) -> None:
    scene.known = None
    assert scene.ask() is not None
    assert scene.client._http_account.asked == []


@pytest.mark.parametrize("trades", [[], [trade(1, "0.009")]])
def test_a_fill_whose_trades_are_not_all_there_yet_concludes_nothing(scene: Scene, trades: list[BinanceUserTrade]) -> None:
    scene.client._http_account.trades = trades
    with pytest.raises(TradesMissingError, match=f"0.010 of it is filled, and the venue states {len(trades)} trades of it"):
        scene.ask()


def test_a_question_about_trades_that_is_answered_by_an_error_concludes_nothing(scene: Scene) -> None:
    failure: Any = BinanceServerError
    scene.client._http_account.fails = failure(503, {"code": -1001, "msg": "Internal error."}, {})
    with pytest.raises(TradesMissingError, match="its trades are not known: HTTP 503"):
        scene.ask()


def test_an_order_that_filled_between_the_answers_about_fills_and_orders_is_taken_with_all_its_trades(scene: Scene) -> None:
    scene.client._http_account.trades = [trade(1, "0.004"), trade(2, "0.006")]
    scene.client.stated = scene.loop.run_until_complete(trades_of(scene.client, scene.reported()))[:1]
    status = scene.ask_for_everything()
    assert status is not None
    assert [each.trade_id.value for each in status.fill_reports[VENUE_KEY]] == ["1", "2"]
    assert VENUE_KEY in status.order_reports
    assert scene.said == []


def test_an_order_whose_trades_are_not_all_there_yet_is_left_out_of_everything(scene: Scene) -> None:
    scene.client._http_account.trades = [trade(1, "0.004")]
    status = scene.ask_for_everything()
    assert status is not None
    assert (status.order_reports, status.fill_reports) == ({}, {})
    [said] = scene.said
    assert said.startswith("tc: what became of O-1 is left for later: 0.010 of it is filled, and the venue states 1 trades")


@pytest.mark.parametrize("what", ["nobody knows it", "it is known", "it is stated", "nothing came"])
def test_everything_stays_as_the_venue_said_it_where_no_trade_is_missing(scene: Scene, what: str) -> None:
    scene.client._http_account.trades = [trade(1, "0.010")]
    if what == "nobody knows it":
        scene.known = None
    if what == "it is known":
        scene.known.filled_qty = Quantity.from_str("0.010")
    if what == "it is stated":
        scene.client.stated = scene.loop.run_until_complete(trades_of(scene.client, scene.reported()))
        scene.client._http_account.asked.clear()
    if what == "nothing came":
        scene.client.filled = ""
    status = scene.ask_for_everything()
    assert (status is None) == (what == "nothing came")
    assert scene.client._http_account.asked == []


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (LiveExecutionEngine._reconcile_order_report, "for trade in trades:"),
        (LiveExecutionEngine.reconcile_execution_report, "self._reconcile_order_report(report, [])"),
        (LiveExecutionEngine._reconcile_execution_mass_status, "mass_status.fill_reports.get(venue_order_id, [])"),
        (BinanceCommonExecutionClient._reconcile_after_resubscribe, "self.generate_mass_status("),
        (BinanceAccountHttpAPI.query_user_trades, "orderId=order_id"),
        (BinanceCommonExecutionClient.generate_fill_reports, "self._http_account.query_user_trades("),
        (BinanceCommonExecutionClient.generate_fill_reports, "use_position_ids=self._use_position_ids"),
    ],
)
def test_what_is_replaced_is_what_the_nautilus_that_is_installed_goes_by(where: Any, said: str) -> None:
    assert said in inspect.getsource(where)
