"""A small venue that speaks the public protocol of Binance USD-M futures on a real socket, with one fault at a time."""

import asyncio
import hashlib
import hmac
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from tc.exchange import Keys, VenueLine
from tc.spec.venue_url import VenueUrl, judge

KEYS = Keys("the-public-key", "the-private-secret")

type Fault = Callable[["FakeVenue", web.Request], Awaitable[web.StreamResponse | None]]


def refusal(code: int, words: str = "no", status: int = 400, **headers: str) -> web.Response:
    return web.json_response({"code": code, "msg": words}, status=status, headers=headers)


def answers(status: int, text: str = "", **headers: str) -> Fault:
    async def fault(venue: "FakeVenue", request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return fault


async def accepts_then_503(venue: "FakeVenue", request: web.Request) -> web.Response:
    await venue.handle(request)
    return refusal(-1000, "Unknown error, please check your request or try again later.", 503)


async def accepts_then_drops(venue: "FakeVenue", request: web.Request) -> web.Response:
    await venue.handle(request)
    assert request.transport
    request.transport.abort()
    return web.Response()


async def hangs(venue: "FakeVenue", request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


@dataclass
class FakeVenue:
    """Orders rest until they are cancelled; MARKET orders fill at once, up to `depth` each."""

    now_ns: Callable[[], int] = time.time_ns
    positions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    algos: dict[int, dict[str, Any]] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    faults: list[tuple[str, str, Fault]] = field(default_factory=list)
    log: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    depth: Decimal = Decimal("1e9")
    most: Decimal = Decimal("1e9")
    numbers: int = 100
    port: int = 0
    used_weight: int = 0
    minute: int | None = None
    weight_limit: int = 2_400
    touch: tuple[str, str, str, str] = ("60000.00", "1.000", "60000.10", "2.000")
    """The best bid and its size, the best ask and its size."""
    market_trades: tuple[int, ...] = (6, 7)
    """The numbers of the market's trades."""
    begins_windows_at_the_first: bool = False
    """Which rows of a window come that holds more than a page; the documentation says the most recent, but of no window."""

    @property
    def url(self) -> VenueUrl:
        return judge(f"http://127.0.0.1:{self.port}")

    def line(self, keys: Keys = KEYS, **other: Any) -> VenueLine:
        return VenueLine(self.url, keys, **{"timeout_s": 0.5, "patience_s": 1.5, **other})

    def sent(self, method: str, path: str = "") -> list[dict[str, str]]:
        return [parameters for used, where, parameters in self.log if used == method and where.endswith(path)]

    def fail(self, method: str, path: str, fault: Fault, times: int = 1) -> None:
        self.faults += [(method, path, fault)] * times

    def rests(self, symbol: str, **other: Any) -> int:
        self.numbers += 1
        now_ms = self.now_ns() // 1_000_000
        self.orders[self.numbers] = {
            "symbol": symbol, "orderId": self.numbers, "clientOrderId": f"c{self.numbers}", "side": "BUY", "type": "LIMIT",
            "status": "NEW", "origQty": "0.010", "executedQty": "0", "price": "60000.10", "avgPrice": "0.00", "stopPrice": "0",
            "timeInForce": "GTC", "reduceOnly": False, "positionSide": "BOTH", "time": now_ms, "updateTime": now_ms, **other,
        }  # fmt: skip
        return self.numbers

    def waits_for_trigger(self, symbol: str, **other: Any) -> int:
        self.numbers += 1
        self.algos[self.numbers] = {
            "symbol": symbol, "algoId": self.numbers, "clientAlgoId": f"a{self.numbers}", "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET", "side": "SELL", "algoStatus": "NEW", "quantity": "0.020", "triggerPrice": "50000.0",
            "createTime": 5, "updateTime": 6, **other,
        }  # fmt: skip
        return self.numbers

    def trades_once(self, symbol: str, at_ms: int, **other: Any) -> None:
        self.numbers += 1
        trade = {
            "symbol": symbol, "id": self.numbers, "orderId": 7, "side": "BUY", "price": "60000.10", "qty": "0.001",
            "commission": "0.02400004", "commissionAsset": "USDT", "realizedPnl": "0", "maker": True, "time": at_ms, **other,
        }  # fmt: skip
        self.trades.append(trade)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        for index, (method, path, fault) in enumerate(self.faults):
            if request.method == method and request.path.endswith(path):
                del self.faults[index]
                self.log.append((request.method, request.path, dict(request.query)))
                early = await fault(self, request)
                if early is not None:
                    return early
                break
        return await self.handle(request)

    async def handle(self, request: web.Request) -> web.Response:
        answered = self._handled(request)
        minute = self.now_ns() // 60_000_000_000
        self.used_weight = _weight(request) + (self.used_weight if self.minute in {None, minute} else 0)
        self.minute = minute
        answered.headers["X-MBX-USED-WEIGHT-1M"] = str(self.used_weight)
        return answered

    def _handled(self, request: web.Request) -> web.Response:
        parameters = dict(request.query)
        self.log.append((request.method, request.path, parameters))
        if request.path == "/fapi/v1/time":
            return web.json_response({"serverTime": self.now_ns() // 1_000_000})
        if request.path == "/fapi/v1/exchangeInfo":
            filters = [{"filterType": "MARKET_LOT_SIZE", "maxQty": f"{self.most:f}", "minQty": "0.001", "stepSize": "0.001"}]
            limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight_limit}
            return web.json_response({"symbols": [{"symbol": "BTCUSDT", "filters": filters}], "rateLimits": [limit]})
        if request.path == "/fapi/v1/ticker/bookTicker":
            names = ("bidPrice", "bidQty", "askPrice", "askQty")
            return web.json_response({"symbol": parameters["symbol"], **dict(zip(names, self.touch, strict=True)), "time": 0})
        if request.path == "/fapi/v1/trades":
            trade = {"price": "60000.00", "qty": "1", "quoteQty": "60000.00", "time": 0, "isBuyerMaker": True}
            return web.json_response([{"id": each, **trade} for each in self.market_trades[-int(parameters["limit"]) :]])
        return self._unsigned(request) or self._carried_out(request, parameters)

    def _unsigned(self, request: web.Request) -> web.Response | None:
        query, _, signature = request.query_string.rpartition("&signature=")
        expected = hmac.new(KEYS.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        if request.headers.get("X-MBX-APIKEY") != KEYS.api_key:
            return refusal(-2015, f"Invalid API-key {request.headers.get('X-MBX-APIKEY')}", 401)
        if signature != expected:
            return refusal(-1022, "Signature for this request is not valid.")
        late_ms = self.now_ns() // 1_000_000 - int(request.query["timestamp"])
        if not -1000 < late_ms <= int(request.query["recvWindow"]):
            return refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
        return None

    def _carried_out(self, request: web.Request, parameters: dict[str, str]) -> web.Response:  # noqa: C901, PLR0912 - a table
        path = request.path.rpartition("/")[2]
        symbol = parameters.get("symbol")
        match request.method, path:
            case "GET", "openOrders":
                return web.json_response([each for each in self._of(self.orders, symbol) if each["status"] == "NEW"])
            case "GET", "openAlgoOrders":
                return web.json_response([each for each in self._of(self.algos, symbol) if each["algoStatus"] == "NEW"])
            case "GET", "positionRisk":
                return web.json_response(
                    [
                        {"symbol": key[0], "positionSide": key[1], "positionAmt": f"{held:f}", "entryPrice": "60000.5"}
                        for key, held in self.positions.items()
                    ]
                )
            case "GET", "account":
                wallet = {"asset": "USDT", "walletBalance": "99999.97599996", "availableBalance": "90000.00000000"}
                return web.json_response({"assets": [wallet]})
            case "GET", "order":
                known = [each for each in self.orders.values() if each["clientOrderId"] == parameters["origClientOrderId"]]
                return web.json_response(known[0]) if known else refusal(-2013, "Order does not exist.")
            case "GET", "allOrders":
                return self._page(self.orders.values(), "orderId", "orderId", parameters)
            case "GET", "allAlgoOrders":
                return self._page(self.algos.values(), "algoId", "algoId", parameters, at="createTime")
            case "GET", "userTrades":
                return self._page(self.trades, "fromId", "id", parameters)
            case "DELETE", "allOpenOrders":
                for each in self.orders.values():
                    each["status"] = "CANCELED" if each["symbol"] == symbol and each["status"] == "NEW" else each["status"]
                return web.json_response({"code": 200, "msg": "The operation of cancel all open order is done."})
            case "DELETE", "algoOpenOrders":
                for each in self.algos.values():
                    each["algoStatus"] = "CANCELED" if each["symbol"] == symbol else each["algoStatus"]
                return web.json_response({"code": 200, "msg": "ok"})
            case "DELETE", "order":
                found = self.orders[int(parameters["orderId"])]
                if found["status"] != "NEW":
                    return refusal(-2011, "Unknown order sent.")
                found["status"] = "CANCELED"
                return web.json_response(found)
            case "DELETE", "algoOrder":
                self.algos[int(parameters["algoId"])]["algoStatus"] = "CANCELED"
                return web.json_response({"algoId": int(parameters["algoId"]), "code": "200", "msg": "success"})
            case "POST", "order":
                return self._market(parameters)
        return web.Response(status=404)

    def _market(self, wanted: dict[str, str]) -> web.Response:
        key = (wanted["symbol"], wanted.get("positionSide", "BOTH"))
        held, quantity = self.positions.get(key, Decimal(0)), Decimal(wanted["quantity"])
        if quantity > self.most:
            return refusal(-4005, "Quantity greater than max quantity.")
        if key[1] == "BOTH":
            assert wanted["reduceOnly"] == "true"
        assert len(wanted["newClientOrderId"]) <= 36
        if held == 0 or (wanted["side"] == "SELL") != (held > 0):
            return refusal(-2022, "ReduceOnly Order is rejected.")
        filled = min(quantity, abs(held), self.depth)
        self.positions[key] = held - filled if held > 0 else held + filled
        number = self.rests(
            key[0], clientOrderId=wanted["newClientOrderId"], side=wanted["side"], type="MARKET", status="FILLED", price="0"
        )
        return web.json_response(self.orders[number])

    def _of(self, found: dict[int, dict[str, Any]], symbol: str | None) -> list[dict[str, Any]]:
        return [each for each in found.values() if symbol in {None, each["symbol"]}]

    def _page(self, found: Any, by: str, name: str, wanted: dict[str, str], at: str = "time") -> web.Response:
        """Give what is at an id or after it; without one, the most recent of a window of seven days at most."""
        assert not (by in wanted and "startTime" in wanted)
        limit = int(wanted["limit"])
        mine = sorted((each for each in found if each["symbol"] == wanted["symbol"]), key=lambda each: each[name])
        if by in wanted:
            return web.json_response([each for each in mine if each[name] >= int(wanted[by])][:limit])
        end = int(wanted.get("endTime", self.now_ns() // 1_000_000))
        start = int(wanted.get("startTime", end - 7 * 86_400_000 + 1))
        assert end - start < 7 * 86_400_000
        inside = [each for each in mine if start <= each[at] <= end]
        return web.json_response(inside[:limit] if self.begins_windows_at_the_first else inside[-limit:])


def _weight(request: web.Request) -> int:
    """Return what the documentation says that a request weighs."""
    match request.path.rpartition("/")[2]:
        case "openOrders" | "openAlgoOrders" if "symbol" not in request.query:
            return 40
        case "allOrders" | "allAlgoOrders" | "userTrades" | "positionRisk" | "account":
            return 5
        case "order" if request.method == "POST":
            return 0
        case "bookTicker":
            return 2
        case "trades":
            return 5
    return 1


@asynccontextmanager
async def serving(venue: FakeVenue) -> AsyncIterator[FakeVenue]:
    """Serve on a free port of 127.0.0.1 while it is entered."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    venue.port = runner.addresses[0][1]
    try:
        yield venue
    finally:
        await runner.cleanup()


@contextmanager
def serving_beside(venue: FakeVenue) -> Iterator[FakeVenue]:
    """Serve from a thread while it is entered, for callers that have a loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = serving(venue)
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        yield venue
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
