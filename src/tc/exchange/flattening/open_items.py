"""What a flatten has to take care of: open orders and positions, read with nothing that is not needed; and their cancels."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from tc.errors import UnreachableError
from tc.exchange.reading.account import OPEN_ALGO_ORDERS, OPEN_ORDERS, POSITIONS
from tc.exchange.wire.errors import VenueRefusedError, VenueUnreachableError
from tc.exchange.wire.line import Parameters, VenueLine

_ORDER = "/fapi/v1/order"
_ALGO_ORDER = "/fapi/v1/algoOrder"
_ALL_OPEN_ORDERS = "/fapi/v1/allOpenOrders"
_ALL_OPEN_ALGO_ORDERS = "/fapi/v1/algoOpenOrders"
_MOST_ONE_BY_ONE = 8  # With more, a kill would wait longer for the answers than their weight is worth.
_IS_GONE = frozenset({-2011, -2013})

type Outcome = Literal["done", "refused", "unclear", "unknown"]
"""Done; not carried out; carried out or not, which the next round asks for; what is at the venue could not be read."""


class _OpenOrder(msgspec.Struct, frozen=True):
    symbol: str
    orderId: int  # noqa: N815 - the protocol's name


class _OpenAlgoOrder(msgspec.Struct, frozen=True):
    symbol: str
    algoId: int  # noqa: N815 - the protocol's name


class _Held(msgspec.Struct, frozen=True):
    symbol: str
    positionAmt: Decimal  # noqa: N815 - the protocol's name
    positionSide: str = "BOTH"  # noqa: N815 - the protocol's name


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order to cancel; a conditional one has an id of its own kind."""

    symbol: str
    number: int
    is_conditional: bool


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position to close; a negative quantity is short. ``side`` is ``BOTH``, or ``LONG`` or ``SHORT`` in hedge mode."""

    symbol: str
    side: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class OpenItems:
    """Everything that is open or held, as far as it could be read: ``errors`` says what could not."""

    orders: tuple[OpenOrder, ...]
    positions: tuple[HeldPosition, ...]
    are_orders_unread: bool
    are_positions_unread: bool
    errors: tuple[UnreachableError, ...]

    @property
    def is_flat(self) -> bool:
        """Whether the venue says that nothing is open and nothing is held; unknown is not flat."""
        return not (self.orders or self.positions or self.errors)

    def symbols(self) -> frozenset[str]:
        """Return the symbols in which something is open or held."""
        return frozenset(order.symbol for order in self.orders) | {position.symbol for position in self.positions}

    def order_symbols(self) -> list[str]:
        """Return the symbols with open orders, each once."""
        return sorted({order.symbol for order in self.orders})

    def order_words(self) -> tuple[str, ...]:
        """Return each open order in words."""
        return tuple(
            f"{each.symbol} {'conditional order' if each.is_conditional else 'order'} {each.number}" for each in self.orders
        )

    def position_words(self) -> tuple[str, ...]:
        """Return each position in words."""
        sides = {"BOTH": ""}
        return tuple(f"{each.symbol} {sides.get(each.side, each.side + ' ')}{each.quantity:f}" for each in self.positions)

    def words(self) -> str:
        """Return how much there is, what is held, and what could not be read."""
        if self.is_flat:
            return "flat: no open orders, no positions"
        orders = f"{len(self.orders)} open order{'' if len(self.orders) == 1 else 's'}"
        held = "unknown" if self.are_positions_unread else ", ".join(self.position_words()) or "none"
        known = f"{'open orders unknown' if self.are_orders_unread else orders}, positions: {held}"
        return "; ".join((known, *dict.fromkeys(error.message for error in self.errors)))


async def read_open_items(line: VenueLine, symbols: Collection[str] | None) -> OpenItems:
    """Return what is open and held now, of all symbols or of some, as far as the venue answers.

    Orders of all symbols weigh 80, those of one 2. It gives way to nobody: it is how a run is stopped.

    One after the other, and in this order: a conditional order can only become an order, and an order only a position. Read
    the other way round, something could be missed in all three.
    """
    errors: list[UnreachableError] = []

    async def asked[T](path: str, kind: type[T], parameters: list[Parameters]) -> list[T] | None:
        found: list[T] = []
        for each in parameters:
            if errors and not isinstance(errors[-1], VenueRefusedError):
                return None  # It did not answer the question before: waiting again would only cost time.
            try:
                found += await line.get(path, each, tuple[kind, ...])  # type: ignore[valid-type] # a type is a value here
            except UnreachableError as error:
                errors.append(error)
                return None
        return found

    one_by_one: list[Parameters] = [{"symbol": symbol} for symbol in sorted(symbols or ())]
    where: list[Parameters] = one_by_one if 0 < len(one_by_one) <= _MOST_ONE_BY_ONE else [{}]
    conditional = await asked(OPEN_ALGO_ORDERS, _OpenAlgoOrder, where)
    plain = await asked(OPEN_ORDERS, _OpenOrder, where)
    held = await asked(POSITIONS, _Held, [{}])
    orders = [OpenOrder(each.symbol, each.orderId, is_conditional=False) for each in plain or ()]
    orders += [OpenOrder(each.symbol, each.algoId, is_conditional=True) for each in conditional or ()]
    return OpenItems(
        orders=tuple(each for each in orders if symbols is None or each.symbol in symbols),
        positions=tuple(
            HeldPosition(each.symbol, each.positionSide, each.positionAmt)
            for each in sorted(held or (), key=lambda each: (each.symbol, each.positionSide))
            if each.positionAmt and (symbols is None or each.symbol in symbols)
        ),
        are_orders_unread=plain is None or conditional is None,
        are_positions_unread=held is None,
        errors=tuple(errors),
    )


async def cancel_all_of(line: VenueLine, symbol: str, items: OpenItems) -> tuple[Outcome, str]:
    """Cancel all open orders of one symbol, the conditional ones too; say what came of it."""
    mine = [order.is_conditional for order in items.orders if order.symbol == symbol]
    paths = [path for path, kind in ((_ALL_OPEN_ORDERS, False), (_ALL_OPEN_ALGO_ORDERS, True)) if kind in mine]
    answers = [await _cancel(line, path, {"symbol": symbol}) for path in paths]
    worst = next((answer for answer in answers if answer[0] != "done"), None)
    return worst or ("done", f"{len(mine)} order{'' if len(mine) == 1 else 's'} cancelled")


async def cancel_one(line: VenueLine, order: OpenOrder) -> tuple[Outcome, str]:
    """Cancel one open order; one that is gone already is done."""
    if order.is_conditional:
        return await _cancel(line, _ALGO_ORDER, {"algoId": order.number})
    return await _cancel(line, _ORDER, {"symbol": order.symbol, "orderId": order.number})


async def _cancel(line: VenueLine, path: str, parameters: Parameters) -> tuple[Outcome, str]:
    try:
        await line.send("DELETE", path, parameters)
    except VenueRefusedError as error:
        return ("done", "gone already") if error.code in _IS_GONE else ("refused", error.message)
    except VenueUnreachableError as error:
        return "unclear", error.message
    return "done", "cancelled"
