"""Streams on the wire: subscribed and left, combined and single, each as it is documented; a slow reader is cut off."""

import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from venue_process import SYMBOL, Caller, Listening, VenueProcess, calling, listening, venue_process

NAME = SYMBOL.lower()


def test_a_combined_stream_names_its_messages_and_a_single_one_does_not(venue: VenueProcess) -> None:
    with listening(venue.url, f"/stream?streams={NAME}@bookTicker/{NAME}@trade") as stream:
        names = {stream.next()["stream"] for _ in range(60)}
    with listening(venue.url, f"/ws/{NAME}@bookTicker") as stream:
        message = stream.next()
    assert names == {f"{NAME}@bookTicker", f"{NAME}@trade"}
    assert (message["e"], message["s"]) == ("bookTicker", SYMBOL)


def test_streams_are_subscribed_listed_and_left(venue: VenueProcess) -> None:
    with listening(venue.url, "/stream") as stream:
        stream.send({"method": "SUBSCRIBE", "params": [f"{NAME}@aggTrade", f"{NAME}@depth@100ms"], "id": 1})
        assert stream.next() == {"result": None, "id": 1}
        stream.send({"method": "LIST_SUBSCRIPTIONS", "id": "two"})
        listed = stream.until(lambda each: "id" in each)
        assert listed == {"result": [f"{NAME}@aggTrade", f"{NAME}@depth@100ms"], "id": "two"}
        stream.send({"method": "UNSUBSCRIBE", "params": [f"{NAME}@aggTrade"], "id": 3})
        stream.until(lambda each: each.get("id") == 3)
        assert {stream.next()["stream"] for _ in range(3)} == {f"{NAME}@depth@100ms"}


def test_a_message_that_is_none_is_answered_with_an_error(venue: VenueProcess) -> None:
    with listening(venue.url, "/stream") as stream:
        stream.send({"method": "DANCE", "id": 1})
        assert (stream.next()["error"]["code"], 1) == (2, 1)
        stream.send(["not", "a", "command"])
        assert stream.next()["error"]["code"] == 3
        stream.send({"method": "SUBSCRIBE", "params": [f"x{number}@trade" for number in range(1_025)], "id": 2})
        assert stream.next()["error"]["code"] == 1


def test_who_sends_too_many_messages_is_disconnected(venue: VenueProcess) -> None:
    with listening(venue.url, "/stream") as stream:
        for number in range(40):
            stream.send({"method": "LIST_SUBSCRIPTIONS", "id": number})
        with pytest.raises((EOFError, ConnectionError)):
            stream.until(lambda each: each.get("id") == 39)


@pytest.mark.parametrize("interval", ["@0ms", "@100ms", "", "@500ms"])
def test_depth_updates_follow_the_snapshot_without_a_gap_and_give_the_book(caller: Caller, interval: str) -> None:
    with listening(caller.url, f"/ws/{NAME}@depth{interval}") as stream:
        kept = [stream.next()]
        snapshot = caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=1000").document
        while kept[-1]["u"] < snapshot["lastUpdateId"] + 20:
            kept.append(stream.next())
    assert all(later["pu"] == earlier["u"] and later["U"] == earlier["u"] + 1 for earlier, later in pairwise(kept))
    fitting = [each for each in kept if each["u"] >= snapshot["lastUpdateId"]]
    assert fitting[0]["U"] <= snapshot["lastUpdateId"] + 1
    book = _put_together(snapshot, fitting)
    assert max(book["b"]) < min(book["a"])
    assert len(book["b"]) == len(book["a"]) == 20


def _put_together(snapshot: dict[str, Any], updates: list[dict[str, Any]]) -> dict[str, dict[Decimal, Decimal]]:
    book = {
        side: {Decimal(price): Decimal(size) for price, size in snapshot[name]} for side, name in (("b", "bids"), ("a", "asks"))
    }
    for update in updates:
        for side, levels in book.items():
            for price, size in update[side]:
                levels[Decimal(price)] = Decimal(size)
                if not levels[Decimal(price)]:
                    del levels[Decimal(price)]
    return book


@pytest.mark.parametrize(("stream_name", "levels"), [("depth5@100ms", 5), ("depth10", 10), ("depth20@100ms", 20)])
def test_partial_depth_has_the_best_levels(venue: VenueProcess, stream_name: str, levels: int) -> None:
    with listening(venue.url, f"/ws/{NAME}@{stream_name}") as stream:
        message = stream.next()
    assert (len(message["b"]), len(message["a"])) == (levels, levels)
    assert [Decimal(price) for price, _ in message["b"]] == sorted((Decimal(price) for price, _ in message["b"]), reverse=True)


