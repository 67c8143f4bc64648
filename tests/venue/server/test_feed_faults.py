"""Each fault of the public streams bites on what is heard, is counted as often as it was, and leaves the market as it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tc.spec.drills.fault_parameters.feed import FEED_PARAMETERS
from tc.venue.fault_port import FAULTS
from venue_process import SYMBOL, Caller, Listening, listening

NAME = SYMBOL.lower()
QUOTES, TRADES, DEPTH = f"{NAME}@bookTicker", f"{NAME}@aggTrade", f"{NAME}@depth@0ms"
PATIENCE_S = 5.0


@contextmanager
def all_streams(caller: Caller, *streams: str) -> Iterator[Listening]:
    with listening(caller.url, f"/stream?streams={'/'.join(streams or (QUOTES, TRADES, DEPTH))}") as stream:
        for wanted in streams or (QUOTES, TRADES, DEPTH):
            stream.until(lambda each, wanted=wanted: each["stream"] == wanted)
        yield stream


def heard(stream: Listening, wanted: str, count: int) -> list[Any]:
    return [stream.until(lambda each: each["stream"] == wanted)["data"] for _ in range(count)]


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)


def bites(caller: Caller, name: str) -> int:
    return caller.counters()[name]


def follows(diffs: list[Any]) -> list[bool]:
    return [after["pu"] == before["u"] for before, after in pairwise(diffs)]


@pytest.mark.parametrize(("kind", "muted"), [("bookTicker", QUOTES), ("aggTrade", TRADES), ("depth", DEPTH)])
def test_one_channel_is_silent_while_the_others_go_on_and_the_depth_has_no_gap_afterwards(
    caller: Caller, kind: str, muted: str
) -> None:
    with all_streams(caller) as stream:
        before = bites(caller, "mute_channel")
        caller.fault("mute_channel", stream=kind)
        until(lambda: bites(caller, "mute_channel") > before)
        from_ms, sent = now_ms(caller), caller.described()["messages_sent"]
        until(lambda: caller.described()["messages_sent"] > sent + 30)
        to_ms = now_ms(caller)
        caller.fault("mute_channel", stream=kind, on=False)
        withheld = bites(caller, "mute_channel")
        seen = [stream.next()]
        while seen[-1]["stream"] != muted or seen[-1]["data"]["E"] < to_ms:
            seen.append(stream.next())
        during = [each["stream"] for each in seen if from_ms < each["data"]["E"] < to_ms]
        assert (muted in during, len(during) > 10) == (False, True)
        diffs = [each["data"] for each in seen if each["stream"] == DEPTH] + heard(stream, DEPTH, 3)
        assert all(follows(diffs))
        assert bites(caller, "mute_channel") == withheld


def now_ms(caller: Caller) -> int:
    return int(caller.send("GET", "/fapi/v1/time").document["serverTime"])


def test_changes_of_the_book_are_lost_for_good_and_only_so_many(caller: Caller) -> None:
    with all_streams(caller, DEPTH) as stream:
        before, diffs = bites(caller, "sequence_gap"), heard(stream, DEPTH, 1)
        caller.fault("sequence_gap", count=3)
        until(lambda: bites(caller, "sequence_gap") == before + 3)
        while all(follows(diffs)):
            diffs += heard(stream, DEPTH, 1)
        diffs += heard(stream, DEPTH, 20)
        assert follows(diffs).count(False) == 1
        assert bites(caller, "sequence_gap") == before + 3


@pytest.mark.parametrize(
    ("kind", "wanted", "number"), [("bookTicker", QUOTES, "u"), ("aggTrade", TRADES, "a"), ("depth", DEPTH, "u")]
)
def test_messages_of_a_kind_come_twice(caller: Caller, kind: str, wanted: str, number: str) -> None:
    with all_streams(caller) as stream:
        before, stamps = bites(caller, "duplicate_messages"), [each[number] for each in heard(stream, wanted, 1)]
        caller.fault("duplicate_messages", count=2, stream=kind)
        until(lambda: bites(caller, "duplicate_messages") == before + 2)
        while sum(a == b for a, b in pairwise(stamps)) < 2:
            stamps += [each[number] for each in heard(stream, wanted, 1)]
        stamps += [each[number] for each in heard(stream, wanted, 10)]
        assert sum(a == b for a, b in pairwise(stamps)) == 2
        assert bites(caller, "duplicate_messages") == before + 2


@pytest.mark.parametrize(
    ("kind", "wanted", "number"), [("bookTicker", QUOTES, "u"), ("aggTrade", TRADES, "a"), ("depth", DEPTH, "u")]
)
def test_messages_of_a_kind_come_in_pairs_the_later_one_first(caller: Caller, kind: str, wanted: str, number: str) -> None:
    with all_streams(caller) as stream:
        before, stamps = bites(caller, "out_of_order"), [each[number] for each in heard(stream, wanted, 1)]
        caller.fault("out_of_order", count=2, stream=kind)
        until(lambda: bites(caller, "out_of_order") == before + 2)
        while sum(a > b for a, b in pairwise(stamps)) < 2:
            stamps += [each[number] for each in heard(stream, wanted, 1)]
        stamps += [each[number] for each in heard(stream, wanted, 10)]
        assert sum(a > b for a, b in pairwise(stamps)) == 2
        assert len(set(stamps)) == len(stamps)


def test_what_waits_for_its_pair_is_sent_when_the_fault_is_taken_back(caller: Caller) -> None:
    with all_streams(caller, QUOTES) as stream:
        before = bites(caller, "out_of_order")
        caller.fault("out_of_order", count=1)
        until(lambda: caller.described()["feed"]["held"] == 1 or bites(caller, "out_of_order") > before)
        caller.fault("freeze_market_data")
        caller.fault("out_of_order", count=0)
        assert (caller.described()["feed"]["held"], caller.described()["waiting"]["out_of_order"]) == (0, 0)
        caller.fault("freeze_market_data", on=False)
        heard(stream, QUOTES, 3)


def test_stamps_lie_in_the_past_while_the_data_goes_on(caller: Caller) -> None:
    streams = (QUOTES, TRADES, DEPTH, f"{NAME}@markPrice@1s")
    with all_streams(caller, *streams) as stream:
        before = bites(caller, "stale_timestamps")
        caller.fault("stale_timestamps", ms=60_000)
        until(lambda: bites(caller, "stale_timestamps") > before)
        for wanted in streams:
            aged = stream.until(lambda each, wanted=wanted: each["stream"] == wanted and age_s(each["data"]["E"]) > 30)["data"]
            assert 59 < age_s(aged["E"]) < 65
            assert age_s(aged["T"]) < -1 if wanted == streams[-1] else aged["T"] == aged["E"]
        assert age_s(caller.send("GET", "/fapi/v1/time").document["serverTime"]) < 5
        caller.fault("stale_timestamps", on=False)
        assert stream.until(lambda each: age_s(each["data"]["E"]) < 30)


def age_s(stamp_ms: int) -> float:
    return time.time() - stamp_ms / 1_000


def test_a_quote_is_crossed_on_the_stream_and_not_at_the_venue(caller: Caller) -> None:
    with all_streams(caller, QUOTES) as stream:
        before = bites(caller, "crossed_book")
        caller.fault("crossed_book", count=2)
        crossed = [stream.until(is_crossed) for _ in range(2)]
        assert len({each["data"]["u"] for each in crossed}) == 2
        bid, ask = map(Decimal, caller.best())
        assert bid < ask
        assert not any(is_crossed({"data": each}) for each in heard(stream, QUOTES, 10))
        assert bites(caller, "crossed_book") == before + 2


def is_crossed(message: Any) -> bool:
    return Decimal(message["data"]["b"]) > Decimal(message["data"]["a"])


def test_a_side_is_empty_as_a_venue_writes_it(caller: Caller) -> None:
    with all_streams(caller, QUOTES) as stream:
        before = bites(caller, "zero_book")
        caller.fault("zero_book", count=2)
        emptied = [stream.until(lambda each: not Decimal(each["data"]["B"]))["data"] for _ in range(2)]
        assert [(each["b"], each["B"]) for each in emptied] == [("0.0", "0.000")] * 2
        assert all(Decimal(each["a"]) > 0 and Decimal(each["A"]) > 0 for each in emptied)
        assert all(Decimal(each["B"]) > 0 for each in heard(stream, QUOTES, 10))
        assert bites(caller, "zero_book") == before + 2


def test_messages_are_held_and_come_at_once(caller: Caller) -> None:
    with all_streams(caller) as stream:
        before = bites(caller, "burst")
        caller.fault("burst", count=40)
        until(lambda: caller.described()["feed"]["held"] > 10 or bites(caller, "burst") > before)
        until(lambda: bites(caller, "burst") > before)
        assert bites(caller, "burst") == before + 40
        assert caller.described()["waiting"]["burst"] == 0
        messages = [stream.next() for _ in range(60)]
    assert all(follows([each["data"] for each in messages if each["stream"] == DEPTH]))


def test_what_is_held_is_sent_when_everything_is_taken_back_and_counts_as_sent(caller: Caller) -> None:
    with all_streams(caller) as stream:
        before = bites(caller, "burst")
        diffs = heard(stream, DEPTH, 1)
        caller.fault("burst", count=10_000)
        until(lambda: caller.described()["feed"]["held"] >= 10)
        assert bites(caller, "burst") == before
        caller.fault("reset")
        assert bites(caller, "burst") >= before + 10
        diffs += heard(stream, DEPTH, 10)
    assert all(follows(diffs))


def test_a_quiet_market_stands_still_for_everybody_and_is_counted_while_somebody_waits(caller: Caller) -> None:
    with all_streams(caller) as stream:
        before = bites(caller, "quiet_market")
        caller.fault("quiet_market")
        until(lambda: bites(caller, "quiet_market") > before + 2)
        at = [update_id(caller) for _ in range(2)]
        assert at[0] == at[1]
        caller.fault("quiet_market", on=False)
        until(lambda: update_id(caller) > at[0])
        counted = bites(caller, "quiet_market")
        heard(stream, DEPTH, 5)
        assert bites(caller, "quiet_market") == counted


def update_id(caller: Caller) -> int:
    return int(caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=5").document["lastUpdateId"])


def test_nothing_is_counted_while_nobody_listens(caller: Caller) -> None:
    names = ("mute_channel", "sequence_gap", "duplicate_messages", "out_of_order", "stale_timestamps", "crossed_book")
    names = (*names, "zero_book", "burst", "quiet_market")
    until(lambda: caller.described()["listeners"] == 0)
    before, at = caller.counters(), update_id(caller)
    for name in names[:-1]:
        caller.fault(name)
    until(lambda: update_id(caller) > at + 20)
    caller.fault("quiet_market")
    time.sleep(0.2)
    assert {name: caller.counters()[name] - before[name] for name in names} == dict.fromkeys(names, 0)


def test_what_waits_is_told_and_taken_back(caller: Caller) -> None:
    counted = {"sequence_gap": 9, "duplicate_messages": 8, "out_of_order": 7, "crossed_book": 6, "zero_book": 5, "burst": 4}
    for name, count in counted.items():
        caller.fault(name, count=count)
    told = caller.fault("mute_channel", stream="depth").document
    assert (counted.items() <= told["waiting"].items(), told["feed"]["muted"]) == (True, ["depth"])
    for name in counted:
        told = caller.fault(name, count=0).document
    assert {name: told["waiting"][name] for name in counted} == dict.fromkeys(counted, 0)
    caller.fault("sequence_gap", count=9)
    caller.fault("stale_timestamps")
    told = caller.fault("reset").document
    assert (told["waiting"]["sequence_gap"], told["feed"]) == (0, {"muted": [], "stale_ms": 0, "held": 0})


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("mute_channel", {"stream": "trade"}),
        ("duplicate_messages", {"count": -1}),
        ("stale_timestamps", {"ms": 0}),
        ("burst", {"count": 10_001}),
        ("crossed_book", {"stream": "bookTicker"}),
    ],
)
def test_a_document_that_is_none_is_refused(caller: Caller, name: str, document: dict[str, object]) -> None:
    assert caller.fault(name, **document).status == 400


@pytest.mark.parametrize("kind", FEED_PARAMETERS)
def test_what_a_drill_says_of_a_fault_is_the_document_of_the_port_of_its_name(caller: Caller, kind: str) -> None:
    form, (port, _) = FEED_PARAMETERS[kind], FAULTS[kind]
    assert {"on", *form.__struct_fields__} >= set(port.__struct_fields__) >= set(form.__struct_fields__)
    left_out, said = msgspec.json.decode(b"{}", type=port), msgspec.json.decode(msgspec.json.encode(form()), type=port)
    assert left_out == said
    assert caller.fault(kind, **msgspec.to_builtins(form())).status == 200
