"""What a venue says of our account: open orders, orders and fills since a time, positions, balances; all exact."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from tc.exchange.errors import VenueUnreachableError
from tc.exchange.line import Parameters, VenueLine
from tc.exchange.protocol import AccountDocument, AlgoOrderDocument, OrderDocument, PositionDocument, TradeDocument

OPEN_ORDERS = "/fapi/v1/openOrders"
OPEN_ALGO_ORDERS = "/fapi/v1/openAlgoOrders"
POSITIONS = "/fapi/v3/positionRisk"
ACCOUNT = "/fapi/v2/account"
_ALL_ORDERS = "/fapi/v1/allOrders"
_ALL_ALGO_ORDERS = "/fapi/v1/allAlgoOrders"
_TRADES = "/fapi/v1/userTrades"

PAGE = 1000
"""The most that one page of a history holds."""

_WINDOW_NS = 7 * 86_400 * 1_000_000_000 - 1_000_000
_LONGEST_LOOK_BACK_NS = 26 * _WINDOW_NS
_MOST_PAGES = 10_000
_ATTEMPTS = 3
_ZERO = Decimal(0)


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


async def read_account(line: VenueLine, *, symbols: Iterable[str] = (), since_ns: int | None = None) -> VenueReading:
    """Read the account until nothing changed while it was read, three times at most.

    Parameters
    ----------
    line
        The signed line to the venue.
    symbols
        Whose histories are read; those with open orders or positions are read whether they are named or not.
    since_ns
        Orders and fills of this time and later, on the venue's clock; None reads all that the venue keeps.

    Raises
    ------
    VenueUnreachableError, VenueRefusedError, VenueBusyError
        As `VenueLine.get`. What is at the venue is then unknown.

    """
    began_ns = time.time_ns()
    before = await _read_present(line)
    for attempt in range(1, _ATTEMPTS + 1):
        wanted = sorted(before.symbols() | set(symbols))
        orders, trades = await _read_histories(line, wanted, since_ns)
        after = await _read_present(line)
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


async def _read_present(line: VenueLine) -> _Present:
    # In this order: a conditional order can only become an order, an order only a position, and a fill a balance.
    conditional = await line.get(OPEN_ALGO_ORDERS, {}, tuple[AlgoOrderDocument, ...])
    plain = await line.get(OPEN_ORDERS, {}, tuple[OrderDocument, ...])
    positions = await line.get(POSITIONS, {}, tuple[PositionDocument, ...])
    account = await line.get(ACCOUNT, {}, AccountDocument)
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


async def _read_histories(
    line: VenueLine, symbols: list[str], since_ns: int | None
) -> tuple[tuple[VenueOrder, ...], tuple[VenueTrade, ...]]:
    orders: list[VenueOrder] = []
    trades: list[VenueTrade] = []
    for symbol in symbols:
        orders += map(_order, await _history(line, _ALL_ORDERS, symbol, since_ns, OrderDocument, "orderId"))
        found = await _history(line, _ALL_ALGO_ORDERS, symbol, since_ns, AlgoOrderDocument, "algoId")
        orders += map(_conditional_order, found)
        trades += map(_trade, await _history(line, _TRADES, symbol, since_ns, TradeDocument, "fromId"))
    trades.sort(key=lambda each: (each.symbol, int(each.trade_id)))
    return _sorted_orders(orders), tuple(trades)


async def _history[T: OrderDocument | AlgoOrderDocument | TradeDocument](
    line: VenueLine, path: str, symbol: str, since_ns: int | None, kind: type[T], by: str
) -> list[T]:
    """Read a history page by page: from a time in windows of at most seven days up to the first full page, then by id.

    From a time that is more than half a year ago the whole history is read by id.
    """
    identity = _identity(kind)
    found: dict[int, T] = {}
    pages = 0

    async def page(**where: int) -> tuple[T, ...]:
        nonlocal pages
        pages += 1
        if pages > _MOST_PAGES:
            raise VenueUnreachableError(f"GET {path}: the history does not end", is_unclear=False)
        parameters: Parameters = {"symbol": symbol, "limit": PAGE, **where}
        got: tuple[T, ...] = await line.get(path, parameters, tuple[kind, ...])  # type: ignore[valid-type] # a type is a value here
        found.update((identity(each), each) for each in got)
        return got

    got: tuple[T, ...] = ()
    now_ns = time.time_ns() + line.skew_ns
    if since_ns is not None and since_ns > now_ns - _LONGEST_LOOK_BACK_NS:
        start_ns = since_ns
        while len(got) < PAGE and start_ns <= now_ns:
            # A window ends before the next begins: both bounds are inclusive.
            end_ns = start_ns + _WINDOW_NS
            got = await page(startTime=start_ns // 1_000_000, endTime=end_ns // 1_000_000)
            start_ns = end_ns + 1_000_000
    else:
        got = await page(**{by: 1})
    while len(got) >= PAGE:
        got = await page(**{by: max(found) + 1})
    return [found[number] for number in sorted(found)]


def _identity[T](kind: type[T]) -> Callable[[T], int]:
    name = {OrderDocument: "orderId", AlgoOrderDocument: "algoId", TradeDocument: "id"}[kind]  # type: ignore[index]
    return lambda document: int(getattr(document, name))


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
        filled=_ZERO,
        price=document.price or _ZERO,
        average_price=_ZERO,
        trigger_price=document.triggerPrice or _ZERO,
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
