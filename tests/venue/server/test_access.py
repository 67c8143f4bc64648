"""Key, signature, time and limits are judged on the wire, and every answer says what is used."""

import time
from collections.abc import Iterator

import pytest

from venue_process import API_KEY, SYMBOL, Caller, calling, venue_process

ACCOUNT = "/fapi/v2/account"


def test_a_signed_request_is_answered(caller: Caller) -> None:
    answered = caller.signed("GET", ACCOUNT)
    assert (answered.status, answered.document["canTrade"]) == (200, True)


def test_a_signature_of_something_else_is_refused(caller: Caller) -> None:
    query = caller.query(symbol=SYMBOL)
    assert caller.send("GET", "/fapi/v1/openOrders", query.replace("BTC", "ETH")).code == -1022
    caller.api_secret = f"{caller.api_secret}x"
    assert caller.signed("GET", ACCOUNT).code == -1022
    assert caller.send("GET", ACCOUNT, f"timestamp={int(time.time() * 1000)}").code == -1102


def test_the_body_is_signed_with_the_query(caller: Caller) -> None:
    body = caller.query(symbol=SYMBOL, leverage=10).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert caller.send("POST", "/fapi/v1/leverage", body=body, headers=form).document["leverage"] == 10
    assert caller.send("POST", "/fapi/v1/leverage", body=body.replace(b"10", b"11", 1), headers=form).code == -1022


@pytest.mark.parametrize(("key", "code"), [(None, -2014), ("", -2014), ("another", -2015), (f"{API_KEY} ", -2015)])
def test_the_key_must_be_there_and_be_the_accounts(caller: Caller, key: str | None, code: int) -> None:
    caller.api_key = key
    answered = caller.signed("GET", ACCOUNT)
    if key == f"{API_KEY} ":  # A header's value ends where its text does.
        assert answered.status == 200
        return
    assert (answered.status, answered.code) == (401, code)
    assert caller.send("POST", "/fapi/v1/listenKey").status == 401


@pytest.mark.parametrize("skew_ms", [-5_500, 1_500])
def test_a_request_that_is_too_old_or_from_the_future_is_refused(caller: Caller, skew_ms: int) -> None:
    caller.skew_ms = skew_ms
    assert caller.signed("GET", ACCOUNT).code == -1021


def test_the_window_may_be_wider_and_never_wider_than_a_minute(caller: Caller) -> None:
    caller.skew_ms = -20_000
    assert caller.signed("GET", ACCOUNT, recvWindow=30_000).status == 200
    assert caller.signed("GET", ACCOUNT, recvWindow=10_000).code == -1021
    assert caller.signed("GET", ACCOUNT, recvWindow=60_001).code == -1130
    assert caller.signed("GET", ACCOUNT, timestamp="now").code == -1130


def test_parameters_are_held_against_what_the_endpoint_reads(caller: Caller) -> None:
    assert caller.signed("GET", "/fapi/v1/order", orderId=1).code == -1102
    assert caller.signed("GET", ACCOUNT, what=1).code == -1104
    assert caller.send("GET", ACCOUNT, f"{caller.query()}&recvWindow=1&recvWindow=2").code == -1101
    assert caller.signed("GET", "/fapi/v1/openOrders", symbol="NOPE").code == -1121


def test_what_does_not_exist_is_not_found(caller: Caller) -> None:
    for method, path in (("GET", "/"), ("GET", "/fapi/v1/order/test"), ("POST", "/fapi/v1/time"), ("GET", "/api/v3/time")):
        answered = caller.send(method, path)
        assert (answered.status, answered.code) == (404, -5000)


def test_hostile_requests_are_answered_and_the_venue_lives(caller: Caller) -> None:
    for query in ("%00%ff=%zz", "=&=&&", "symbol=" + "x" * 4_000, "timestamp=-1&signature=%F0%9F%92%A9", "a[]=1&a[0]=2"):
        assert caller.send("GET", "/fapi/v1/order", query).status in {400, 401, 404}
    for body in (b"\xff\xfe\x00", b"{" * 1_000, b"&" * 60_000):
        assert caller.send("POST", "/fapi/v1/order", body=body).status == 400
    assert caller.send("POST", "/fapi/v1/order", body=b"x" * 100_000).status == 413
    assert caller.send("GET", "/fapi/v1/ping").status == 200


@pytest.fixture
def strict() -> Iterator[Caller]:
    with venue_process("--weight-limit", "30", "--order-limit", "8", "--faults") as venue, calling(venue.url) as caller:
        yield caller


def test_used_weight_is_told_and_then_429_and_then_418(strict: Caller) -> None:
    before = int(strict.send("GET", "/fapi/v1/ping").headers["X-MBX-USED-WEIGHT-1M"])
    assert int(strict.signed("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"]) == before + 5
    statuses = []
    while not statuses or statuses[-1] != 418:
        answered = strict.send("GET", "/fapi/v1/ping")
        statuses.append(answered.status)
        assert len(statuses) < 200
        if answered.status != 200:
            assert answered.code == -1003
            assert 0 < int(answered.headers["Retry-After"]) <= 121
    assert sorted(set(statuses)) == [200, 418, 429]
    assert statuses.count(429) == 20


def test_orders_are_counted_in_their_headers_and_limited(strict: Caller) -> None:
    answers = [strict.place("BUY", "0.010", "58000.0") for _ in range(9)]
    told = [int(answered.headers["X-MBX-ORDER-COUNT-10S"]) for answered in answers]
    assert told[0] == 1
    refused = next(answered for answered in answers if answered.status != 200)
    assert (refused.status, refused.code) == (429, -1015)
    assert "X-MBX-ORDER-COUNT-10S" not in strict.send("GET", "/fapi/v1/ping").headers
