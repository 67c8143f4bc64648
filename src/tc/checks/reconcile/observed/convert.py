"""Between the document of what was observed and the holdings that are compared."""

import dataclasses
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from tc.checks.reconcile.holdings import (
    KINDS,
    HeldBalance,
    HeldFill,
    HeldOrder,
    HeldPosition,
    Holdings,
    Unknown,
    unknown_holdings,
)
from tc.checks.reconcile.join import text_of
from tc.checks.reconcile.observed.document import (
    OBSERVED_VERSION,
    Observed,
    ObservedBalance,
    ObservedFill,
    ObservedOrder,
    ObservedPosition,
)
from tc.checks.reconcile.observed.fits import surely_fit

NOT_STATED = "the document does not state them"


def holdings_of(observed: Observed) -> Holdings:
    """Return the holdings that a document states."""
    return Holdings(
        orders=_known(observed.orders, _held_order),
        fills=_known(observed.fills, _held_fill),
        positions=_known(observed.positions, lambda each: HeldPosition(each.instrument_id, Decimal(each.signed_quantity))),
        balances=_known(observed.balances, lambda each: HeldBalance(each.currency, Decimal(each.total))),
        has_all_closed=observed.closed_orders == "all",
        fills_from_ns=observed.fills_from_ns,
        at_ns=observed.at_ns,
    )


def observed_document(holdings: Holdings) -> Observed:
    """Return holdings as the document; a part that is unknown is left out."""
    return Observed(
        observed_version=OBSERVED_VERSION,
        at_ns=holdings.at_ns,
        orders=_stated(holdings.orders, _observed_order),
        closed_orders="all" if holdings.has_all_closed else "some",
        fills=_stated(holdings.fills, _observed_fill),
        fills_from_ns=holdings.fills_from_ns,
        positions=_stated(
            holdings.positions,
            lambda each: ObservedPosition(instrument_id=each.instrument_id, signed_quantity=text_of(each.signed_quantity)),
        ),
        balances=_stated(holdings.balances, lambda each: ObservedBalance(currency=each.currency, total=text_of(each.total))),
    )


def statable(holdings: Holdings, *, whose: str) -> Holdings:
    """Return holdings as far as a document can state them: a part that none could hold is unknown, and all of it is by its times.

    What others say is believed no further than what people write: a status that there is not, or a quantity below zero, says
    nothing about what is held.
    """
    if surely_fit(holdings):
        return holdings
    document = observed_document(holdings)
    try:
        _require_valid(document)
    except msgspec.ValidationError:
        return _without_misfits(holdings, document, whose)
    return holdings


def _without_misfits(holdings: Holdings, document: Observed, whose: str) -> Holdings:
    nothing: dict[str, Any] = dict.fromkeys(KINDS)
    try:
        _require_valid(replace(document, **nothing))
    except msgspec.ValidationError:
        return unknown_holdings(Unknown(f"{whose} states times that cannot be"))
    known: dict[str, Any] = {}
    for kind in KINDS:
        try:
            _require_valid(replace(document, **{**nothing, kind: getattr(document, kind)}))
        except msgspec.ValidationError as error:
            place = str(error).rpartition("`$.")[2].rstrip("`")
            known[kind] = Unknown(f"{whose} states what cannot be, at {place}")
    return dataclasses.replace(holdings, **known)


def _require_valid(document: Observed) -> None:
    msgspec.convert(msgspec.to_builtins(document), Observed)


def _held_order(each: ObservedOrder) -> HeldOrder:
    return HeldOrder(
        each.key,
        each.instrument_id,
        each.side,
        Decimal(each.quantity),
        Decimal(each.filled),
        each.status,
        None if each.price is None else Decimal(each.price),
        None if each.trigger_price is None else Decimal(each.trigger_price),
        each.venue_order_id,
    )


def _held_fill(each: ObservedFill) -> HeldFill:
    return HeldFill(
        each.trade_id,
        each.instrument_id,
        each.side,
        Decimal(each.quantity),
        Decimal(each.price),
        Decimal(each.fee),
        each.fee_currency,
        each.key,
        each.venue_order_id,
        each.at_ns,
    )


def _observed_order(each: HeldOrder) -> ObservedOrder:
    return ObservedOrder(
        key=each.key,
        venue_order_id=each.venue_order_id,
        instrument_id=each.instrument_id,
        side=each.side,  # type: ignore[arg-type]  # what a venue states is read again before it is believed
        status=each.status,  # type: ignore[arg-type]
        quantity=text_of(each.quantity),
        filled=text_of(each.filled),
        price=None if each.price is None else text_of(each.price),
        trigger_price=None if each.trigger_price is None else text_of(each.trigger_price),
    )


def _observed_fill(each: HeldFill) -> ObservedFill:
    return ObservedFill(
        trade_id=each.trade_id,
        key=each.key,
        venue_order_id=each.venue_order_id,
        instrument_id=each.instrument_id,
        side=each.side,  # type: ignore[arg-type]
        quantity=text_of(each.quantity),
        price=text_of(each.price),
        fee=text_of(each.fee),
        fee_currency=each.fee_currency,
        at_ns=each.at_ns,
    )


def _known[D, H](stated: Iterable[D] | None, held: Callable[[D], H]) -> tuple[H, ...] | Unknown:
    return Unknown(NOT_STATED) if stated is None else tuple(map(held, stated))


def _stated[H, D](part: Iterable[H] | Unknown, document: Callable[[H], D]) -> tuple[D, ...] | None:
    return None if isinstance(part, Unknown) else tuple(map(document, part))
