"""The best prices of a market, asked beside its streams: anybody may ask, and it weighs next to nothing."""

from decimal import Decimal

from tc.exchange.wire.line import VenueLine
from tc.exchange.wire.protocol import TouchDocument

BOOK_TICKER = "/fapi/v1/ticker/bookTicker"
_WEIGHT = 2


async def read_touch(line: VenueLine, symbol: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return the best bid and its size, and the best ask and its size; it gives way while request weight is short.

    Raises
    ------
    VenueUnreachableError, VenueRefusedError
        As `VenueLine.ask`.

    """
    said = await line.ask(BOOK_TICKER, {"symbol": symbol}, TouchDocument, weight=_WEIGHT)
    return said.bidPrice, said.bidQty, said.askPrice, said.askQty
