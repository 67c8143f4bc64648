"""Nautilus's own Binance futures adapter, unmodified, trades on the venue; and decodes every payload with its own structs."""

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.adapters.binance.common.schemas import account, market
from nautilus_trader.adapters.binance.futures.schemas import account as futures
from nautilus_trader.adapters.binance.futures.schemas import market as futures_market
from nautilus_trader.adapters.binance.futures.schemas import user, wallet

import warm
from venue_process import SYMBOL, Caller, VenueProcess, calling, listening, user_stream, venue_process

pytestmark = pytest.mark.e2e

NODE = Path(__file__).parents[1] / "venue_node.py"
CROSSED_MEANWHILE = ("-2021",)
"""The market moved past a trigger price while the order was on its way."""
GONE_MEANWHILE = ("-2011",)
"""The order that a cancel names was triggered or filled while the cancel was on its way."""
EXPECTED_ERRORS = ("-2019", "-2022", *CROSSED_MEANWHILE, *GONE_MEANWHILE)


@pytest.fixture(scope="module")
def venue() -> Iterator[VenueProcess]:
    with venue_process("--faults", "--rate", "100", "--seed", "11") as started:
        yield started


@pytest.fixture
def caller(venue: VenueProcess) -> Iterator[Caller]:
    with calling(venue.url) as caller:
        yield caller


def node(venue: VenueProcess, script: str) -> dict[str, Any]:
    """Run a real TradingNode, and return what came of its script."""
    command = [sys.executable, str(NODE), venue.url, script]
    done = warm.run(command, of=warm.template(*warm.NODE), timeout=90, cwd=NODE.parent)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    result = json.loads(lines[-1])
    assert result["failed"] == "", "\n".join(lines[-30:])
    errors = [line for line in lines if "[ERROR]" in line and not any(code in line for code in EXPECTED_ERRORS)]
    assert errors == []
    return dict(result)


def test_the_adapters_whole_path_works(venue: VenueProcess, caller: Caller) -> None:
    result = node(venue, "whole_path")
    events = {event["type"] for event in result["events"]}
    assert {"OrderAccepted", "OrderUpdated", "OrderCanceled", "OrderFilled", "OrderRejected", "OrderExpired"} <= events
    assert result["positions"] == []
    assert result["open_orders"] == []
    sides = {event["liquidity_side"] for event in result["events"] if event["type"] == "OrderFilled"}
    assert len(sides) == 2  # maker and taker
    reasons = [event["reason"] for event in result["events"] if event["type"] == "OrderRejected"]
    codes = [reason.split("'code': ")[1].split(",")[0] for reason in reasons]
    assert [code for code in codes if code not in CROSSED_MEANWHILE][-4:] == ["-5022", "-5021", "-2019", "-2022"]
    done = {"stop_market FILLED", "market_if_touched FILLED", "triggered stop-limit CANCELED"}
    assert done <= set(result["steps"])
    wallet = caller.signed("GET", "/fapi/v2/account").document["totalWalletBalance"]
    assert Decimal(result["balance"].split()[0]) == Decimal(wallet)
    answered = {row["error_code"] for row in caller.requests()}
    assert answered <= {0, -5022, -5021, -2019, -2022, -2013, -2011, -2021}


def test_what_was_left_open_is_reconciled_by_the_next_node(venue: VenueProcess) -> None:
    left = node(venue, "leave_open")
    found = node(venue, "look")
    assert left["open_orders"] == found["open_orders"] == ["SELL LIMIT 0.010", "SELL STOP_MARKET 0.010"]
    assert left["positions"] == found["positions"] == ["LONG 0.010"]


def test_streams_that_break_are_found_again_by_the_adapter(venue: VenueProcess, caller: Caller) -> None:
    before = caller.counters()
    result = node(venue, "broken_streams")
    assert [step for step in result["steps"] if step.startswith("fill after")] == [
        "fill after abort_websockets",
        "fill after expire_listen_key",
    ]
    bitten = {name: count - before[name] for name, count in caller.counters().items() if count != before[name]}
    assert bitten == {"abort_websockets": 3, "expire_listen_key": 1}


