"""The parameters of the faults that break what the venue does with requests, orders and the account."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.spec.grammar import AnyDecimal, Fraction, PositiveDecimal, Seconds

MOST = 1_000_000

Symbol = Annotated[str, Meta(title="Symbol", description="The venue's name of what is traded.", pattern=r"^[A-Z0-9]{1,20}$")]
Side = Literal["BUY", "SELL"]
_CLIENT_ORDER_ID = r"^[.A-Z:/a-z0-9_-]{1,36}$"
Requests = Annotated[
    str,
    Meta(
        title="Requests",
        description="Which ones: orders (new orders), all, or a method and a path.",
        examples=["DELETE /fapi/v1/order"],
        pattern=r"^(orders|all|(GET|POST|PUT|DELETE) /[A-Za-z0-9/]{1,100})$",
    ),
]
Count = Annotated[int, Meta(title="Count", description="How many.", ge=1, le=MOST)]
UpdateKind = Literal["ORDER_TRADE_UPDATE", "ALGO_UPDATE", "ACCOUNT_UPDATE"]


class LostAck(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next requests that succeed are done, and answered with 503."""

    count: Count = 1
    requests: Requests = "orders"


class FillOrder(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A resting order is filled at its own price, as if the market had traded through it."""

    client_order_id: Annotated[
        str | None, Meta(title="Client order id", description="Which order; left out, the oldest one that rests.")
    ] = None
    side: Annotated[Side | None, Meta(title="Side", description="Of this side only; left out, of any.")] = None
    fraction: Annotated[Fraction, Meta(title="Fraction", description="How much of what is left of it, in whole steps.")] = "1"


class DropUserUpdates(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next updates of the user data stream are lost."""

    count: Count = 1
    kinds: Annotated[tuple[UpdateKind, ...], Meta(title="Kinds", description="Of which events; none named: of all.")] = ()
    fills: Annotated[bool, Meta(title="Fills", description="Only updates that tell of a fill.")] = False


class DuplicateFill(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next fills are told twice on the user data stream."""

    count: Count = 1


class CancelFillRace(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next cancels find their order filled."""

    count: Count = 1


class RejectOrders(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next new orders are refused."""

    count: Count = MOST
    code: Annotated[int, Meta(title="Code", description="The code of the refusal.", ge=-9999, le=-1000)] = -2010
    message: Annotated[str, Meta(title="Message", description="Its words.", min_length=1)] = "New order rejected."


class TooManyRequests(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next requests are answered with 429, and not done."""

    count: Count = 10
    requests: Requests = "all"
    retry_after_s: Annotated[
        Annotated[int, Meta(ge=0, le=600)] | None,
        Meta(
            title="Retry after",
            description="How long the answers ask to be left alone; who obeys is silent so long, however short the fault was. "
            "Left out: to the end of the minute.",
        ),
    ] = 1


class Ban(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every request is answered with 418 for a time; who obeys is silent so long, also where it is lifted earlier."""

    seconds: Annotated[int, Meta(title="Seconds", description="For how long.", ge=1, le=MOST)] = 10


class AuthExpired(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The account's key is valid no more: 401 and code -2015."""


class QueryError(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Queries of the account fail with 503; orders are taken."""


class Maintenance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The venue is closed: 503 for every request, and no WebSockets."""


class OrderAppears(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order on the account that no request of ours placed."""

    symbol: Symbol = "BTCUSDT"
    side: Annotated[Side, Meta(title="Side", description="Of the order.")] = "SELL"
    quantity: Annotated[PositiveDecimal, Meta(title="Quantity", description="Of the order.")] = "0.01"
    price: Annotated[
        PositiveDecimal,
        Meta(title="Price", description="Its limit: far from the market, so that the order rests until it is taken back."),
    ] = "100000"
    client_order_id: Annotated[str, Meta(title="Client order id", description="Of the order.", pattern=_CLIENT_ORDER_ID)] = (
        "web-1"
    )
    silent: Annotated[
        bool,
        Meta(
            title="Silent",
            description="Whether the user data stream says nothing of it. A node that is told takes it into its own books.",
        ),
    ] = True


class OrderVanishes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An open order is gone, without a word."""

    symbol: Symbol = "BTCUSDT"
    client_order_id: Annotated[
        str | None, Meta(title="Client order id", description="Which order; left out, the oldest one that rests.")
    ] = None


class PositionChanged(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The position is another, without a word."""

    symbol: Symbol = "BTCUSDT"
    by: Annotated[AnyDecimal, Meta(title="By", description="By how much; negative for less.")] = "0.05"


class Funding(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A funding fee is booked to the wallet. It stays booked."""

    symbol: Symbol = "BTCUSDT"
    amount: Annotated[AnyDecimal, Meta(title="Amount", description="What is booked; negative: paid.")] = "-5"


class RequestWeight(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody else at the same address uses a part of every minute's request weight."""

    amount: Annotated[
        int, Meta(title="Amount", description="How much of it; the venue of a drill grants 6,000 a minute.", ge=1, le=MOST)
    ] = 5_200


class AbortWebSockets(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """WebSockets end without a word, again and again."""

    which: Annotated[Literal["all", "user", "market"], Meta(title="Which", description="Whose.")] = "all"
    count: Annotated[int, Meta(title="Count", description="How often, where anybody was connected.", ge=1, le=1_000)] = 1
    every_s: Annotated[Seconds, Meta(title="Every", description="Time between two rounds, in seconds.")] = "2"


VENUE_PARAMETERS: Mapping[str, type[Struct]] = {
    "lost_ack": LostAck,
    "fill_order": FillOrder,
    "drop_user_updates": DropUserUpdates,
    "duplicate_fill": DuplicateFill,
    "cancel_fill_race": CancelFillRace,
    "reject_orders": RejectOrders,
    "too_many_requests": TooManyRequests,
    "ban": Ban,
    "auth_expired": AuthExpired,
    "query_error": QueryError,
    "order_appears": OrderAppears,
    "order_vanishes": OrderVanishes,
    "position_changed": PositionChanged,
    "funding": Funding,
    "maintenance": Maintenance,
    "request_weight": RequestWeight,
    "abort_websockets": AbortWebSockets,
}
"""The parameters of each kind."""
