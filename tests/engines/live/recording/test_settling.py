"""Claims about orders that nobody answered: only the venue's answers are counted, and only its word ends what it took."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.adapters.binance.execution import BinanceCommonExecutionClient
from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.adapters.binance.http.account import BinanceAccountHttpAPI
from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError, BinanceServerError
from nautilus_trader.adapters.binance.websocket.user import BinanceUserDataWebSocketClient
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.live.config import LiveExecEngineConfig
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import AccountId, ClientId, StrategyId, TraderId, VenueOrderId
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from tc.engines.nautilus.live.recording import settling
from tc.engines.nautilus.live.recording.settling import settle_by_asking
from tc.engines.nautilus.live.recording.trades_beside import TradesMissingError

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()
TRIES = 2


def error(kind: Any, status: int, message: object) -> BinanceError:
    """Return an error of the adapter's, whose kinds have no types."""
    made: BinanceError = kind(status, message, {})
    return made


NO_SUCH_ORDER = error(BinanceClientError, 400, {"code": -2013, "msg": "Order does not exist."})
UNANSWERED = [
    error(BinanceServerError, 503, {"code": -1001, "msg": "Internal error."}),
    error(BinanceServerError, 502, "<html>"),
    error(BinanceClientError, 401, {"code": -2015, "msg": "Invalid API-key."}),
    error(BinanceClientError, 429, {"code": -1003, "msg": "Too many requests."}),
    TimeoutError("no answer"),
]


TRADES_UNKNOWN = TradesMissingError("its trades are not known: HTTP 503: Internal error.")


class Account:
    """The adapter's line: it says the same to every question."""

    def __init__(self) -> None:
        self.says: Exception = NO_SUCH_ORDER
        self.says_of_algos: Exception = self.says
        self.asked = 0

    async def query_order(self, **_: object) -> object:
        self.asked += 1
        raise self.says

    async def query_algo_order(self, **_: object) -> object:
        raise self.says_of_algos


class UserStream:
    """The user stream: it does what it was told to do each time it comes back."""

    def __init__(self, on_resubscribe: Callable[[], Awaitable[None]]) -> None:
        self._on_resubscribe = on_resubscribe

    async def come_back(self) -> None:
        await self._on_resubscribe()


class Client:
    """A client that asks as Binance's does, and swallows what that does."""

    __module__ = BinanceFuturesExecutionClient.__module__

    def __init__(self) -> None:
        self._http_account = self._futures_http_account = Account()
        self._ws_client = UserStream(self._reconcile_after_resubscribe)
        self.asked_for = list[str]()
        self.lacks_trades = False
        self.fails = list[Exception]()
        self.tasks = list[asyncio.Task[None]]()

    async def _reconcile_after_resubscribe(self) -> None:
        self.asked_for.append("orders")

    async def _update_account_state(self) -> None:
        self.asked_for.append("balances")
        if self.fails:
            raise self.fails.pop()

    async def generate_mass_status(self) -> None:
        return

    def create_task(self, to_do: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(to_do))

    async def come_back(self) -> None:
        await self._ws_client.come_back()
        await asyncio.gather(*self.tasks)

    async def generate_order_status_report(self, _command: object) -> None:
        if self.lacks_trades:
            raise TRADES_UNKNOWN
        with suppress(BinanceError):
            await self._http_account.query_order()
        with suppress(BinanceError):
            await self._futures_http_account.query_algo_order()


class Engine(LiveExecutionEngine):
    """Nautilus's engine, with clients that need not be Nautilus's."""

    _clients: dict[ClientId, Client] = {}  # noqa: RUF012 - each scene sets its own


