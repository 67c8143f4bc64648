"""A dataset's book: the same from a capture and from Tardis, read back by time, and never crossed in the real recordings."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from market_csv import BTC, L2_HEADER, QUOTES_HEADER, START_US, TRADES_HEADER, level, quote, trade, write_csv
from tc.checks.book import Book
from tc.data.book import ROWS, read_book
from tc.data.candles import read_candles
from tc.data.catalog.reading import verify_dataset
from tc.data.csv_files.source import look_at
from tc.data.importing import import_files
from tc.data.inspecting import check_dataset
from tc.data.raw_stream.messages import Diff, Snapshot, read_messages
from tc.data.target import ImportTarget
from tc.errors import ArtifactError, DocumentError
from tc.store.dataset import Dataset, list_datasets

SPOT = ImportTarget("BTCUSDT.BINANCE", "BTCUSDT", price_precision=2, size_precision=8)
L2 = "derived_tardis_format/binance-futures_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz"
RAW = "binance_raw_stream/{}_btcusdt_20240808.gz"


def load(path: Path, *lines: str) -> Dataset:
    file = write_csv(path / "l2.csv", L2_HEADER, *lines)
    dataset = import_files([file], BTC, data_root=path / "data").dataset
    verify_dataset(dataset)
    return dataset


def test_levels_of_tardis_become_a_book(tmp_path: Path) -> None:
    lines = [
        level(0, is_snapshot="true"),
        level(0, is_snapshot="true", side="ask", price="61800.30"),
        level(1, amount="0"),
        level(2, price="61800.10", amount="1"),
        level(2, side="ask", amount="1"),
        level(3, is_snapshot="true"),
        level(4, is_snapshot="true", side="ask", price="61800.40"),
    ]
    dataset = load(tmp_path, *lines)
    assert dataset.id == "btcusdt-perp.binance-book-20240808"
    assert [(part.kind, part.rows) for part in dataset.parts] == [("book", 9)]
    frame = read_book(dataset)
    assert frame.schema == ROWS
    assert frame.select("kind", "side", "price", "size", "is_snapshot", "is_last").rows() == [
        ("clear", "NONE", 0, 0, True, False),
        ("delta", "BUY", 618_002, 2_507, True, False),
        ("delta", "SELL", 618_003, 2_507, True, True),
        ("delta", "BUY", 618_002, 0, False, True),
        ("delta", "BUY", 618_001, 1_000, False, False),
        ("delta", "SELL", 618_002, 1_000, False, True),
        ("clear", "NONE", 0, 0, True, False),
        ("delta", "BUY", 618_002, 2_507, True, True),
        ("delta", "SELL", 618_004, 2_507, True, True),
    ]
    assert frame["ts_event"].to_list() == [(START_US + at) * 1_000 for at in (0, 0, 0, 1_000, 2_000, 2_000, 3_000, 3_000, 4_000)]
    assert (frame["ts_init"] - frame["ts_event"] == 120_000).all()
    assert check_dataset(dataset) == ()


def test_a_file_that_begins_with_updates_has_no_snapshot(tmp_path: Path) -> None:
    (finding,) = check_dataset(load(tmp_path, level(1), level(2)))
    assert finding.code == "no_snapshot"


def test_a_snapshot_and_an_update_may_lie_across_the_readers_blocks(tmp_path: Path) -> None:
    count = 20_000
    prices = [f"{60_000 + number // 10}.{number % 10}0" for number in range(count)]
    lines = [level(0, price=price) for price in prices] + [level(1, price=price, amount="1") for price in prices]
    frame = read_book(load(tmp_path, *lines))
    assert frame["is_last"].arg_true().to_list() == [count, 2 * count]
    assert frame["kind"].value_counts().sort("kind").rows() == [("clear", 1), ("delta", 2 * count)]


def test_a_window_begins_with_the_book_as_it_stood(tmp_path: Path) -> None:
    lines = [level(0), level(1, side="ask", price="61800.30"), level(2, amount="1"), level(3, side="ask", amount="0"), level(4)]
    dataset = load(tmp_path, *lines)
    stamps = [(START_US + number * 1_000 + 120) * 1_000 for number in range(5)]
    window = read_book(dataset, stamps[2] + 1, stamps[4])
    assert window.select("ts_init", "kind", "price", "size", "is_snapshot", "is_last").rows() == [
        (stamps[2] + 1, "clear", 0, 0, True, False),
        (stamps[2] + 1, "delta", 618_002, 1_000, True, False),
        (stamps[2] + 1, "delta", 618_003, 2_507, True, True),
        (stamps[3], "delta", 618_002, 0, False, True),
    ]
    assert window["ts_event"][0] == (START_US + 2_000) * 1_000
    assert read_book(dataset, stamps[0]).equals(read_book(dataset))
    assert read_book(dataset, stamps[4], stamps[4]).is_empty()
    assert read_book(dataset, 0, stamps[0]).is_empty()
    unknown = read_book(load(tmp_path / "..", level(1)), (START_US + 2_000) * 1_000, stamps[4])
    assert unknown["is_snapshot"].to_list() == [False, False]


def test_trades_lie_between_the_updates_of_a_book(tmp_path: Path) -> None:
    files = [
        write_csv(tmp_path / "l2.csv", L2_HEADER, *map(level, range(3))),
        write_csv(tmp_path / "trades.csv", TRADES_HEADER, trade(0), trade(1, side="sell"), trade(9, side="unknown")),
    ]
    dataset = import_files(files, BTC, data_root=tmp_path).dataset
    assert [part.kind for part in dataset.parts] == ["book", "trades"]
    frame = read_book(dataset)
    assert frame["kind"].to_list() == ["clear", "delta", "trade", "delta", "trade", "delta", "trade"]
    assert frame.filter(pl.col("kind") == "trade")["side"].to_list() == ["BUY", "SELL", "NONE"]
    assert read_book(dataset, with_trades=False).height == 4


def test_a_dataset_without_a_book_has_none_to_read(tmp_path: Path) -> None:
    dataset = import_files([write_csv(tmp_path / "q.csv", QUOTES_HEADER, quote(0))], BTC, data_root=tmp_path).dataset
    with pytest.raises(DocumentError, match="has no book"):
        read_book(dataset)


def test_a_book_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    dataset = load(tmp_path, level(0))
    dataset.part_path(dataset.parts[0]).write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_book(dataset)


def test_a_number_that_does_not_fit_64_bits_is_an_error(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "l2.csv", L2_HEADER, level(0, price="17014118346045"))
    fine = ImportTarget("BTCUSDT-PERP.BINANCE", "BTCUSDT", price_precision=9, size_precision=3)
    dataset = import_files([file], fine, data_root=tmp_path).dataset
    with pytest.raises(ArtifactError, match="no whole number of 64 bits"):
        read_book(dataset)


def test_candles_of_a_book_are_those_of_its_mid_prices(tmp_path: Path) -> None:
    lines = [
        level(0),
        level(1, side="ask", price="61800.40"),
        level(2, price="61800.30"),
        level(1_500, side="ask", price="61800.50"),
    ]
    lines += [level(2_500, side="ask", price="61800.40", amount="0")]
    candles = read_candles(load(tmp_path, *lines), batch_rows=2)
    assert candles is not None
    assert (candles.drawn_as, candles.source) == ("line", "mid-prices of the book of BTCUSDT-PERP.BINANCE")
    assert (candles.precision, candles.rows) == (2, 4)
    assert [candles.opens, candles.highs, candles.lows, candles.closes] == [
        (6_180_030, 6_180_035, 6_180_040),
        (6_180_035, 6_180_035, 6_180_040),
        (6_180_030, 6_180_035, 6_180_040),
        (6_180_035, 6_180_035, 6_180_040),
    ]


def test_the_real_capture_and_its_tardis_form_are_the_same_book(tmp_path: Path, real_data: Path) -> None:
    raw, tardis = (
        import_files([real_data / name], BTC, data_root=tmp_path, dataset_id=dataset_id).dataset
        for name, dataset_id in ((RAW.format("usdm"), "raw"), (L2, "l2"))
    )
    assert [(part.kind, part.rows) for part in raw.parts] == [("book", 445_263), ("trades", 21_313)]
    assert [(part.kind, part.rows) for part in tardis.parts] == [("book", 445_263)]
    first, second = read_book(raw, with_trades=False), read_book(tardis)
    same = ("kind", "side", "price", "size", "is_snapshot", "ts_event")
    assert first.select(same).equals(second.select(same))
    assert (first["ts_init"] // 1_000).equals(second["ts_init"] // 1_000)
    assert [each.id for each in list_datasets(tmp_path)] == ["l2", "raw"]
    for dataset in (raw, tardis):
        assert {finding.code for finding in check_dataset(dataset)} == {"received_before_event"}


def test_the_real_spot_book_is_never_crossed_and_that_of_a_naive_sync_is(tmp_path: Path, real_data: Path) -> None:
    file = real_data / RAW.format("spot")
    dataset = import_files([file], SPOT, data_root=tmp_path).dataset
    assert [(part.kind, part.rows) for part in dataset.parts] == [("book", 126_074), ("trades", 9_757)]
    assert {finding.code for finding in check_dataset(dataset)} == {"received_before_event"}
    rows: list[tuple[int, ...]] = []
    is_known = False
    for message in read_messages(look_at(file)):
        is_known = is_known or isinstance(message, Snapshot)
        if is_known and isinstance(message, Diff | Snapshot):
            levels = [(1, *each) for each in message.bids] + [(2, *each) for each in message.asks]
            rows += [(2 if float(size) else 3, side, int(Decimal(price) * 100), 1, 0) for side, price, size in levels]
            rows[-1] = (*rows[-1][:4], 128)
    tops = Book().tops(pl.DataFrame(rows, schema=["action", "side", "price", "size", "flags"], orient="row"))
    assert (tops.height - 1, tops.filter(pl.col("bid") > pl.col("ask")).height) == (3_448, 2_573)


def test_the_real_spot_book_holds_a_size_finer_than_the_instruments(tmp_path: Path, real_data: Path) -> None:
    coarse = ImportTarget("BTCUSDT.BINANCE", "BTCUSDT", price_precision=2, size_precision=5)
    with pytest.raises(DocumentError, match=r"line 1886: the size '25\.42618900' does not fit the size precision"):
        import_files([real_data / RAW.format("spot")], coarse, data_root=tmp_path)


def test_a_genuine_tardis_book_is_imported(tmp_path: Path, real_data: Path) -> None:
    target = ImportTarget("BTC-PERPETUAL.DERIBIT", "BTC-PERPETUAL", price_precision=1, size_precision=0)
    file = real_data / "tardis_samples" / "deribit_incremental_book_L2_BTC-PERPETUAL.csv"
    dataset = import_files([file], target, data_root=tmp_path).dataset
    assert dataset.rows == 16
    assert check_dataset(dataset) == ()
