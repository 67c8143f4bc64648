"""What a venue says of our account: open orders, orders and fills since a time, positions, balances; all exact."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from tc.core.state.exact import ZERO
from tc.exchange.reading.history import ALGO_ORDERS, ORDERS, TRADES, read_history
from tc.exchange.wire.line import Parameters, VenueLine
from tc.exchange.wire.protocol import AccountDocument, AlgoOrderDocument, OrderDocument, PositionDocument, TradeDocument

OPEN_ORDERS = "/fapi/v1/openOrders"
OPEN_ALGO_ORDERS = "/fapi/v1/openAlgoOrders"
POSITIONS = "/fapi/v3/positionRisk"
ACCOUNT = "/fapi/v2/account"

_STATE_WEIGHT = 5
_ALL_SYMBOLS_WEIGHT = 40
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue has it.

    Parameters
    ----------
    symbol, venue_order_id, client_order_id
        Which it is; a conditional order's ids are its own until it is triggered.
    side, kind, status, time_in_force
        In the protocol's words: ``BUY``, ``STOP_MARKET``, ``PARTIALLY_FILLED``, ``GTC``.
    quantity, filled, price, average_price, trigger_price
        Exact; a quantity of None is all of the position, a price of 0 is none.
    position_side
        ``BOTH``, or in hedge mode ``LONG`` or ``SHORT``.
    is_conditional, triggered_order_id
        Whether it waits for a trigger, and the id of the order that the trigger made.
    placed_ns, updated_ns
        The venue's clock.

    """

    symbol: str
    venue_order_id: str
    client_order_id: str
    side: str
    kind: str
    status: str
    time_in_force: str
    quantity: Decimal | None
    filled: Decimal
    price: Decimal
    average_price: Decimal
    trigger_price: Decimal
    is_reduce_only: bool
    position_side: str
    is_conditional: bool
    triggered_order_id: str
    placed_ns: int
    updated_ns: int


@dataclass(frozen=True, slots=True)
class VenueTrade:
    """A fill as the venue has it; its id is unique within its symbol. ``realized`` is before the commission."""

    symbol: str
    trade_id: str
    venue_order_id: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_currency: str
    realized: Decimal
    is_maker: bool
    position_side: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """A position that is not flat; a negative quantity is short. ``side`` is ``BOTH``, or ``LONG`` or ``SHORT`` in hedge mode."""

    symbol: str
    side: str
    quantity: Decimal
    entry_price: Decimal


@dataclass(frozen=True, slots=True)
class VenueBalance:
    """What the account holds of one currency: in the wallet, and of it free for new orders."""

    currency: str
    wallet: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class VenueReading:
    """The account as read once; each part in the order of symbol and id.

    Parameters
    ----------
    at_ns, duration_ns
        Our clock when the reading began, and how long it took.
    skew_ns
        How far the venue's clock was ahead of ours.
    open_orders, orders, trades, positions, balances
        ``orders`` are those placed, and ``trades`` those done, since the time asked for; older ones may be among them.
    is_settled
        Whether open orders, positions and wallets were the same before and after the histories were read.

    """

    at_ns: int
    duration_ns: int
    skew_ns: int
    open_orders: tuple[VenueOrder, ...]
    orders: tuple[VenueOrder, ...]
    trades: tuple[VenueTrade, ...]
    positions: tuple[VenuePosition, ...]
    balances: tuple[VenueBalance, ...]
    is_settled: bool


@dataclass(frozen=True, slots=True)
class _Present:
    open_orders: tuple[VenueOrder, ...]
    positions: tuple[VenuePosition, ...]
    balances: tuple[VenueBalance, ...]

    def symbols(self) -> set[str]:
        return {each.symbol for each in self.open_orders} | {each.symbol for each in self.positions}

    def settled(self) -> object:
        """Return what only a fill or a request changes; what is free of a wallet moves with the market."""
        return self.open_orders, self.positions, [(each.currency, each.wallet) for each in self.balances]


async def read_account(
    line: VenueLine, *, symbols: Iterable[str] = (), since_ns: int | None = None, everything: bool = False
) -> VenueReading:
    """Read the account until nothing changed while it was read, three times at most.

    It gives way to others at the same address: where it would use more than three quarters of the minute's request weight, it
    waits for as long as the line is patient, and then fails. One symbol that fits in a page weighs 39, each further reading of
    it 27; `everything` another 78.

    Parameters
    ----------
    line
        The signed line to the venue.
    symbols
        Whose open orders and histories are read; those with positions are read whether they are named or not.
    since_ns
        Orders and fills of this time and later, on the venue's clock; None reads all that the venue has ids for.
    everything
        Whether open orders of all symbols are asked for, once, at the beginning; without any symbol they are.

    Raises
    ------
    VenueUnreachableError, VenueRefusedError, VenueBusyError
        As `VenueLine.get`; or a history cannot be shown to be whole. What is at the venue is then unknown.

    """
    began_ns = time.time_ns()
    named = frozenset(symbols)
    before = await _read_present(line, named if named and not everything else None)
    for attempt in range(1, _ATTEMPTS + 1):
        wanted = sorted(before.symbols() | named)
        orders, trades = await _read_histories(line, wanted, since_ns)
        after = await _read_present(line, wanted)
        is_settled = after.settled() == before.settled()
        if is_settled or attempt == _ATTEMPTS:
            break
        before = after
    return VenueReading(
        at_ns=began_ns,
        duration_ns=time.time_ns() - began_ns,
        skew_ns=line.skew_ns,
        open_orders=after.open_orders,
        orders=orders,
        trades=trades,
        positions=after.positions,
        balances=after.balances,
        is_settled=is_settled,
    )


