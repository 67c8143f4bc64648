"""A recording becomes a market: put together around its snapshot, never crossed, at its own times, once or again and again."""

import gzip
import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tc.errors import DocumentError
from tc.venue.market.book import Book
from tc.venue.market.moves import BestChanged, BookChanged, BookReset, Move, Traded
from tc.venue.market.replay import replay

FIRST_NS = 1_723_161_255_000_000_000
TICK = Decimal("0.1")


def stream(kind: str, **data: Any) -> dict[str, Any]:
    return {"stream": f"btcusdt@{kind}", "data": data}


def depth(first: int, last: int, previous: int, bids: Iterable[Any] = (), asks: Iterable[Any] = ()) -> dict[str, Any]:
    return stream("depth@0ms", e="depthUpdate", E=1, T=1, s="BTCUSDT", U=first, u=last, pu=previous, b=[*bids], a=[*asks])


def best(update_id: int, bid: str, ask: str) -> dict[str, Any]:
    return stream("bookTicker", e="bookTicker", u=update_id, s="BTCUSDT", b=bid, B="2.000", a=ask, A="3.000", T=1, E=1)


def trade(price: str, kind: str = "MARKET") -> dict[str, Any]:
    return stream("trade", e="trade", E=1, T=1, s="BTCUSDT", t=1, p=price, q="0.500", X=kind, m=True)


def snapshot(last: int) -> dict[str, Any]:
    return {"lastUpdateId": last, "E": 1, "T": 1, "bids": [["100.00", "1.000"]], "asks": [["101.00", "1.000"]]}


def recording(folder: Path, *messages: dict[str, Any]) -> Path:
    path = folder / "recorded.gz"
    lines = [f"{FIRST_NS + number * 1_000_000} {json.dumps(message)}\n" for number, message in enumerate(messages)]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return path


def played(path: Path) -> list[Move]:
    return list(replay(path, tick_size=TICK, is_looping=False))


def test_updates_are_kept_until_the_snapshot_and_those_that_it_contains_are_dropped(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        depth(1, 5, 0, [["90.00", "9.000"]]),
        depth(6, 12, 5, [["99.00", "2.000"]]),
        trade("100.00"),
        snapshot(8),
        depth(13, 20, 12, [["98.00", "3.000"]]),
    )
    moves = played(path)
    assert [type(move) for move in moves] == [BookReset, BookChanged, BookChanged]
    book = Book("BTCUSDT", first_update_id=0)
    for move in moves:
        book.apply(move)
    assert [str(price) for price, _ in book.bids.top(9)] == ["100.0", "99.0", "98.0"]
    assert [move.at_ns for move in moves] == [0, 0, 1_000_000]


def test_a_snapshot_older_than_every_update_waits_for_the_one_that_straddles_it(tmp_path: Path) -> None:
    moves = played(recording(tmp_path, snapshot(8), depth(6, 12, 5, [["99.00", "2.000"]])))
    assert [type(move) for move in moves] == [BookReset, BookChanged]


def test_a_gap_loses_the_book_until_the_next_snapshot(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        depth(6, 12, 5),
        snapshot(8),
        depth(20, 25, 19, [["99.00", "2.000"]]),
        trade("100.00"),
        snapshot(22),
        trade("100.10"),
    )
    assert [type(move) for move in played(path)] == [BookReset, BookChanged, BookReset, BookChanged, Traded]


def test_newer_best_prices_hold_against_older_depth(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        depth(6, 12, 5),
        snapshot(8),
        best(30, "99.50", "100.00"),
        depth(13, 20, 12, [["100.00", "7.000"], ["99.00", "1.000"]]),
    )
    book = Book("BTCUSDT", first_update_id=0)
    for move in played(path):
        book.apply(move)
    assert [str(price) for price, _ in book.bids.top(9)] == ["99.5", "99.0"]


def test_trades_that_no_order_took_part_in_are_passed_over(tmp_path: Path) -> None:
    moves = played(recording(tmp_path, depth(6, 12, 5), snapshot(8), trade("100.00", "INSURANCE_FUND"), trade("100.10")))
    assert [move.price for move in moves if isinstance(move, Traded)] == [Decimal("100.1")]


def test_a_recording_that_loops_begins_again_with_the_whole_book_and_time_goes_on(tmp_path: Path) -> None:
    path = recording(tmp_path, depth(6, 12, 5), snapshot(8), trade("100.00"))
    moves = list(islice(replay(path, tick_size=TICK, is_looping=True), 9))
    assert [type(move) for move in moves] == [BookReset, BookChanged, Traded] * 3
    stamps = [move.at_ns for move in moves]
    assert stamps == sorted(stamps)
    assert stamps[3] > stamps[2]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"nonsense\n", "line 1 is no message"),
        (b'1723161255000000000 {"stream":"btcusdt@trade","data":{"p":1}}\n', "line 1 is no message"),
        (b'1723161255000000000 {"stream":"btcusdt@depth","data":{"U":1', "line 1 is no message"),
        (b"", "has no depth snapshot"),
    ],
)
def test_what_is_no_recording_is_named_with_its_line(tmp_path: Path, lines: bytes, said: str) -> None:
    path = tmp_path / "recorded"
    path.write_bytes(lines)
    with pytest.raises(DocumentError, match=said):
        played(path)


def test_a_price_off_the_tick_and_a_torn_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"100\.05, which is no multiple of the tick 0\.1"):
        played(recording(tmp_path, depth(6, 12, 5), snapshot(8), trade("100.05")))
    path = recording(tmp_path, *[depth(6, 12, 5)] * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DocumentError, match="cannot be read"):
        played(path)
    with pytest.raises(DocumentError, match="cannot be read"):
        played(tmp_path / "absent.gz")


def test_the_real_recording_is_never_crossed(real_data: Path) -> None:
    path, kinds = real_data / "binance_raw_stream" / "usdm_btcusdt_20240808.gz", dict[type, int]()
    book = Book("BTCUSDT", first_update_id=0)
    for move in replay(path, tick_size=TICK, is_looping=False):
        book.apply(move)
        kinds[type(move)] = kinds.get(type(move), 0) + 1
        bid, ask = book.bids.best, book.asks.best
        assert bid is not None
        assert ask is not None
        assert bid[0] < ask[0]
    assert kinds[BookReset] == 1
    assert kinds[BookChanged] > 6_500
    assert kinds[Traded] > 21_000
    assert kinds[BestChanged] > 60_000
