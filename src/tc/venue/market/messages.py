"""The messages of the public streams, field for field.

Source: "Websocket Market Streams" in Binance's documentation of the USD-M futures API.
"""

import msgspec

type WireLevels = list[tuple[str, str]]


class BookTicker(msgspec.Struct, kw_only=True):
    """`<symbol>@bookTicker`."""

    e: str = "bookTicker"
    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    T: int
    E: int


class Trade(msgspec.Struct, kw_only=True):
    """`<symbol>@trade`."""

    e: str = "trade"
    E: int
    T: int
    s: str
    t: int
    p: str
    q: str
    X: str = "MARKET"
    m: bool


class AggregateTrade(msgspec.Struct, kw_only=True):
    """`<symbol>@aggTrade`: here one trade each."""

    e: str = "aggTrade"
    E: int
    a: int
    s: str
    p: str
    q: str
    f: int
    l: int  # noqa: E741 - Binance's name
    T: int
    m: bool


class DepthUpdate(msgspec.Struct, kw_only=True):
    """`<symbol>@depth…`: changes, or the best levels of a partial stream."""

    e: str = "depthUpdate"
    E: int
    T: int
    s: str
    U: int
    u: int
    pu: int
    b: WireLevels
    a: WireLevels


class MarkPrice(msgspec.Struct, kw_only=True):
    """`<symbol>@markPrice`."""

    e: str = "markPriceUpdate"
    E: int
    s: str
    p: str
    i: str
    P: str
    r: str = "0.00010000"
    T: int


class KlineData(msgspec.Struct, kw_only=True):
    """A candle as it is so far."""

    t: int
    T: int
    s: str
    i: str = "1m"
    f: int
    L: int
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - Binance's name
    v: str
    n: int
    x: bool
    q: str
    V: str
    Q: str
    B: str = "0"


class Kline(msgspec.Struct, kw_only=True):
    """`<symbol>@kline_1m`."""

    e: str = "kline"
    E: int
    s: str
    k: KlineData


encode = msgspec.json.Encoder().encode
