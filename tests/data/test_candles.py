"""Candles from a dataset's Parquet: exact, in order, and the same however the rows are cut into batches."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ema_cross import filusdt_candles
from market_csv import BTC, FIL
from tc.data.candles import read_candles
from tc.data.catalog.layout import catalog_schema, fixed_from_integers
from tc.data.importing import import_files
from tc.errors import ArtifactError
from tc.reports.candles import NANOS, coarser
from tc.store.dataset import Dataset, DatasetPart, PartKind

MINUTE_NS = 60 * NANOS


def part_of(root: Path, kind: PartKind, stamps: list[int], prices: dict[str, list[int]], precision: int = 1) -> DatasetPart:
    """Write one Parquet file in the catalog's layout; what candles do not need is zero."""
    identifier = "BTCUSDT.X-1-MINUTE-LAST-EXTERNAL" if kind == "bars" else "BTCUSDT.X"
    schema = catalog_schema(kind, identifier=identifier, instrument_id="BTCUSDT.X", precisions=(precision, 0))
    rows = len(stamps)
    columns = []
    for field in schema:
        if field.name in prices:
            columns.append(fixed_from_integers(np.array(prices[field.name], dtype=np.int64), precision))
        elif field.name.startswith("ts_"):
            columns.append(stamps)
        elif field.name == "trade_id":
            columns.append([str(row) for row in range(rows)])
        elif field.name == "aggressor_side":
            columns.append([1] * rows)
        else:
            columns.append(fixed_from_integers(np.zeros(rows, dtype=np.int64), 0))
    path = root / f"{kind}.parquet"
    pq.write_table(pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema), path)
    return DatasetPart(kind, identifier, path.name, rows, stamps[0], stamps[-1], "f" * 64)


def dataset_of(root: Path, *parts: DatasetPart, precision: int = 1) -> Dataset:
    return Dataset(1, "small", "BTCUSDT.X", precision, 0, parts, "f" * 64, (), root)


def bars_of(root: Path, closes: list[int]) -> DatasetPart:
    stamps = [MINUTE_NS * (index + 1) for index in range(len(closes))]
    opens = [closes[0], *closes[:-1]]
    prices = {
        "open": opens,
        "high": [max(pair) + 1 for pair in zip(opens, closes, strict=True)],
        "low": [min(pair) - 1 for pair in zip(opens, closes, strict=True)],
        "close": closes,
    }
    return part_of(root, "bars", stamps, prices)


def test_bars_keep_their_own_interval_and_their_prices(tmp_path: Path) -> None:
    found = read_candles(dataset_of(tmp_path, bars_of(tmp_path, [1005, 1010, 990])))
    assert found is not None
    assert (found.drawn_as, found.source, found.rows) == ("candles", "bars of BTCUSDT.X-1-MINUTE-LAST-EXTERNAL", 3)
    assert (found.precision, found.interval_ns) == (1, MINUTE_NS)
    assert found.ends_ns == (MINUTE_NS, 2 * MINUTE_NS, 3 * MINUTE_NS)
    assert (found.opens, found.closes) == ((1005, 1005, 1010), (1005, 1010, 990))
    assert (found.highs, found.lows) == ((1006, 1011, 1011), (1004, 1004, 989))