def structs() -> dict[str, Any]:
    return {
        "/fapi/v1/time": market.BinanceTime,
        "/fapi/v1/exchangeInfo": futures_market.BinanceFuturesExchangeInfo,
        "/fapi/v1/depth": market.BinanceDepth,
        "/fapi/v1/trades": list[market.BinanceTrade],
        "/fapi/v1/aggTrades": list[market.BinanceAggTrade],
        "/fapi/v1/klines": list[market.BinanceKline],
        "/fapi/v1/ticker/bookTicker": market.BinanceTickerBook,
        "/fapi/v1/ticker/price": market.BinanceTickerPrice,
        "/fapi/v1/premiumIndex": futures_market.BinanceFuturesMarkFunding,
        "/fapi/v1/openOrders": list[account.BinanceOrder],
        "/fapi/v1/allOrders": list[account.BinanceOrder],
        "/fapi/v1/userTrades": list[account.BinanceUserTrade],
        "/fapi/v1/openAlgoOrders": list[futures.BinanceFuturesAlgoOrder],
        "/fapi/v1/allAlgoOrders": list[futures.BinanceFuturesAlgoOrder],
        "/fapi/v2/account": futures.BinanceFuturesAccountInfo,
        "/fapi/v3/positionRisk": list[futures.BinanceFuturesPositionRisk],
        "/fapi/v2/positionRisk": list[futures.BinanceFuturesPositionRisk],
        "/fapi/v1/positionSide/dual": futures.BinanceFuturesDualSidePosition,
        "/fapi/v1/symbolConfig": list[futures.BinanceFuturesSymbolConfig],
        "/fapi/v1/commissionRate": wallet.BinanceFuturesCommissionRate,
        "bookTicker": market.BinanceQuoteMsg,
        "aggTrade": market.BinanceAggregatedTradeMsg,
        "trade": futures_market.BinanceFuturesTradeMsg,
        "depthUpdate": market.BinanceOrderBookMsg,
        "markPriceUpdate": futures_market.BinanceFuturesMarkPriceMsg,
        "kline": market.BinanceCandlestickMsg,
        "ORDER_TRADE_UPDATE": user.BinanceFuturesOrderUpdateMsg,
        "ACCOUNT_UPDATE": user.BinanceFuturesAccountUpdateMsg,
        "TRADE_LITE": user.BinanceFuturesTradeLiteMsg,
        "ALGO_UPDATE": user.BinanceFuturesAlgoUpdateMsg,
    }


def test_every_answer_decodes_with_the_adapters_own_structs(caller: Caller) -> None:
    caller.place("BUY", "0.010")
    caller.place("SELL", "0.010", "62000.0")
    every, asked = structs(), 0
    for path, struct in every.items():
        if not path.startswith("/"):
            continue
        only = {"symbol": SYMBOL} if not path.endswith(("time", "exchangeInfo", "account", "dual")) else {}
        only |= {"interval": "1m"} if path.endswith("klines") else {}
        is_public = not any(
            part in path for part in ("Orders", "userTrades", "account", "position", "symbolConfig", "commission")
        )
        query = "&".join(f"{name}={value}" for name, value in only.items())
        answered = caller.send("GET", path, query) if is_public else caller.signed("GET", path, **only)
        assert answered.status == 200, (path, answered)
        msgspec.json.decode(json.dumps(answered.document), type=struct)
        asked += 1
    assert asked == 20


def test_every_message_decodes_with_the_adapters_own_structs(caller: Caller) -> None:
    every = structs()
    names = ("bookTicker", "aggTrade", "trade", "depth@0ms", "depth5@100ms", "markPrice@1s", "kline_1m")
    met: set[str] = set()
    with listening(caller.url, "/stream?streams=" + "/".join(f"{SYMBOL.lower()}@{name}" for name in names)) as stream:
        while not {"bookTicker", "aggTrade", "trade", "depthUpdate", "markPriceUpdate", "kline"} <= met:
            message = stream.next()
            msgspec.json.decode(json.dumps(message), type=every[message["data"]["e"]])
            met.add(message["data"]["e"])
    with user_stream(caller) as user:
        caller.place("BUY", "0.010")
        caller.signed(
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            symbol=SYMBOL,
            side="SELL",
            type="STOP_MARKET",
            quantity="0.010",
            triggerPrice="58000.0",
        )
        wanted = {"ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "ALGO_UPDATE"}
        while wanted:
            event = user.next()
            msgspec.json.decode(json.dumps(event), type=every[event["e"]])
            wanted.discard(event["e"])
