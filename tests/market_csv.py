"""CSV files as Binance and Tardis make them, small and made up, for tests of the data room."""

import gzip
import zipfile
from pathlib import Path

from tc.data.target import ImportTarget

FIL = ImportTarget("FILUSDT-PERP.BINANCE", "FILUSDT", price_precision=3, size_precision=1)
BTC = ImportTarget("BTCUSDT-PERP.BINANCE", "BTCUSDT", price_precision=1, size_precision=3)

KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
AGGTRADES_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
TRADES_HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
QUOTES_HEADER = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"
L2_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"

START_MS = 1_680_307_200_000
START_US = 1_723_161_256_000_000
MINUTE_MS = 60_000


def kline(
    minute: int, *, prices: tuple[str, str, str, str] = ("5.685", "5.695", "5.684", "5.692"), volume: str = "28753.6"
) -> str:
    """One bar of a minute, in milliseconds."""
    opened = START_MS + minute * MINUTE_MS
    return f"{opened},{','.join(prices)},{volume},{opened + MINUTE_MS - 1},163610.5208,335,22787.7,129658.0900,0"


def kline_us(minute: int) -> str:
    """One bar of a minute, in microseconds, as Binance's spot files have it from 2025 on."""
    opened = (START_MS + minute * MINUTE_MS) * 1_000
    return f"{opened},5.685,5.695,5.684,5.692,28753.6,{opened + MINUTE_MS * 1_000 - 1},163610.5208,335,22787.7,129658.0900,0"


def aggtrade(number: int, *, is_buyer_maker: str = "true") -> str:
    """One aggregated trade, a millisecond after the one before."""
    return f"{5_000 + number},61800.3{'0' * number},0.006,1,2,{START_MS + number},{is_buyer_maker}"


def trade(number: int, *, side: str = "buy", price: str = "61800.30", amount: str = "0.006", trade_id: str | None = None) -> str:
    """One trade of Tardis, a millisecond after the one before."""
    happened = START_US + number * 1_000
    return f"binance-futures,BTCUSDT,{happened},{happened + 150},{trade_id or 5_266_583_935 + number},{side},{price},{amount}"


def quote(number: int, *, ask: str = "61800.30", bid: str = "61800.20") -> str:
    """One quote of Tardis, a millisecond after the one before."""
    happened = START_US + number * 1_000
    return f"binance-futures,BTCUSDT,{happened},{happened + 120},2.510,{ask},{bid},2.507"


def level(
    number: int, *, side: str = "bid", price: str = "61800.20", amount: str = "2.507", is_snapshot: str | None = None
) -> str:
    """One level of a book of Tardis, an update a millisecond after the one before; the first is a snapshot."""
    happened = START_US + number * 1_000
    snapshot = is_snapshot or ("false" if number else "true")
    return f"binance-futures,BTCUSDT,{happened},{happened + 120},{snapshot},{side},{price},{amount}"


def write_csv(path: Path, *lines: str, end: str = "\n") -> Path:
    """Write lines, each ended."""
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def write_gzip(path: Path, *lines: str) -> Path:
    """Write lines, gzipped."""
    path.write_bytes(gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0))
    return path


def write_zip(path: Path, **members: str) -> Path:
    """Write a zip of files with a text each; two underscores in a name stand for its dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return path
