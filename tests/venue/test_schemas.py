"""Every payload that the venue sends has the fields and types that Binance documents, and no others."""

from decimal import Decimal
from typing import Any

import pytest

import documented_payloads as documented
from venue_process import SYMBOL, Caller, Listening, listening, user_stream

NAME = SYMBOL.lower()
STREAMS = {
    "bookTicker": "stream_book_ticker",
    "aggTrade": "stream_aggregate_trade",
    "trade": "stream_trade",
    "depthUpdate": "stream_depth",
    "markPriceUpdate": "stream_mark_price",
    "kline": "stream_kline",
}


@pytest.fixture(scope="module")
def seen() -> dict[str, list[Any]]:
    return {}


def take(seen: dict[str, list[Any]], name: str, *payloads: Any) -> None:
    """Hold payloads to their schema."""
    assert payloads, name
    for payload in payloads:
        assert documented.differences(name, payload) == [], (name, payload)
    seen.setdefault(name, []).extend(payloads)


def test_public_requests(caller: Caller, seen: dict[str, list[Any]]) -> None:
    def get(path: str, query: str = f"symbol={SYMBOL}") -> Any:
        answered = caller.send("GET", path, query)
        assert answered.status == 200, answered
        return answered.document

    take(seen, "server_time", get("/fapi/v1/time", ""))
    info = get("/fapi/v1/exchangeInfo", "")
    take(seen, "exchange_info", info)
    take(seen, "exchange_symbol", *info["symbols"])
    take(seen, "depth", get("/fapi/v1/depth"))
    with listening(caller.url, f"/ws/{NAME}@trade") as stream:
        stream.next()
    take(seen, "recent_trade", *get("/fapi/v1/trades"))
    take(seen, "aggregate_trade", *get("/fapi/v1/aggTrades"))
    take(seen, "book_ticker", get("/fapi/v1/ticker/bookTicker"), *get("/fapi/v1/ticker/bookTicker", ""))
    take(seen, "price_ticker", get("/fapi/v1/ticker/price"), *get("/fapi/v2/ticker/price", ""))
    take(seen, "premium_index", get("/fapi/v1/premiumIndex"), *get("/fapi/v1/premiumIndex", ""))
    take(seen, "error", get_error(caller))


def get_error(caller: Caller) -> Any:
    return caller.send("GET", "/fapi/v1/depth", "symbol=NOPE").document


def test_orders(caller: Caller, seen: dict[str, list[Any]]) -> None:
    take(
        seen,
        "order_answer",
        caller.place("BUY", "0.010").document,
        caller.place("BUY", "0.010", newOrderRespType="RESULT").document,
    )
    take(seen, "order_answer", caller.place("BUY", "0.010", "58000.0", newClientOrderId="shape-1").document)
    change = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.020", "price": "58000.0", "origClientOrderId": "shape-1"}
    take(seen, "order_answer", caller.signed("PUT", "/fapi/v1/order", **change).document)
    take(seen, "order", caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="shape-1").document)
    take(seen, "order", *caller.signed("GET", "/fapi/v1/openOrders").document)
    take(seen, "order", *caller.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL).document)
    take(seen, "user_trade", *caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document)
    take(seen, "order_answer", caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="shape-1").document)
    take(seen, "done", caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL).document)


def test_conditional_orders(caller: Caller, seen: dict[str, list[Any]]) -> None:
    order = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP", "quantity": "0.010", "price": "57900.0"}
    placed = caller.signed("POST", "/fapi/v1/algoOrder", **order, triggerPrice="58000.0", clientAlgoId="shape-2").document
    take(seen, "algo_order", placed, *caller.signed("GET", "/fapi/v1/openAlgoOrders").document)
    take(seen, "algo_order", caller.signed("GET", "/fapi/v1/algoOrder", algoId=placed["algoId"]).document)
    take(seen, "algo_cancelled", caller.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="shape-2").document)
    take(seen, "algo_order", *caller.signed("GET", "/fapi/v1/allAlgoOrders", symbol=SYMBOL).document)
    take(seen, "done", caller.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL).document)


