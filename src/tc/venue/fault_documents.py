"""The documents by which faults are asked for; what is left out has its default, and nothing unknown is taken."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.venue.faults import ORDERS
from tc.venue.matching import Side

type Count = Annotated[int, Meta(ge=0, le=1_000_000)]
type Amount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$")]


class Switched(Struct, forbid_unknown_fields=True):
    """A fault that is on or off."""

    on: bool = True


class Frozen(Struct, forbid_unknown_fields=True):
    """Frozen market data: `streams` withholds what is sent, `market` stops the market itself too."""

    on: bool = True
    what: Literal["streams", "market"] = "streams"


class Counted(Struct, forbid_unknown_fields=True):
    """A fault of the next user updates: of `kinds`, all when it is empty; with `fills` of those only that tell of a fill."""

    count: Count = 1
    kinds: list[Literal["ORDER_TRADE_UPDATE", "ALGO_UPDATE", "ACCOUNT_UPDATE"]] = []
    fills: bool = False


class OnRequests(Struct, forbid_unknown_fields=True):
    """A fault of the next requests: `orders` (new orders), `all`, or a method and a path."""

    count: Count = 1
    requests: str = ORDERS
    code: int | None = None
    message: str | None = None
    seconds: Annotated[float, Meta(ge=0, le=600)] = 5.0
    handled: Literal["after", "before"] = "after"
    retry_after_s: Annotated[int, Meta(ge=0, le=600)] | None = None


class Aborted(Struct, forbid_unknown_fields=True):
    """Which WebSockets are aborted."""

    which: Literal["all", "user", "market"] = "all"


class Appearing(Struct, forbid_unknown_fields=True):
    """An order that nobody here sent; `silent` leaves the user data stream out."""

    symbol: str
    side: Side
    quantity: Amount
    price: Amount | None = None
    client_order_id: str = ""
    silent: bool = False


class Vanishing(Struct, forbid_unknown_fields=True):
    """An open order that is gone: the oldest one where none is named; without a word, or cancelled as by its owner."""

    symbol: str
    order_id: int | None = None
    client_order_id: str | None = None
    silent: bool = True


class Shifted(Struct, forbid_unknown_fields=True):
    """A position that is another, silently, by so much."""

    symbol: str
    by: Amount


class Skewed(Struct, forbid_unknown_fields=True):
    """By how much the venue's clock is ahead."""

    ms: int