def test_mark_price_and_candles_come_from_the_same_market(caller: Caller) -> None:
    with listening(caller.url, f"/stream?streams={NAME}@markPrice@1s/{NAME}@kline_1m") as stream:
        mark = stream.until(lambda each: each["stream"].endswith("@markPrice@1s"))["data"]
        candle = stream.until(lambda each: each["stream"].endswith("@kline_1m"))["data"]["k"]
    assert Decimal(candle["l"]) <= Decimal(candle["o"]) <= Decimal(candle["h"])
    assert abs(Decimal(mark["p"]) - Decimal(candle["c"])) < 50
    assert candle["T"] - candle["t"] == 59_999
    (row,) = caller.send("GET", "/fapi/v1/klines", f"symbol={SYMBOL}&interval=1m&limit=1").document
    assert (row[0], row[1]) == (candle["t"], candle["o"]) or row[0] > candle["t"]


def test_best_price_messages_agree_with_the_requests(caller: Caller) -> None:
    with listening(caller.url, f"/ws/{NAME}@bookTicker") as stream:
        asked = caller.send("GET", "/fapi/v1/ticker/bookTicker", f"symbol={SYMBOL}").document
        told = stream.until(lambda each: each["u"] >= asked["lastUpdateId"])
    assert abs(Decimal(told["b"]) - Decimal(asked["bidPrice"])) < 5


def test_the_user_stream_ends_with_its_key_and_a_new_key_is_another(caller: Caller) -> None:
    first = caller.send("POST", "/fapi/v1/listenKey").document["listenKey"]
    assert caller.send("POST", "/fapi/v1/listenKey").document["listenKey"] == first
    assert caller.send("PUT", "/fapi/v1/listenKey").document == {"listenKey": first}
    with listening(caller.url, f"/ws/{first}") as stream:
        caller.fault("expire_listen_key")
        expired = stream.next()
    assert (expired["e"], expired["listenKey"]) == ("listenKeyExpired", first)
    assert caller.send("PUT", "/fapi/v1/listenKey").code == -1125
    assert caller.send("POST", "/fapi/v1/listenKey").document["listenKey"] != first
    assert caller.send("DELETE", "/fapi/v1/listenKey").document == {}


def test_a_key_that_nobody_keeps_alive_expires_by_itself() -> None:
    with venue_process("--listen-key-lifetime", "1") as venue, calling(venue.url) as caller:
        key = caller.send("POST", "/fapi/v1/listenKey").document["listenKey"]
        with listening(venue.url, f"/ws?listenKey={key}") as stream:
            assert stream.next()["e"] == "listenKeyExpired"


def test_user_events_come_on_a_combined_stream_too(caller: Caller) -> None:
    key = caller.send("POST", "/fapi/v1/listenKey").document["listenKey"]
    with listening(caller.url, f"/stream?streams={key}") as stream:
        caller.place("BUY", "0.010", "58000.0", newClientOrderId="combined-1")
        message = stream.next()
        caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
    assert (message["stream"], message["data"]["o"]["c"]) == (key, "combined-1")


def test_a_ping_is_answered_and_a_close_is_closed(venue: VenueProcess) -> None:
    with listening(venue.url, "/stream") as stream:
        stream._socket.sendall(b"\x89\x84\x00\x00\x00\x00ping")
        assert stream.receive() == (10, b"ping")
        stream._socket.sendall(b"\x88\x80\x00\x00\x00\x00")
        assert stream.receive()[0] == 8


def test_a_reader_that_does_not_read_is_cut_off_and_the_others_are_served() -> None:
    with venue_process("--speed", "max", "--faults") as venue, calling(venue.url) as caller:
        slow = Listening(venue.url, f"/stream?streams={NAME}@depth@0ms/{NAME}@bookTicker/{NAME}@trade/{NAME}@aggTrade")
        before, deadline = _memory_kb(venue), time.monotonic() + 25
        while not caller.send("GET", "/_fault/counters").document["listeners_cut_off"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert _memory_kb(venue) - before < 60_000
        assert caller.send("GET", "/fapi/v1/ping").status == 200
        slow.close()


def _memory_kb(venue: VenueProcess) -> int:
    with open(f"/proc/{venue.process.pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * 4
