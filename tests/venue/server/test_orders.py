"""Orders on the wire: placed, changed, cancelled and looked up as Binance answers, and told on the user data stream."""

import json
from decimal import Decimal

import pytest

from venue_process import SYMBOL, Caller, Listening, user_stream

FAR = "58000.0"


def event_of(stream: Listening, client_id: str, execution: str) -> dict[str, object]:
    found = stream.until(
        lambda each: each["e"] == "ORDER_TRADE_UPDATE" and (each["o"]["c"], each["o"]["x"]) == (client_id, execution)
    )
    return dict(found["o"])


def test_an_order_is_acknowledged_as_new_even_when_it_filled_and_as_it_is_when_asked(caller: Caller) -> None:
    assert caller.place("BUY", "0.010").document["status"] == "NEW"
    filled = caller.place("SELL", "0.010", newOrderRespType="RESULT").document
    assert (filled["status"], filled["executedQty"]) == ("FILLED", "0.010")
    assert caller.place("BUY", "0.010", newOrderRespType="FULL").code == -1136


def test_the_life_of_an_order_is_told_in_order(caller: Caller) -> None:
    with user_stream(caller) as stream:
        caller.place("BUY", "0.010", FAR, newClientOrderId="life-1")
        changed = {"side": "BUY", "quantity": "0.020", "price": "58001.0", "origClientOrderId": "life-1", "symbol": SYMBOL}
        assert caller.signed("PUT", "/fapi/v1/order", **changed).document["origQty"] == "0.020"
        caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="life-1")
        told = [event_of(stream, "life-1", execution) for execution in ("NEW", "AMENDMENT", "CANCELED")]
    assert [(each["q"], each["p"], each["X"]) for each in told] == [
        ("0.010", "58000.0", "NEW"),
        ("0.020", "58001.0", "NEW"),
        ("0.020", "58001.0", "CANCELED"),
    ]
    assert len({each["i"] for each in told}) == 1


def test_a_fill_tells_trade_account_and_order_and_adds_up(caller: Caller) -> None:
    with user_stream(caller) as stream:
        caller.place("BUY", "0.050", newClientOrderId="fill-1")
        kinds: list[str] = []
        filled = Decimal(0)
        while filled < Decimal("0.050"):
            event = stream.next()
            kinds.append(event["e"])
            if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE":
                filled += Decimal(event["o"]["l"])
                assert Decimal(event["o"]["n"]) == Decimal(event["o"]["l"]) * Decimal(event["o"]["L"]) * Decimal("0.0005")
    assert {"ACCOUNT_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE"} == set(kinds)
    (order,) = [
        each for each in caller.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL).document if each["clientOrderId"] == "fill-1"
    ]
    trades = caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, orderId=order["orderId"]).document
    assert sum(Decimal(trade["qty"]) for trade in trades) == Decimal(order["executedQty"]) == Decimal("0.050")
    assert sum(Decimal(trade["quoteQty"]) for trade in trades) == Decimal(order["cumQuote"])
    caller.place("SELL", "0.050", reduceOnly="true")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
        ({"type": "ICEBERG"}, -1116),
        ({"side": "LONG"}, -1117),
        ({"timeInForce": "GTD"}, -1115),
        ({"timeInForce": ""}, -1102),
        ({"price": ""}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0005"}, -1111),
        ({"price": "58000.05"}, -1111),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "900"}, -2019),
        ({"positionSide": "LONG"}, -4061),
        ({"priceMatch": "QUEUE"}, -1130),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": "a b"}, -1100),
        ({"reduceOnly": "true"}, -2022),
        ({"stopPrice": "1"}, -1104),
    ],
)
def test_a_wrong_order_is_refused_with_binances_code_and_leaves_nothing(
    caller: Caller, changes: dict[str, str], code: int
) -> None:
    order = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": FAR} | changes
    answered = caller.signed("POST", "/fapi/v1/order", **order)
    assert (answered.status, answered.code) == (400, code)
    assert caller.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL).document == []


def test_what_is_not_there_cannot_be_cancelled_changed_or_found(caller: Caller) -> None:
    assert caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=999_999).code == -2011
    assert caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL, orderId=999_999).code == -2013
    assert caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL).code == -1102
    assert caller.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="nobody").code == -2011
    assert caller.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="nobody").code == -2013


def test_several_orders_are_placed_and_cancelled_each_on_its_own(caller: Caller) -> None:
    one = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": FAR}
    wanted = [
        one | {"newClientOrderId": "batch-1"},
        one | {"price": "90000.0"},
        one | {"newClientOrderId": "batch-2", "reduceOnly": False},
    ]
    placed = caller.signed("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps(wanted)).document
    assert [each.get("clientOrderId", each.get("code")) for each in placed] == ["batch-1", -4016, "batch-2"]
    names = json.dumps(["batch-1", "nobody", "batch-2"])
    cancelled = caller.signed("DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, origClientOrderIdList=names).document
    assert [each.get("status", each.get("code")) for each in cancelled] == ["CANCELED", -2011, "CANCELED"]
    assert caller.signed("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps([one] * 6)).code == -4082
    assert caller.signed("DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, orderIdList="[1").code == -1130


def test_all_open_orders_are_cancelled_at_once(caller: Caller) -> None:
    for number in range(3):
        caller.place("BUY", "0.010", f"5800{number}.0")
    caller.signed("POST", "/fapi/v1/algoOrder", **stop("all-stop", "SELL", "58000.0"))
    assert len(caller.signed("GET", "/fapi/v1/openOrders").document) == 3
    assert caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL).document["code"] == 200
    assert caller.signed("GET", "/fapi/v1/openOrders").document == []
    assert [each["clientAlgoId"] for each in caller.signed("GET", "/fapi/v1/openAlgoOrders").document] == ["all-stop"]
    assert caller.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL).document["code"] == 200
    assert caller.signed("GET", "/fapi/v1/openAlgoOrders").document == []


def test_orders_and_trades_are_paged_by_their_ids(caller: Caller) -> None:
    for _ in range(5):
        caller.place("BUY", "0.010")
    every = [each["orderId"] for each in caller.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL).document]
    latest = caller.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL, limit=2).document
    assert [each["orderId"] for each in latest] == every[-2:]
    first = caller.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL, orderId=every[0], limit=2).document
    assert [each["orderId"] for each in first] == every[:2]
    trades = [each["id"] for each in caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document]
    after = caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, fromId=trades[1], limit=3).document
    assert [each["id"] for each in after] == trades[1:4]
    assert caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, startTime=2, endTime=1).code == -1023
    assert caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, startTime=1, endTime=2).document == []
    caller.place("SELL", "0.050", reduceOnly="true")


