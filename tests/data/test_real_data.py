"""Real files: their rows, and exactly the defects that are known of them."""

from pathlib import Path

import pytest

from market_csv import BTC, FIL
from tc.data.importing import import_files
from tc.data.inspecting import check_dataset
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.store.dataset import Dataset

TICKS = ("binance-futures_trades_2024-08-08_BTCUSDT.csv.gz", "binance-futures_quotes_2024-08-08_BTCUSDT.csv.gz")


def load(tmp_path: Path, files: list[Path], target: ImportTarget, format_name: str | None = None) -> Dataset:
    return import_files(files, target, data_root=tmp_path, format_name=format_name).dataset


def test_a_month_of_klines_has_every_minute_and_no_defect(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    dataset = load(tmp_path, [file], FIL, "binance-klines")
    assert dataset.rows == 43_200
    assert dataset.id == "filusdt-perp.binance-1m-20230401-20230430"
    assert dataset.sources[0].sha256 == "413d150b7d91a6afbc5679efc30ba62083509c3e6a77058e0d691e102ae004fc"
    assert check_dataset(dataset) == ()


def test_klines_without_a_header_of_two_days_have_a_gap_between_them(tmp_path: Path, real_data: Path) -> None:
    files = sorted((real_data / "binance_spot_klines_1m").glob("ADABTC-1m-*.csv"))
    dataset = load(tmp_path, files, ImportTarget("ADABTC.BINANCE", "ADABTC", price_precision=8, size_precision=1))
    assert [source.rows for source in dataset.sources] == [10, 11]
    (finding,) = check_dataset(dataset)
    assert (finding.code, finding.subject) == ("gap", "bars ADABTC.BINANCE-1-MINUTE-LAST-EXTERNAL, row 10")
    assert "1430 bars are missing" in finding.actual


def test_klines_that_need_more_decimals_than_the_instrument_has_are_refused(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "binance_spot_klines_1m" / "ADABTC-1m-2021-11-27.csv"
    with pytest.raises(DocumentError, match=r"line 1, column open: '0\.00002853' does not fit the price precision"):
        load(tmp_path, [file], ImportTarget("ADABTC.BINANCE", "ADABTC", price_precision=7, size_precision=1))


def test_trades_and_quotes_show_their_known_defects(tmp_path: Path, real_data: Path) -> None:
    dataset = load(tmp_path, [real_data / "derived_tardis_format" / name for name in TICKS], BTC)
    assert [(part.kind, part.rows) for part in dataset.parts] == [("quotes", 66_089), ("trades", 21_313)]
    clock = "ts_init at or after ts_event"
    assert [(each.code, each.subject, each.expected) for each in check_dataset(dataset)] == [
        ("received_before_event", "quotes BTCUSDT-PERP.BINANCE, rows 0, 1, 2 and 66086 more", clock),
        ("duplicate", "quotes BTCUSDT-PERP.BINANCE, row 44534", "every row once"),
        ("received_before_event", "trades BTCUSDT-PERP.BINANCE, rows 0, 1, 2 and 21310 more", clock),
    ]
    quotes, duplicate, trades = check_dataset(dataset)
    assert duplicate.actual == "1 row; first: ts_init 2024-08-08T23:58:21.112936Z"
    assert "by up to 1.27" in quotes.actual
    assert "by up to 1.27" in trades.actual


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        ("bitmex_trades_XBTUSD.csv", ImportTarget("XBTUSD.BITMEX", "XBTUSD", price_precision=1, size_precision=0), "trades"),
        (
            "huobi-dm-swap_quotes_BTC-USD.csv",
            ImportTarget("BTC-USD.HUOBI", "BTC-USD", price_precision=1, size_precision=0),
            "quotes",
        ),
    ],
)
def test_genuine_tardis_files_are_imported_and_clean(
    tmp_path: Path, real_data: Path, name: str, target: ImportTarget, kind: str
) -> None:
    dataset = load(tmp_path, [real_data / "tardis_samples" / name], target)
    assert [(part.kind, part.rows) for part in dataset.parts] == [(kind, 10)]
    assert check_dataset(dataset) == ()


@pytest.mark.parametrize(
    "name",
    [
        "tardis_samples/binance-futures_book_snapshot_25_BTCUSDT.csv",
        "binance_samples/btcusdt-depth-snap.csv",
        "fx_ticks/truefx_usdjpy-ticks.csv",
        "bars_1m_other/6EH4.XCME_1min_bars_20240101_20240131.csv.gz",
    ],
)
def test_files_of_other_formats_are_refused_in_words(tmp_path: Path, real_data: Path, name: str) -> None:
    with pytest.raises(DocumentError, match="is neither the header nor a row of") as caught:
        load(tmp_path, [real_data / name], BTC)
    assert "tardis-quotes: exchange, symbol, timestamp" in caught.value.hint
