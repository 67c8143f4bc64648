"""Requests for several orders at once: each is answered on its own, so that one that is refused does not hold up the others."""

from collections.abc import Callable, Sequence

import msgspec

from tc.venue.matching import Fact, Refused
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, malformed, missing
from tc.venue.requests import orders
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue

MOST_PLACED = 5
MOST_CANCELLED = 10


def place(venue: Venue, params: Params, now_ns: int) -> Reply:
    """POST batchOrders."""
    return _each(_orders(params), lambda each: orders.place(venue, each, now_ns))


def change(venue: Venue, params: Params, now_ns: int) -> Reply:
    """PUT batchOrders."""
    return _each(_orders(params), lambda each: orders.change(venue, each, now_ns))


def cancel(venue: Venue, params: Params, now_ns: int) -> Reply:
    """DELETE batchOrders."""
    symbol = params.values["symbol"]
    numbers, names = params.text("orderIdList"), params.text("origClientOrderIdList")
    if numbers is not None:
        wanted = [{"symbol": symbol, "orderId": str(each)} for each in _list("orderIdList", numbers, int)]
    elif names is not None:
        wanted = [{"symbol": symbol, "origClientOrderId": each} for each in _list("origClientOrderIdList", names, str)]
    else:
        raise missing("origClientOrderIdList")
    if len(wanted) > MOST_CANCELLED:
        raise ApiError(-4032, f"Exceed maximum cancel order size, at most {MOST_CANCELLED}.")
    return _each([Params(each) for each in wanted], lambda each: orders.cancel(venue, each, now_ns))


def order_count(params: Params) -> int:
    """Return how many orders a request places."""
    return len(_orders(params))


def _orders(params: Params) -> Sequence[Params]:
    text = params.text("batchOrders")
    if text is None:
        raise missing("batchOrders")
    wanted = _list("batchOrders", text, dict[str, str | int | float | bool])
    if len(wanted) > MOST_PLACED:
        raise ApiError(-4082, f"Invalid number of batch place orders, at most {MOST_PLACED}.")
    return [Params({name: _text(value) for name, value in each.items()}) for each in wanted]


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - any value of JSON
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list[Item](name: str, text: str, item: type[Item]) -> list[Item]:
    try:
        return msgspec.json.decode(text, type=list[item])  # type: ignore[valid-type]
    except msgspec.DecodeError:
        raise malformed(name) from None


def _each(wanted: Sequence[Params], do: Callable[[Params], Reply]) -> Reply:
    documents: list[object] = []
    facts: list[Fact] = []
    for each in wanted:
        try:
            reply = do(each)
        except (ApiError, Refused) as error:
            documents.append({"code": error.code, "msg": error.message})
        else:
            documents.append(reply.document)
            facts.extend(reply.facts)
    return Reply(documents, facts)
