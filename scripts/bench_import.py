"""How fast klines are imported, and how much faster than through Nautilus's own objects; prints one JSON object.

Both ways read the same CSV and write a catalog that Nautilus reads, in turns in one run. The way through objects is the quickest
that Nautilus has: pandas, `BarDataWrangler`, `ParquetDataCatalog.write_data`; it reads prices as floats and rounds, the import
does neither. The file is a month of real FILUSDT klines where the folder of test data is there, else the packaged sample's day;
repeated with shifted times to about a million rows, because the real one is over before a clock can tell.
"""

import argparse
import csv
import gzip
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped] # its stubs are a package of their own, for one script
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Price, Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.persistence.wranglers import BarDataWrangler
from real_data import real_klines

from tc.data.csv_files.formats import FORMATS
from tc.data.importing import import_files
from tc.data.market.day import make_market, one_minute_bars
from tc.data.sample import SEED
from tc.data.target import ImportTarget

FIL = ImportTarget("FILUSDT-PERP.BINANCE", "FILUSDT", price_precision=3, size_precision=1)
BTC = ImportTarget("BTCUSDT-PERP.BINANCE", "BTCUSDT", price_precision=1, size_precision=3)
COLUMNS = FORMATS["binance-klines"].columns


def main() -> None:
    """Measure in turns, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="about how many rows the file has")
    parser.add_argument("--rounds", type=int, default=3, help="how many times each way is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "klines.csv"
        source, target, rows = write_tiled(file, options.rows)
        ways: dict[str, Callable[[Path], int]] = {
            "import": lambda data_root: import_files([file], target, data_root=data_root).dataset.rows,
            "objects": lambda data_root: through_objects(file, target, data_root),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                seconds[name].append(measured(way, Path(folder) / name, rows))
    rates = {name: [round(rows / each) for each in measurements] for name, measurements in seconds.items()}
    imported, objects = (statistics.median(rates[name]) for name in ("import", "objects"))
    result = {
        "benchmark": "klines_import",
        "source": source,
        "rows": rows,
        "rounds": options.rounds,
        "import_rows_per_s": imported,
        "objects_rows_per_s": objects,
        "ratio": round(imported / objects, 2),
        "import_rows_per_s_each": rates["import"],
        "objects_rows_per_s_each": rates["objects"],
        "python": sys.version.split()[0],
        "cpus": os.cpu_count(),
    }
    print(json.dumps(result))


def measured(way: Callable[[Path], int], folder: Path, rows: int) -> float:
    """Return the seconds of wall time that one way takes."""
    started = time.perf_counter()
    made = way(folder)
    elapsed = time.perf_counter() - started
    if made != rows:
        raise SystemExit(f"{folder.name}: {made} rows, expected {rows}")
    shutil.rmtree(folder)
    return elapsed


def through_objects(file: Path, target: ImportTarget, folder: Path) -> int:
    """Import klines as Nautilus's own tools do."""
    instrument = perpetual(target)
    frame = pd.read_csv(file, usecols=["open", "high", "low", "close", "volume", "close_time"])
    frame.index = pd.to_datetime(frame.pop("close_time") + 1, unit="ms", utc=True)
    bars = BarDataWrangler(BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL"), instrument).process(frame)
    ParquetDataCatalog(folder).write_data(bars)
    return len(bars)


def perpetual(target: ImportTarget) -> CryptoPerpetual:
    """Return the instrument as Nautilus's object."""
    return CryptoPerpetual(
        instrument_id=InstrumentId.from_str(target.instrument_id),
        raw_symbol=Symbol(target.raw_symbol),
        base_currency=Currency.from_str(target.raw_symbol.removesuffix("USDT")),
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=target.price_precision,
        size_precision=target.size_precision,
        price_increment=Price(10**-target.price_precision, target.price_precision),
        size_increment=Quantity(10**-target.size_precision, target.size_precision),
        ts_event=0,
        ts_init=0,
    )


def write_tiled(file: Path, wanted: int) -> tuple[str, ImportTarget, int]:
    """Write about so many klines, repeated with shifted times; return their source, their instrument and their number."""
    source, target, month = source_rows()
    tiles = max(1, round(wanted / len(month)))
    span_ms = int(month[-1][0]) - int(month[0][0]) + 60_000
    with file.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for tile in range(tiles):
            for row in month:
                opened_ms = int(row[0]) + tile * span_ms
                writer.writerow([opened_ms, *row[1:6], opened_ms + 59_999, *row[7:]])
    return f"{source}, repeated {tiles} times", target, tiles * len(month)


def source_rows() -> tuple[str, ImportTarget, list[list[str]]]:
    """Return the rows of the real file, or of the packaged sample where it is absent."""
    real = real_klines()
    if real is not None:
        with gzip.open(real, "rt") as lines:
            return real.name, FIL, list(csv.reader(lines))[1:]
    bars = one_minute_bars(make_market(SEED)[1])
    columns = (bars.open_ticks, bars.high_ticks, bars.low_ticks, bars.close_ticks)
    rows = [
        [
            str(closed_ns // 10**6 - 60_000),
            *(f"{column[index] // 10}.{column[index] % 10}" for column in columns),
            f"{bars.lots[index] // 1_000}.{bars.lots[index] % 1_000:03d}",
            str(closed_ns // 10**6 - 1),
            *("0", "0", "0", "0", "0"),
        ]
        for index, closed_ns in enumerate(bars.closed_ns)
    ]
    return "the packaged sample", BTC, rows


if __name__ == "__main__":
    main()
