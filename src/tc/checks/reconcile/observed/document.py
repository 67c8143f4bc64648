"""The document of what was observed: `--observed FILE` reads it, and every reconciliation keeps one; amounts are exact text."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tc.core.state.model import OrderStatus
from tc.spec.grammar import DECIMAL_PATTERN

OBSERVED_VERSION: Literal[1] = 1

Amount = Annotated[str, Meta(pattern=DECIMAL_PATTERN, extra_json_schema={"format": "decimal"})]
Quantity = Annotated[str, Meta(pattern=DECIMAL_PATTERN.replace("-?", "", 1), extra_json_schema={"format": "decimal"})]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Side = Literal["BUY", "SELL"]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the document: every field is known, and what has its default may be left out."""


class ObservedOrder(_Part, frozen=True, kw_only=True):
    """An order at the venue.

    Parameters
    ----------
    key
        The client order id.
    venue_order_id
        The venue's id.
    instrument_id
        The instrument, as the run names it.
    side
        What is asked for.
    status
        In the journal's words; an order that the venue calls new is ``ACCEPTED``.
    quantity
        The whole quantity.
    filled
        What was filled of it.
    price, trigger_price
        Null, or left out, where the order has none.

    """

    key: Text
    venue_order_id: Text | None = None
    instrument_id: Text
    side: Side
    status: OrderStatus
    quantity: Quantity
    filled: Quantity
    price: Amount | None = None
    trigger_price: Amount | None = None


class ObservedFill(_Part, frozen=True, kw_only=True):
    """A fill at the venue; of ``key`` and ``venue_order_id`` it has one at least.

    Parameters
    ----------
    trade_id
        The venue's id of the fill.
    key, venue_order_id
        The order that was filled, by its client order id and by the venue's id. One that is left out is not compared.
    instrument_id
        The instrument, as the run names it.
    side
        The order's side.
    quantity
        What was traded.
    price
        At what price.
    fee
        What was paid for it; below zero for a rebate.
    fee_currency
        In which currency that was paid.
    at_ns
        When, by the venue's clock, in nanoseconds since the epoch.

    """

    trade_id: Text
    key: Text | None = None
    venue_order_id: Text | None = None
    instrument_id: Text
    side: Side
    quantity: Quantity
    price: Amount
    fee: Amount
    fee_currency: Text
    at_ns: Nanoseconds = 0


class ObservedPosition(_Part, frozen=True, kw_only=True):
    """The net position in an instrument.

    Parameters
    ----------
    instrument_id
        The instrument, as the run names it.
    signed_quantity
        Above zero when long, below when short.

    """

    instrument_id: Text
    signed_quantity: Amount


class ObservedBalance(_Part, frozen=True, kw_only=True):
    """What the account holds of a currency.

    Parameters
    ----------
    currency
        Its code.
    total
        All of it, locked or free; profits that are not realised are left out.

    """

    currency: Text
    total: Amount


class Observed(_Part, frozen=True, kw_only=True):
    """What a venue was seen to hold. A list that is left out, or null, is *unknown*; an empty one says that there is none.

    Parameters
    ----------
    observed_version
        Which version of this document it is: 1.
    at_ns
        When it was so, in nanoseconds since the epoch.
    orders
        Every open order; closed ones too.
    closed_orders
        ``all`` when ``orders`` has every order that closed since the run began; with ``some``, one that is absent is not missed.
    fills
        Every fill since the run began.
    fills_from_ns
        Where it is given, fills before this time are not stated, and not missed. By the venue's clock, in nanoseconds.
    positions
        Every position that is not zero, one for each instrument.
    balances
        Every balance that is not zero, one for each currency.

    """

    observed_version: Literal[1]
    at_ns: Nanoseconds | None = None
    orders: tuple[ObservedOrder, ...] | None = None
    closed_orders: Literal["all", "some"] = "some"
    fills: tuple[ObservedFill, ...] | None = None
    fills_from_ns: Nanoseconds | None = None
    positions: tuple[ObservedPosition, ...] | None = None
    balances: tuple[ObservedBalance, ...] | None = None