async def _read_present(line: VenueLine, symbols: Collection[str] | None) -> _Present:
    # In this order: a conditional order can only become an order, an order only a position, and a fill a balance.
    conditional = await _read_open(line, OPEN_ALGO_ORDERS, AlgoOrderDocument, symbols)
    plain = await _read_open(line, OPEN_ORDERS, OrderDocument, symbols)
    positions = await line.get(POSITIONS, {}, tuple[PositionDocument, ...], weight=_STATE_WEIGHT)
    account = await line.get(ACCOUNT, {}, AccountDocument, weight=_STATE_WEIGHT)
    return _Present(
        open_orders=_sorted_orders([*map(_order, plain), *map(_conditional_order, conditional)]),
        positions=tuple(
            sorted((_position(each) for each in positions if each.positionAmt), key=lambda each: (each.symbol, each.side))
        ),
        balances=tuple(
            VenueBalance(each.asset, each.walletBalance, each.availableBalance)
            for each in sorted(account.assets, key=lambda each: each.asset)
        ),
    )


async def _read_open[T](line: VenueLine, path: str, kind: type[T], symbols: Collection[str] | None) -> list[T]:
    """Ask for the open orders of some symbols, one after the other, or where that is as cheap, of all."""
    if symbols is None or len(symbols) > _ALL_SYMBOLS_WEIGHT:
        asked: list[tuple[Parameters, int]] = [({}, _ALL_SYMBOLS_WEIGHT)]
    else:
        asked = [({"symbol": symbol}, 1) for symbol in sorted(symbols)]
    found: list[T] = []
    for parameters, weight in asked:
        found += await line.get(path, parameters, tuple[kind, ...], weight=weight)  # type: ignore[valid-type] # a type is a value here
    return found


async def _read_histories(
    line: VenueLine, symbols: Iterable[str], since_ns: int | None
) -> tuple[tuple[VenueOrder, ...], tuple[VenueTrade, ...]]:
    orders: list[VenueOrder] = []
    trades: list[VenueTrade] = []
    for symbol in symbols:
        orders += map(_order, await read_history(line, ORDERS, symbol, since_ns))
        orders += map(_conditional_order, await read_history(line, ALGO_ORDERS, symbol, since_ns))
        trades += map(_trade, await read_history(line, TRADES, symbol, since_ns))
    trades.sort(key=lambda each: (each.symbol, int(each.trade_id)))
    return _sorted_orders(orders), tuple(trades)


def _order(document: OrderDocument) -> VenueOrder:
    return VenueOrder(
        symbol=document.symbol,
        venue_order_id=str(document.orderId),
        client_order_id=document.clientOrderId,
        side=document.side,
        kind=document.type,
        status=document.status,
        time_in_force=document.timeInForce,
        quantity=document.origQty,
        filled=document.executedQty,
        price=document.price,
        average_price=document.avgPrice,
        trigger_price=document.stopPrice,
        is_reduce_only=document.reduceOnly,
        position_side=document.positionSide,
        is_conditional=False,
        triggered_order_id="",
        placed_ns=document.time * 1_000_000,
        updated_ns=document.updateTime * 1_000_000,
    )


def _conditional_order(document: AlgoOrderDocument) -> VenueOrder:
    return VenueOrder(
        symbol=document.symbol,
        venue_order_id=str(document.algoId),
        client_order_id=document.clientAlgoId,
        side=document.side,
        kind=document.orderType,
        status=document.algoStatus,
        time_in_force=document.timeInForce or "GTC",
        quantity=document.quantity,
        filled=ZERO,
        price=document.price or ZERO,
        average_price=ZERO,
        trigger_price=document.triggerPrice or ZERO,
        is_reduce_only=bool(document.reduceOnly),
        position_side=document.positionSide or "BOTH",
        is_conditional=True,
        triggered_order_id=document.actualOrderId or "",
        placed_ns=(document.createTime or 0) * 1_000_000,
        updated_ns=(document.updateTime or 0) * 1_000_000,
    )


def _trade(document: TradeDocument) -> VenueTrade:
    return VenueTrade(
        symbol=document.symbol,
        trade_id=str(document.id),
        venue_order_id=str(document.orderId),
        side=document.side,
        quantity=document.qty,
        price=document.price,
        commission=document.commission,
        commission_currency=document.commissionAsset,
        realized=document.realizedPnl,
        is_maker=document.maker,
        position_side=document.positionSide,
        at_ns=document.time * 1_000_000,
    )


def _position(document: PositionDocument) -> VenuePosition:
    return VenuePosition(document.symbol, document.positionSide, document.positionAmt, document.entryPrice)


def _sorted_orders(orders: list[VenueOrder]) -> tuple[VenueOrder, ...]:
    return tuple(sorted(orders, key=lambda each: (each.symbol, each.is_conditional, int(each.venue_order_id))))
