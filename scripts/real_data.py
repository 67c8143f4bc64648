"""Where the folder of real market data lies, for the benchmarks; tests/conftest.py looks in the same place."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MONTH_OF_KLINES = "binance_um_klines_1m/FILUSDT-1m-2023-04.csv.gz"


def real_klines() -> Path | None:
    """Return the file with a month of real one-minute klines: in TC_TEST_DATA, else beside the repository; None when absent."""
    file = Path(os.environ.get("TC_TEST_DATA", REPOSITORY.parent / "shared" / "data")) / MONTH_OF_KLINES
    return file if file.is_file() else None