def test_trades_are_a_line_in_steps_of_seconds(tmp_path: Path) -> None:
    stamps = [NANOS // 2, NANOS, NANOS + 1, 3 * NANOS]
    part = part_of(tmp_path, "trades", stamps, {"price": [5, 9, 4, 7]})
    found = read_candles(dataset_of(tmp_path, part))
    assert found is not None
    assert (found.drawn_as, found.source) == ("line", "trades of BTCUSDT.X")
    assert found.ends_ns == (NANOS, 2 * NANOS, 3 * NANOS)
    assert (found.opens, found.highs, found.lows, found.closes) == ((5, 4, 7), (9, 4, 7), (5, 4, 7), (9, 4, 7))


def test_quotes_are_their_mid_prices_with_one_more_decimal(tmp_path: Path) -> None:
    part = part_of(tmp_path, "quotes", [NANOS, 2 * NANOS], {"bid_price": [10, 11], "ask_price": [11, 13]})
    found = read_candles(dataset_of(tmp_path, part))
    assert found is not None
    assert (found.source, found.precision, found.closes) == ("mid-prices of quotes of BTCUSDT.X", 2, (105, 120))


def test_bars_are_preferred_to_trades_and_trades_to_quotes(tmp_path: Path) -> None:
    quotes = part_of(tmp_path, "quotes", [NANOS], {"bid_price": [10], "ask_price": [12]})
    trades = part_of(tmp_path, "trades", [NANOS], {"price": [5]})
    bars = bars_of(tmp_path, [1005])
    assert [
        read_candles(dataset_of(tmp_path, *parts)).source.split()[0] for parts in ((quotes, trades, bars), (quotes, trades))
    ] == [
        "bars",
        "trades",
    ]


def test_only_the_rows_that_are_played_count(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, bars_of(tmp_path, [1, 2, 3, 4, 5]))
    found = read_candles(dataset, start_ns=2 * MINUTE_NS, end_ns=4 * MINUTE_NS)
    assert found is not None
    assert (found.closes, found.rows) == ((2, 3), 2)
    assert read_candles(dataset, start_ns=6 * MINUTE_NS) is None
    assert read_candles(dataset, start_ns=2 * MINUTE_NS + 1, end_ns=3 * MINUTE_NS) is None


def test_a_longer_series_than_the_limit_is_read_in_longer_candles(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, bars_of(tmp_path, list(range(1000, 1100))))
    found = read_candles(dataset, limit=30)
    assert found is not None
    assert (len(found), found.interval_ns, found.rows) == (20, 5 * MINUTE_NS, 100)
    assert (found.opens[0], found.closes[-1], max(found.highs), min(found.lows)) == (1000, 1099, 1100, 999)


def test_progress_is_told_the_rows(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    read_candles(dataset_of(tmp_path, bars_of(tmp_path, [1, 2])), progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 2)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 10**6)), min_size=1, max_size=80),
    batch_rows=st.integers(1, 30),
    limit=st.integers(3, 40),
)
def test_batches_make_no_difference(tmp_path: Path, rows: list[tuple[int, int]], batch_rows: int, limit: int) -> None:
    stamps, at = [], 0
    for step, _ in rows:
        at += step * NANOS // 4
        stamps.append(at)
    part = part_of(tmp_path, "trades", stamps, {"price": [price for _, price in rows]})
    whole = read_candles(dataset_of(tmp_path, part), limit=limit)
    cut = read_candles(dataset_of(tmp_path, part), limit=limit, batch_rows=batch_rows)
    assert cut == whole
    assert whole is not None
    assert len(whole) <= limit
    assert whole.rows == len(rows)
    assert (max(whole.highs), min(whole.lows)) == (max(price for _, price in rows), min(price for _, price in rows))


def test_a_price_that_does_not_fit_the_precision_is_an_error_and_never_rounded(tmp_path: Path) -> None:
    part = part_of(tmp_path, "trades", [NANOS], {"price": [12345]}, precision=4)
    with pytest.raises(ArtifactError, match=r"the prices in .*trades\.parquet cannot be read"):
        read_candles(dataset_of(tmp_path, part, precision=2))


def test_a_file_that_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    part = bars_of(tmp_path, [1])
    (tmp_path / part.path).write_bytes(b"no parquet")
    with pytest.raises(ArtifactError) as caught:
        read_candles(dataset_of(tmp_path, part))
    assert "tc data fingerprint" in caught.value.hint


def test_real_klines_are_read_exactly(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    dataset = import_files([file], FIL, data_root=tmp_path, format_name="binance-klines").dataset
    assert read_candles(dataset) == filusdt_candles(real_data)


def test_real_klines_read_in_long_candles_are_those_made_of_short_ones(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    dataset = import_files([file], FIL, data_root=tmp_path, format_name="binance-klines").dataset
    assert read_candles(dataset, limit=2_000) == coarser(filusdt_candles(real_data), limit=2_000)


@pytest.mark.parametrize(("kind", "rows"), [("trades", 21_313), ("quotes", 66_089)])
def test_real_ticks_are_read(tmp_path: Path, real_data: Path, kind: str, rows: int) -> None:
    file = real_data / "derived_tardis_format" / f"binance-futures_{kind}_2024-08-08_BTCUSDT.csv.gz"
    found = read_candles(import_files([file], BTC, data_root=tmp_path).dataset)
    assert found is not None
    assert found.rows == rows
    assert found.drawn_as == "line"
    assert 50_000 < found.closes[0] / 10**found.precision < 70_000