def test_a_conditional_order_triggers_becomes_an_order_and_is_told_step_by_step(caller: Caller) -> None:
    with user_stream(caller) as stream:
        bid, _ = caller.best()
        caller.signed("POST", "/fapi/v1/algoOrder", **stop("touch-1", "SELL", str(Decimal(bid) - Decimal("0.2"))))
        told: list[str] = []
        while "FINISHED" not in told:
            event = stream.next()
            if event["e"] == "ALGO_UPDATE" and event["o"]["caid"] == "touch-1":
                told.append(event["o"]["X"])
            elif event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["c"] == "touch-1":
                told.append(event["o"]["x"])
    assert told[:4] == ["NEW", "TRIGGERING", "TRIGGERED", "NEW"]
    assert set(told[4:-1]) == {"TRADE"}
    found = caller.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="touch-1").document
    order = caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL, orderId=found["actualOrderId"]).document
    assert (found["algoStatus"], order["status"], order["origType"]) == ("FINISHED", "FILLED", "STOP_MARKET")
    caller.place("BUY", "0.010", reduceOnly="true")


def test_several_orders_are_changed_and_cancelled_by_their_numbers(caller: Caller) -> None:
    numbers = [caller.place("BUY", "0.010", f"5800{number}.0").document["orderId"] for number in range(2)]
    wanted = [{"symbol": SYMBOL, "side": "BUY", "orderId": number, "quantity": "0.020", "price": "58005.0"} for number in numbers]
    changed = caller.signed("PUT", "/fapi/v1/batchOrders", batchOrders=json.dumps(wanted)).document
    assert [(each["orderId"], each["origQty"], each["price"]) for each in changed] == [
        (number, "0.020", "58005.0") for number in numbers
    ]
    assert caller.signed("GET", "/fapi/v1/openOrder", symbol=SYMBOL, orderId=numbers[0]).document["status"] == "NEW"
    cancelled = caller.signed("DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, orderIdList=json.dumps(numbers)).document
    assert {each["status"] for each in cancelled} == {"CANCELED"}
    assert caller.signed("GET", "/fapi/v1/openOrder", symbol=SYMBOL, orderId=numbers[0]).code == -2013
    eleven = json.dumps([*range(11)])
    assert caller.signed("DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, orderIdList=eleven).code == -4032
    assert caller.signed("DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL).code == -1102


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("POST", "/fapi/v1/order", {"side": "BUY", "type": "MARKET", "quantity": "0.010", "price": "60000.0"}, -1106),
        ("POST", "/fapi/v1/algoOrder", {"algoType": "VP", "side": "BUY", "type": "STOP_MARKET"}, -1130),
        ("POST", "/fapi/v1/algoOrder", {"algoType": "CONDITIONAL", "side": "BUY", "type": "LIMIT"}, -1116),
        ("POST", "/fapi/v1/algoOrder", {"algoType": "CONDITIONAL", "side": "BUY", "type": "STOP", "workingType": "INDEX"}, -4031),
        ("POST", "/fapi/v1/marginType", {"marginType": "ISOLATED"}, -1130),
        ("GET", "/fapi/v1/allOrders", {"limit": "0"}, -1130),
    ],
)
def test_what_the_venue_does_not_have_is_refused(
    caller: Caller, method: str, path: str, params: dict[str, str], code: int
) -> None:
    assert caller.signed(method, path, symbol=SYMBOL, **params).code == code


def test_lists_of_positions_and_brackets_have_every_symbol(caller: Caller) -> None:
    assert [each["symbol"] for each in caller.signed("GET", "/fapi/v2/positionRisk").document] == [SYMBOL]
    assert caller.signed("GET", "/fapi/v1/leverageBracket").document[0]["brackets"][0]["initialLeverage"] == 125
    assert caller.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true").code == -1130
    assert caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=7").code == -4021
    assert caller.send("GET", "/fapi/v1/klines", f"symbol={SYMBOL}&interval=1h").code == -1120
    assert caller.send("GET", "/fapi/v1/historicalTrades", f"symbol={SYMBOL}").status == 200


def test_settings_are_those_of_one_way_cross_margin(caller: Caller) -> None:
    assert caller.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false").code == -4059
    assert caller.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="CROSSED").code == -4046
    assert caller.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=15).document["leverage"] == 15
    assert caller.signed("GET", "/fapi/v1/symbolConfig").document[0]["leverage"] == 15
    assert caller.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=500).status == 400
    caller.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=20)


def stop(client_id: str, side: str, trigger: str) -> dict[str, str]:
    order = {"symbol": SYMBOL, "side": side, "type": "STOP_MARKET", "quantity": "0.010", "triggerPrice": trigger}
    return order | {"algoType": "CONDITIONAL", "clientAlgoId": client_id}
