"""The best prices of a market and its last trade, asked beside its streams: anybody may ask, and it weighs little."""

from decimal import Decimal

from tc.exchange.wire.line import VenueLine
from tc.exchange.wire.protocol import MarketTradeDocument, TouchDocument

BOOK_TICKER = "/fapi/v1/ticker/bookTicker"
TRADES = "/fapi/v1/trades"
_WEIGHT = {BOOK_TICKER: 2, TRADES: 5}


async def read_touch(line: VenueLine, symbol: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return the best bid and its size, and the best ask and its size; it gives way while request weight is short.

    Raises
    ------
    VenueUnreachableError, VenueRefusedError
        As `VenueLine.ask`.

    """
    said = await line.ask(BOOK_TICKER, {"symbol": symbol}, TouchDocument, weight=_WEIGHT[BOOK_TICKER])
    return said.bidPrice, said.bidQty, said.askPrice, said.askQty


async def read_last_trade(line: VenueLine, symbol: str) -> tuple[int, ...]:
    """Return the number of the last trade, nothing where there is none yet; as `read_touch` else."""
    said = await line.ask(TRADES, {"symbol": symbol, "limit": 1}, tuple[MarketTradeDocument, ...], weight=_WEIGHT[TRADES])
    return tuple(each.id for each in said)
