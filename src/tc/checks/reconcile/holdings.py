"""Holdings: what an account holds by somebody's word, in words that journal, venue and node share; every amount is exact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, assert_never

Kind = Literal["orders", "fills", "positions", "balances"]
KINDS: tuple[Kind, ...] = ("orders", "fills", "positions", "balances")
"""What is compared, in the order in which it is told."""
AMOUNTS: Mapping[Kind, str] = {"positions": "signed_quantity", "balances": "total"}
"""The kinds of which there is an amount each, and its field."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be learned, and why: never the same as nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order that was sent.

    Parameters
    ----------
    key
        The client order id; one that another client placed has that client's, or the venue's.
    instrument_id, side
        What is bought or sold: ``BUY`` or ``SELL``.
    quantity, filled
        The whole quantity, and what was filled of it.
    status
        One of State's: ``SUBMITTED``, ``ACCEPTED``, ``TRIGGERED``, ``PARTIALLY_FILLED``, ``FILLED``, ``CANCELED``,
        ``REJECTED``, ``EXPIRED``.
    price, trigger_price
        None where the order has none.
    venue_order_id
        The venue's id; None before the venue answered.
    remark
        What to know about it: that an answer is outstanding; not compared.
    updated_ns
        When something happened to it last, by the venue's clock; None where that is not stated. Not compared.
    sent_ns
        When it was sent, by this machine's clock, of one that the journal has without an answer; else None. Not compared.

    """

    key: str
    instrument_id: str
    side: str
    quantity: Decimal
    filled: Decimal
    status: str
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    venue_order_id: str | None = None
    remark: str = ""
    updated_ns: int | None = field(default=None, compare=False)
    sent_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HeldFill:
    """One fill. It names its order by the client order id, the venue's id, or both; what it does not name is not compared.

    ``at_ns`` is when it happened, by the venue's clock, in nanoseconds since the epoch; it is not compared. ``is_invented`` says
    that the engine made it up when a person asked it to heal: no venue is expected to state it. ``realized`` is what it
    realized before its fee, where the venue states it; not compared.
    """

    trade_id: str
    instrument_id: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    key: str | None = None
    venue_order_id: str | None = None
    at_ns: int = 0
    is_invented: bool = False
    realized: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """The net position in an instrument, above zero when long; one of zero is the same as none."""

    instrument_id: str
    signed_quantity: Decimal


@dataclass(frozen=True, slots=True)
class HeldBalance:
    """What the account holds of a currency in all, locked or free; a balance of zero is the same as none."""

    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account holds, each part known or `Unknown`.

    Parameters
    ----------
    orders
        All open orders, and closed ones.
    fills
        Fills, from ``fills_from_ns`` on where that is stated, else all since the run began.
    positions, balances
        All that are not zero.
    has_all_closed
        Whether ``orders`` has every order that closed since the run began. Where it has not, one that is absent says nothing.
    fills_from_ns
        Fills before this time, by the venue's clock in nanoseconds since the epoch, are not stated.
    at_ns
        When it was so, in nanoseconds since the epoch; None where that is not known.
    until_ns
        What happened later, by the venue's clock, is not stated; None where that is not known.
    ahead_ns
        How far the venue's clock is ahead of this machine's; None where that is not known.

    """

    orders: tuple[HeldOrder, ...] | Unknown
    fills: tuple[HeldFill, ...] | Unknown
    positions: tuple[HeldPosition, ...] | Unknown
    balances: tuple[HeldBalance, ...] | Unknown
    has_all_closed: bool = True
    fills_from_ns: int | None = None
    at_ns: int | None = None
    until_ns: int | None = None
    ahead_ns: int | None = None


Held = HeldOrder | HeldFill | HeldPosition | HeldBalance
Name = str | tuple[str, str]
Said = Mapping[Kind, Mapping[Name, Sequence[Held | None]]]
"""All that a journal said, one after the other, of what it changed while a source was asked; by kind and `name_of`."""


def name_of(held: Held) -> Name:
    """Return by what the journal tells one of a kind from another."""
    match held:
        case HeldOrder():
            return held.key
        case HeldFill():
            return held.instrument_id, held.trade_id
        case HeldPosition():
            return held.instrument_id
        case HeldBalance():
            return held.currency
        case _:
            assert_never(held)


def unknown_holdings(unknown: Unknown) -> Holdings:
    """Return holdings of which nothing is known, for one reason."""
    return Holdings(unknown, unknown, unknown, unknown)
