"""What an import writes is what Nautilus would have written: the same objects, and the same bytes."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import Bar, BarType, BookOrder, OrderBookDelta, QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide, BookAction, BookType, OrderSide, RecordFlag
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import FIXED_PRECISION, PRICE_MAX, QUANTITY_MAX, Price, Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.serialization.arrow.schema import NAUTILUS_ARROW_SCHEMA

from market_csv import (
    AGGTRADES_HEADER,
    BTC,
    FIL,
    KLINES_HEADER,
    L2_HEADER,
    QUOTES_HEADER,
    TRADES_HEADER,
    aggtrade,
    kline,
    kline_us,
    level,
    quote,
    trade,
    write_csv,
)
from tc.data.catalog import layout
from tc.data.importing import import_files
from tc.store.dataset import Dataset, PartKind

FIL_ID = InstrumentId.from_str(FIL.instrument_id)
BTC_ID = InstrumentId.from_str(BTC.instrument_id)
KINDS: dict[PartKind, type] = {"bars": Bar, "trades": TradeTick, "quotes": QuoteTick, "book": OrderBookDelta}
FIL_BARS = BarType.from_str("FILUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL")


def bar(opened_ns: int, cells: list[str]) -> Bar:
    """Build the bar of a klines row by hand, from its text."""
    closed_ns = opened_ns + 60 * 10**9
    prices = [Price(Decimal(cell), 3) for cell in cells[1:5]]
    return Bar(FIL_BARS, *prices, Quantity(Decimal(cells[5]), 1), closed_ns, closed_ns)


def tardis_trade(line: str) -> TradeTick:
    _, _, happened, received, trade_id, side, price, amount = line.split(",")
    return TradeTick(
        BTC_ID,
        Price(Decimal(price), 1),
        Quantity(Decimal(amount), 3),
        {"buy": AggressorSide.BUYER, "sell": AggressorSide.SELLER, "unknown": AggressorSide.NO_AGGRESSOR}[side],
        TradeId(trade_id),
        int(happened) * 1_000,
        int(received) * 1_000,
    )


def tardis_quote(line: str) -> QuoteTick:
    _, _, happened, received, ask_size, ask, bid, bid_size = line.split(",")
    return QuoteTick(
        BTC_ID,
        Price(Decimal(bid), 1),
        Price(Decimal(ask), 1),
        Quantity(Decimal(bid_size), 3),
        Quantity(Decimal(ask_size), 3),
        int(happened) * 1_000,
        int(received) * 1_000,
    )


def tardis_level(line: str, *, is_last: bool) -> OrderBookDelta:
    _, _, happened, received, is_snapshot, side, price, amount = line.split(",")
    order = BookOrder(
        OrderSide.BUY if side == "bid" else OrderSide.SELL, Price(Decimal(price), 1), Quantity(Decimal(amount), 3), 0
    )
    action = BookAction.ADD if is_snapshot == "true" else BookAction.UPDATE
    flags = RecordFlag.F_SNAPSHOT * (is_snapshot == "true") | RecordFlag.F_LAST * is_last
    changed = action if Decimal(amount) else BookAction.DELETE
    return OrderBookDelta(BTC_ID, changed, order, flags, 0, int(happened) * 1_000, int(received) * 1_000)


def plain(objects: list[Bar] | list[TradeTick] | list[QuoteTick]) -> list[dict[str, object]]:
    """Return all fields of objects: two ticks are equal in Nautilus before all their fields are."""
    return [type(each).to_dict(each) for each in objects]


def catalog(dataset: Dataset) -> ParquetDataCatalog:
    return ParquetDataCatalog(dataset.catalog)


def assert_same_files(dataset: Dataset, written: Path) -> None:
    """Compare every file of two catalogs, name by name and byte by byte."""
    ours = {path.relative_to(dataset.catalog): path.read_bytes() for path in dataset.catalog.rglob("*.parquet")}
    theirs = {path.relative_to(written): path.read_bytes() for path in written.rglob("*.parquet")}
    assert ours
    assert ours == theirs


def test_the_layout_is_the_one_of_this_nautilus() -> None:
    assert FIXED_PRECISION == layout.FIXED_PRECISION
    assert layout.LARGEST_PRICE == PRICE_MAX
    assert layout.LARGEST_SIZE == QUANTITY_MAX
    for kind, data_class in KINDS.items():
        schema = layout.catalog_schema(kind, identifier="x", instrument_id="x", precisions=(1, 1))
        assert schema.equals(NAUTILUS_ARROW_SCHEMA[data_class], check_metadata=False)


def test_bars_equal_those_of_nautilus_to_the_byte(tmp_path: Path) -> None:
    lines = [kline(0), kline(1, volume="0"), kline(2, prices=("5.69200", "1e1", "0.001", "5.7")), kline(3)]
    dataset = import_files([write_csv(tmp_path / "a.csv", KLINES_HEADER, *lines)], FIL, data_root=tmp_path / "data").dataset
    expected = [bar(int(line.split(",")[0]) * 10**6, line.split(",")) for line in lines]
    assert plain(catalog(dataset).bars()) == plain(expected)
    ParquetDataCatalog(tmp_path / "theirs").write_data(expected)
    assert_same_files(dataset, tmp_path / "theirs")


def test_bars_in_microseconds_equal_those_in_milliseconds(tmp_path: Path) -> None:
    milliseconds = write_csv(tmp_path / "ms.csv", *map(kline, range(5)))
    microseconds = write_csv(tmp_path / "us.csv", *map(kline_us, range(5)))
    first = import_files([milliseconds], FIL, data_root=tmp_path / "a").dataset
    second = import_files([microseconds], FIL, data_root=tmp_path / "b").dataset
    assert first.fingerprint == second.fingerprint
    assert catalog(second).bars()[0].ts_event == (1_680_307_200_000 + 60_000) * 10**6


@pytest.mark.parametrize("flag", [("true", "false"), ("True", "False")])
def test_aggregated_trades_equal_those_of_nautilus_to_the_byte(tmp_path: Path, flag: tuple[str, str]) -> None:
    lines = [aggtrade(0, is_buyer_maker=flag[0]), aggtrade(1, is_buyer_maker=flag[1])]
    file = write_csv(tmp_path / "a.csv", AGGTRADES_HEADER, *lines)
    dataset = import_files([file], BTC, data_root=tmp_path / "data").dataset
    expected = [
        TradeTick(BTC_ID, Price(61800.3, 1), Quantity(0.006, 3), side, TradeId(trade_id), at_ms * 10**6, at_ms * 10**6)
        for side, trade_id, at_ms in (
            (AggressorSide.SELLER, "5000", 1_680_307_200_000),
            (AggressorSide.BUYER, "5001", 1_680_307_200_001),
        )
    ]
    assert plain(catalog(dataset).trade_ticks()) == plain(expected)
    ParquetDataCatalog(tmp_path / "theirs").write_data(expected)
    assert_same_files(dataset, tmp_path / "theirs")


def test_trades_and_quotes_make_one_dataset_equal_to_that_of_nautilus_to_the_byte(tmp_path: Path) -> None:
    trades = [trade(0), trade(1, side="sell"), trade(2, side="unknown", trade_id="ccc3c1fa-212c-e8b0-1706-9b9c4f3d5ecf")]
    quotes = [quote(0), quote(1, ask="61800.4"), quote(1)]
    files = [
        write_csv(tmp_path / "trades.csv", TRADES_HEADER, *trades),
        write_csv(tmp_path / "quotes.csv", QUOTES_HEADER, *quotes),
    ]
    dataset = import_files(files, BTC, data_root=tmp_path / "data").dataset
    assert [part.kind for part in dataset.parts] == ["quotes", "trades"]
    assert plain(catalog(dataset).trade_ticks()) == plain(list(map(tardis_trade, trades)))
    assert plain(catalog(dataset).quote_ticks()) == plain(list(map(tardis_quote, quotes)))
    ParquetDataCatalog(tmp_path / "theirs").write_data([*map(tardis_trade, trades), *map(tardis_quote, quotes)])
    assert_same_files(dataset, tmp_path / "theirs")


def test_a_book_equals_that_of_nautilus(tmp_path: Path) -> None:
    lines = [level(0), level(0, side="ask", price="61800.3"), level(1, amount="0"), level(2, price="61800.1")]
    dataset = import_files([write_csv(tmp_path / "l2.csv", L2_HEADER, *lines)], BTC, data_root=tmp_path / "data").dataset
    stamps = [int(cell) * 1_000 for cell in lines[0].split(",")[2:4]]
    expected = [
        OrderBookDelta.clear(BTC_ID, 0, *stamps),
        *(tardis_level(line, is_last=number > 0) for number, line in enumerate(lines)),
    ]
    read = catalog(dataset).order_book_deltas()
    assert [OrderBookDelta.to_dict(each) for each in read[1:]] == [OrderBookDelta.to_dict(each) for each in expected[1:]]
    assert (read[0].action, read[0].flags, read[0].ts_init) == (BookAction.CLEAR, RecordFlag.F_SNAPSHOT, stamps[1])
    book = OrderBook(BTC_ID, BookType.L2_MBP)
    for delta in read:
        book.apply_delta(delta)
    assert (book.best_bid_price(), book.best_ask_price()) == (Price(Decimal("61800.1"), 1), Price(Decimal("61800.3"), 1))


def test_values_at_the_limits_of_nautilus_are_read_back(tmp_path: Path) -> None:
    limits = ("0.001", str(layout.LARGEST_PRICE), f"-{layout.LARGEST_PRICE}", "-0.001")
    file = write_csv(tmp_path / "a.csv", KLINES_HEADER, kline(0, prices=limits, volume=str(layout.LARGEST_SIZE)))
    dataset = import_files([file], FIL, data_root=tmp_path / "data").dataset
    read = catalog(dataset).bars()[0]
    prices = [each.as_decimal() for each in (read.open, read.high, read.low, read.close)]
    assert prices == list(map(Decimal, limits))
    assert read.volume.as_decimal() == layout.LARGEST_SIZE


def test_the_real_bars_equal_those_of_nautilus_to_the_byte(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    rows = [line.split(",") for line in gzip.decompress(file.read_bytes()).decode().splitlines()[1:]]
    expected = [bar(int(cells[0]) * 10**6, cells) for cells in rows]
    dataset = import_files([file], FIL, data_root=tmp_path / "data").dataset
    assert plain(catalog(dataset).bars()) == plain(expected)
    ParquetDataCatalog(tmp_path / "theirs").write_data(expected)
    assert_same_files(dataset, tmp_path / "theirs")


def test_the_real_ticks_equal_those_of_nautilus_to_the_byte(tmp_path: Path, real_data: Path) -> None:
    names = ("binance-futures_trades_2024-08-08_BTCUSDT.csv.gz", "binance-futures_quotes_2024-08-08_BTCUSDT.csv.gz")
    files = [real_data / "derived_tardis_format" / name for name in names]
    trades, quotes = (gzip.decompress(file.read_bytes()).decode().splitlines()[1:] for file in files)
    expected = [*map(tardis_trade, trades), *map(tardis_quote, quotes)]
    dataset = import_files(files, BTC, data_root=tmp_path / "data").dataset
    assert plain(catalog(dataset).trade_ticks()) == plain(expected[: len(trades)])
    assert plain(catalog(dataset).quote_ticks()) == plain(expected[len(trades) :])
    ParquetDataCatalog(tmp_path / "theirs").write_data(expected)
    assert_same_files(dataset, tmp_path / "theirs")