class Scene:
    """An engine of Nautilus's own, with one client and the orders that it is given."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.is_connected = loop, True
        self.client, self.said = Client(), list[str]()
        clock, trader = LiveClock(), TraderId("T-1")
        self.cache = Cache(database=None)
        bus = MessageBus(trader_id=trader, clock=clock)
        config = LiveExecEngineConfig(inflight_check_threshold_ms=0, inflight_check_retries=TRIES)
        self.engine = Engine(loop=loop, msgbus=bus, cache=self.cache, clock=clock, config=config)
        self.orders = OrderFactory(trader_id=trader, strategy_id=StrategyId("S-1"), clock=clock)
        Engine._clients = {ClientId("BINANCE"): self.client}
        self.engine._execute_command = self._ask
        kernel = SimpleNamespace(exec_engine=self.engine, cache=self.cache, logger=SimpleNamespace(warning=self.said.append))
        node: Any = SimpleNamespace(kernel=kernel)
        settle_by_asking(node, lambda: self.is_connected)

    def _ask(self, command: Any) -> None:
        async def asked() -> None:
            try:
                await self.client.generate_order_status_report(command)
            except TimeoutError:
                return  # Nautilus logs what a task of a client's raises.

        self.loop.create_task(asked())

    def order(self, *, venue_id: str | None = None, is_cancelled: bool = False) -> Order:
        quantity, price = INSTRUMENT.make_qty(Decimal(1)), INSTRUMENT.make_price(Decimal(100))
        order = self.orders.limit(INSTRUMENT.id, OrderSide.BUY, quantity, price)
        order.apply(TestEventStubs.order_submitted(order))
        if venue_id is not None:
            order.apply(TestEventStubs.order_accepted(order, venue_order_id=VenueOrderId(venue_id)))
        if is_cancelled:
            order.apply(TestEventStubs.order_pending_cancel(order))
        self.cache.add_order(order)
        self.cache.update_order(order)
        return order

    def check(self, times: int) -> None:
        async def checked() -> None:
            for _ in range(times):
                await self.engine._check_inflight_orders()
                for _ in range(5):
                    await asyncio.sleep(0)

        self.loop.run_until_complete(checked())

    def resolved(self) -> list[Order]:
        """Have what the engine would resolve noted, and not done."""
        noted: list[Order] = []
        setattr(self.engine, "_resolve_inflight_order", noted.append)  # noqa: B010 - a method
        return noted


@pytest.fixture
def scene() -> Iterator[Scene]:
    loop = asyncio.new_event_loop()
    yield Scene(loop)
    loop.close()


def test_an_order_that_the_venue_twice_does_not_know_is_given_up(scene: Scene) -> None:
    order, resolved = scene.order(), scene.resolved()
    scene.check(TRIES)
    assert (resolved, scene.client._http_account.asked) == ([], TRIES)
    scene.check(1)
    assert resolved == [order]


@pytest.mark.parametrize("failure", UNANSWERED, ids=lambda each: str(getattr(each, "status", "timeout")))
def test_questions_that_nobody_answered_prove_nothing_however_many(scene: Scene, failure: Exception) -> None:
    order, resolved = scene.order(), scene.resolved()
    account = scene.client._http_account
    answer, account.says = account.says, failure
    scene.check(10)
    assert (resolved, account.asked) == ([], 10)
    assert isinstance(failure, TimeoutError) or len(scene.said) == 10
    account.says = answer
    scene.check(TRIES + 1)
    assert resolved == [order]


def test_an_answer_whose_trades_are_missing_concludes_nothing(scene: Scene) -> None:
    scene.order()
    resolved, scene.client.lacks_trades = scene.resolved(), True
    scene.check(10)
    assert resolved == []
    assert {each.partition(": ")[2].partition(": ")[2] for each in scene.said} == {str(TRADES_UNKNOWN)}


def test_a_conditional_order_is_asked_about_twice_in_one_question_and_both_must_be_answered(scene: Scene) -> None:
    scene.order()
    resolved, account = scene.resolved(), scene.client._http_account
    account.says_of_algos = UNANSWERED[0]
    scene.check(10)
    assert resolved == []


@pytest.mark.parametrize("make", [lambda scene: scene.order(), lambda scene: scene.order(is_cancelled=True)])
def test_nothing_is_asked_and_nothing_concluded_without_a_connection(scene: Scene, make: Callable[[Scene], Order]) -> None:
    make(scene)
    resolved, scene.is_connected = scene.resolved(), False
    scene.check(10)
    assert (resolved, scene.client._http_account.asked) == ([], 0)


def test_an_order_that_the_venue_took_is_never_cancelled_without_its_word(scene: Scene) -> None:
    order, resolved = scene.order(venue_id="7", is_cancelled=True), scene.resolved()
    scene.check(10)
    assert order.status == OrderStatus.PENDING_CANCEL
    assert (resolved, scene.client._http_account.asked) == ([], 10)


def test_an_order_that_the_venue_never_took_and_does_not_know_is_given_up_although_it_was_to_be_cancelled(scene: Scene) -> None:
    order, resolved = scene.order(is_cancelled=True), scene.resolved()
    scene.check(TRIES + 1)
    assert resolved == [order]


def test_answers_from_before_something_happened_to_an_order_count_no_longer(scene: Scene) -> None:
    order, resolved = scene.order(), scene.resolved()
    scene.check(TRIES)
    order.apply(TestEventStubs.order_pending_cancel(order))
    scene.cache.update_order(order)
    scene.check(TRIES)
    assert resolved == []
    scene.check(1)
    assert resolved == [order]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (LiveExecutionEngine, ("_adjust_mass_status_fills", "_check_inflight_orders", "_resolve_inflight_order")),
        (BinanceFuturesExecutionClient, ("generate_order_status_report",)),
        (BinanceAccountHttpAPI, ("query_order",)),
    ],
)
def test_what_is_replaced_is_there_in_the_nautilus_that_is_installed(where: type, names: tuple[str, ...]) -> None:
    assert [name for name in names if not callable(getattr(where, name, None))] == []


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (LiveExecutionEngine._check_inflight_orders, "self._recon_check_retries[order.client_order_id]"),
        (LiveExecutionEngine._check_inflight_orders, "retries >= self.inflight_check_max_retries"),
        (LiveExecutionEngine._reconcile_execution_mass_status, "self._adjust_mass_status_fills("),
        (BinanceCommonExecutionClient.generate_order_status_report, "self._http_account.query_order("),
        (BinanceFuturesExecutionClient.generate_order_status_report, "self._futures_http_account.query_algo_order("),
    ],
)
def test_what_is_replaced_is_what_the_nautilus_that_is_installed_goes_by(where: Any, said: str) -> None:
    assert said in inspect.getsource(where)


def test_a_report_is_given_on_and_the_adapters_errors_about_unknown_orders_stay_its_own(scene: Scene) -> None:
    assert scene.loop.run_until_complete(scene.client.generate_order_status_report(_named(scene.order()))) is None
    with pytest.raises(BinanceClientError, match="Order does not exist"):
        scene.loop.run_until_complete(scene.client._http_account.query_order())


def _named(order: Order) -> Any:
    return SimpleNamespace(client_order_id=order.client_order_id, account_id=AccountId("BINANCE-1"))


def test_the_balances_are_asked_for_each_time_the_user_stream_comes_back(scene: Scene) -> None:
    for _ in range(2):
        scene.loop.run_until_complete(scene.client.come_back())
    assert scene.client.asked_for == ["orders", "balances"] * 2
    assert scene.said == []


def test_balances_that_a_venue_does_not_tell_are_asked_for_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_BALANCE_PAUSES_S", (0, 0, 0))
    scene.client.fails = [TimeoutError("no answer"), *UNANSWERED[:1]]
    scene.loop.run_until_complete(scene.client.come_back())
    assert scene.client.asked_for == ["orders", "balances", "balances", "balances"]
    assert len(scene.said) == 2
    assert all("the balances are not known after the user stream came back" in each for each in scene.said)


def test_binances_adapter_still_has_what_is_asked_for_the_balances() -> None:
    assert {"_update_account_state", "_reconcile_after_resubscribe", "create_task"} <= {*dir(BinanceFuturesExecutionClient)}
    assert "_on_resubscribe" in inspect.getsource(BinanceUserDataWebSocketClient)
    assert "self._ws_client = BinanceUserDataWebSocketClient(" in inspect.getsource(BinanceCommonExecutionClient.__init__)
