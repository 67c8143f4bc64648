"""Close one position with reduce-only MARKET orders, asking before an order is repeated."""

from decimal import Decimal

import msgspec

from tc.exchange.flattening.open_items import HeldPosition, Outcome
from tc.exchange.wire.errors import VenueRefusedError, VenueUnreachableError
from tc.exchange.wire.line import Parameters, VenueLine
from tc.exchange.wire.protocol import ExchangeDocument

_ORDER = "/fapi/v1/order"
_EXCHANGE = "/fapi/v1/exchangeInfo"
_TOO_LARGE = -4005
_NO_SUCH_ORDER = -2013
_MOST_PARTS = 100


class _Sent(msgspec.Struct, frozen=True):
    status: str = ""


async def close_position(line: VenueLine, position: HeldPosition, name: str) -> tuple[Outcome, str]:
    """Close a position with one order, or with several where the venue limits an order's quantity; say what came of it.

    ``name`` is the order's client id; parts have it with ``.1``, ``.2``, … behind.
    """
    quantity = abs(position.quantity)
    try:
        return await _send(line, position, quantity, name)
    except VenueRefusedError as error:
        if error.code != _TOO_LARGE:
            return "refused", error.message
    try:
        largest = await _largest(line, position.symbol)
    except (VenueRefusedError, VenueUnreachableError) as error:
        return "refused", f"the quantity {quantity:f} is too large for one order, and the limit cannot be read: {error.message}"
    outcome: tuple[Outcome, str] = ("refused", f"the venue names no largest quantity for {position.symbol}")
    for number in range(1, _MOST_PARTS + 1):
        if not largest or quantity <= 0:
            break
        try:
            outcome = await _send(line, position, min(quantity, largest), f"{name}.{number}")
        except VenueRefusedError as error:
            return "refused", error.message
        quantity -= largest
    return outcome


async def _send(line: VenueLine, position: HeldPosition, quantity: Decimal, name: str) -> tuple[Outcome, str]:
    """Send the order, and after an unclear answer ask for it; the next round sends another when the venue does not know it."""
    side = "SELL" if position.quantity > 0 else "BUY"
    words = f"{side} {quantity:f} at market, order {name}"
    parameters: Parameters = {
        "symbol": position.symbol,
        "side": side,
        "type": "MARKET",
        "quantity": f"{quantity:f}",
        "newClientOrderId": name,
        # In hedge mode the side says which position is reduced, and the protocol refuses reduceOnly.
        **({"reduceOnly": "true"} if position.side == "BOTH" else {"positionSide": position.side}),
    }
    try:
        await line.send("POST", _ORDER, parameters)
    except VenueUnreachableError as unclear:
        if not unclear.is_unclear:
            return "refused", unclear.message
        return await _asked(line, position.symbol, name, words, unclear)
    return "done", words


async def _asked(line: VenueLine, symbol: str, name: str, words: str, unclear: VenueUnreachableError) -> tuple[Outcome, str]:
    try:
        found = await line.get(_ORDER, {"symbol": symbol, "origClientOrderId": name}, _Sent)
    except VenueRefusedError as error:
        if error.code == _NO_SUCH_ORDER:
            return "unclear", f"{unclear.message}; the venue does not know the order, the next round sends a new one"
        return "unclear", f"{unclear.message}; asked for the order: {error.message}"
    except VenueUnreachableError as error:
        return "unclear", f"{unclear.message}; asked for the order: {error.message}"
    return "done", f"{words}: no clear answer, but the venue has it ({found.status})"


async def _largest(line: VenueLine, symbol: str) -> Decimal | None:
    exchange = await line.get(_EXCHANGE, {}, ExchangeDocument)
    filters = [each for found in exchange.symbols if found.symbol == symbol for each in found.filters]
    quantities = {each.filterType: each.maxQty for each in filters if each.maxQty}
    return quantities.get("MARKET_LOT_SIZE") or quantities.get("LOT_SIZE")
