"""The packaged instruments beside the real data: a value that does not fit would be refused at import."""

import csv
import gzip
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from tc.spec.library import load_instrument


def rows(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    found = list(csv.reader(text.splitlines()))
    return found if found[0][0].isdecimal() else found[1:]


def all_fit(texts: Iterable[str], increment: str) -> bool:
    step = Decimal(increment)
    return all(Decimal(text) % step == 0 for text in texts)


@pytest.mark.parametrize(
    ("instrument_id", "file", "prices", "sizes"),
    [
        ("FILUSDT-PERP.BINANCE", "binance_um_klines_1m/FILUSDT-1m-2023-04.csv.gz", (1, 2, 3, 4), (5,)),
        ("ADABTC.BINANCE", "binance_spot_klines_1m/ADABTC-1m-2021-11-27.csv", (1, 2, 3, 4), (5,)),
        ("ADABTC.BINANCE", "binance_spot_klines_1m/ADABTC-1m-2021-11-28.csv", (1, 2, 3, 4), (5,)),
        ("BTCUSDT-PERP.BINANCE", "derived_tardis_format/binance-futures_trades_2024-08-08_BTCUSDT.csv.gz", (6,), (7,)),
        ("BTCUSDT-PERP.BINANCE", "derived_tardis_format/binance-futures_quotes_2024-08-08_BTCUSDT.csv.gz", (5, 6), (4, 7)),
    ],
)
def test_every_price_and_size_of_the_real_data_fits(
    real_data: Path, instrument_id: str, file: str, prices: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    instrument = load_instrument(instrument_id, search=())
    found = rows(real_data / file)
    assert all_fit((row[column] for row in found for column in prices), instrument.price_increment)
    assert all_fit((row[column] for row in found for column in sizes), instrument.size_increment)