def test_the_account(caller: Caller, seen: dict[str, list[Any]]) -> None:
    caller.place("BUY", "0.010")
    account = caller.signed("GET", "/fapi/v2/account").document
    take(seen, "account_v2", account)
    take(seen, "account_asset", *account["assets"])
    take(seen, "account_position_v2", *account["positions"])
    take(seen, "account_v3", caller.signed("GET", "/fapi/v3/account").document)
    take(seen, "position_risk_v3", *caller.signed("GET", "/fapi/v3/positionRisk").document)
    for path in ("/fapi/v2/balance", "/fapi/v3/balance"):
        take(seen, "balance", *caller.signed("GET", path).document)
    take(seen, "symbol_config", *caller.signed("GET", "/fapi/v1/symbolConfig").document)
    take(seen, "commission_rate", caller.signed("GET", "/fapi/v1/commissionRate", symbol=SYMBOL).document)
    take(seen, "position_mode", caller.signed("GET", "/fapi/v1/positionSide/dual").document)
    take(seen, "multi_assets_mode", caller.signed("GET", "/fapi/v1/multiAssetsMargin").document)
    take(seen, "leverage", caller.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=20).document)
    take(
        seen, "listen_key", caller.send("POST", "/fapi/v1/listenKey").document, caller.send("PUT", "/fapi/v1/listenKey").document
    )


def test_market_streams(caller: Caller, seen: dict[str, list[Any]]) -> None:
    names = ("bookTicker", "aggTrade", "trade", "depth@100ms", "depth5@100ms", "markPrice@1s", "kline_1m")
    with listening(caller.url, "/stream?streams=" + "/".join(f"{NAME}@{name}" for name in names)) as stream:
        waiting = {f"{NAME}@{name}" for name in names}
        while waiting:
            message = stream.next()
            waiting.discard(message["stream"])
            take(seen, STREAMS[message["data"]["e"]], message["data"])
            if message["data"]["e"] == "kline":
                take(seen, "stream_kline_data", message["data"]["k"])


def test_user_events(caller: Caller, seen: dict[str, list[Any]]) -> None:
    with user_stream(caller) as stream:
        caller.place("BUY", "0.020", newClientOrderId="shape-3")
        caller.place("SELL", "0.010", "62000.0", newClientOrderId="shape-4")
        caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        trigger = str(Decimal(caller.best()[0]) - Decimal("0.1"))
        order = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}
        caller.signed("POST", "/fapi/v1/algoOrder", **order, triggerPrice=trigger)
        _take_events(stream, seen)
        caller.fault("expire_listen_key")
        take(seen, "event_listen_key_expired", stream.until(lambda each: each["e"] == "listenKeyExpired"))


def _take_events(stream: Listening, seen: dict[str, list[Any]]) -> None:
    """Hold events to their schemas until the conditional order is finished."""
    while True:
        event = stream.next()
        match event["e"]:
            case "ORDER_TRADE_UPDATE":
                take(seen, "event_order", event)
                take(seen, "event_order_data", event["o"])
            case "TRADE_LITE":
                take(seen, "event_trade_lite", event)
            case "ACCOUNT_UPDATE":
                take(seen, "event_account", event)
                take(seen, "event_account_data", event["a"])
                take(seen, "event_account_balance", *event["a"]["B"])
                take(seen, "event_account_position", *event["a"]["P"])
            case "ALGO_UPDATE":
                take(seen, "event_algo", event)
                take(seen, "event_algo_data", event["o"])
                if event["o"]["X"] == "FINISHED":
                    return


def test_every_schema_was_met(seen: dict[str, list[Any]]) -> None:
    assert sorted(seen) == documented.names()
    executions = {each["x"] for each in seen["event_order_data"]}
    assert {"NEW", "TRADE", "CANCELED"} <= executions
