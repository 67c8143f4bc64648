"""The documents of the faults that break what the venue does with requests, orders and the account."""

from typing import Annotated

from msgspec import Meta, Struct

from tc.venue.matching import Side

type Count = Annotated[int, Meta(ge=0, le=1_000_000)]
type Amount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$")]
type Share = Annotated[str, Meta(pattern=r"^(0\.[0-9]{1,18}|1)$")]


class Lasted(Struct, forbid_unknown_fields=True):
    """A fault that lasts until it is taken back."""

    on: bool = True


class Banned(Struct, forbid_unknown_fields=True):
    """For how long the address is banned, from now on; 0 ends it."""

    seconds: Annotated[int, Meta(ge=0, le=1_000_000)] = 120


class UsedWeight(Struct, forbid_unknown_fields=True):
    """How much of every minute's request weight is used by others; 0 ends it."""

    amount: Count = 0


class Filled(Struct, forbid_unknown_fields=True):
    """Which resting order is filled, and how much of what is left of it: the oldest one, of a side, or one by its id."""

    client_order_id: str | None = None
    side: Side | None = None
    fraction: Share = "1"


class Raced(Struct, forbid_unknown_fields=True):
    """How many of the next cancels come too late; 0 ends it."""

    count: Count = 1


class Funded(Struct, forbid_unknown_fields=True):
    """What is booked to the wallet: paid when it is negative."""

    amount: Amount
    symbol: str | None = None
