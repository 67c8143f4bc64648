"""An exchange to match on: one symbol like BTCUSDT, a book around 100, and short ways to ask it for something."""

from decimal import Decimal

from tc.venue.matching import (
    AccountChanged,
    AlgoChanged,
    Exchange,
    Fact,
    NewOrder,
    OrderChanged,
    OrderType,
    Side,
    SymbolRules,
    TimeInForce,
    TradeView,
)

BUY, SELL = Side.BUY, Side.SELL
SYMBOL = "BTCUSDT"
START = Decimal(10000)

RULES = SymbolRules(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    price_precision=1,
    quantity_precision=3,
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.001"),
    min_price=Decimal("0.1"),
    max_price=Decimal(100000),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(1000),
    market_max_quantity=Decimal(500),
    min_notional=Decimal(5),
    maker_rate=Decimal("0.0002"),
    taker_rate=Decimal("0.0005"),
    leverage=20,
)
BIDS = [(Decimal("99.9"), Decimal(5)), (Decimal("99.8"), Decimal(10)), (Decimal("99.5"), Decimal(20))]
ASKS = [(Decimal("100.1"), Decimal(5)), (Decimal("100.2"), Decimal(10)), (Decimal("100.5"), Decimal(20))]


def an_exchange(*, with_book: bool = True, balance: Decimal = START, rules: SymbolRules = RULES) -> Exchange:
    exchange = Exchange({SYMBOL: rules}, {"USDT": balance})
    if with_book:
        exchange.book_reset(SYMBOL, BIDS, ASKS, 1)
    return exchange


def limit(
    side: Side, price: str, quantity: str, tif: TimeInForce = TimeInForce.GTC, *, client: str = "", reduce_only: bool = False
) -> NewOrder:
    return NewOrder(
        client_order_id=client,
        symbol=SYMBOL,
        side=side,
        type=OrderType.LIMIT,
        time_in_force=tif,
        quantity=Decimal(quantity),
        price=Decimal(price),
        reduce_only=reduce_only,
    )


def market(side: Side, quantity: str, *, client: str = "", reduce_only: bool = False) -> NewOrder:
    return NewOrder(
        client_order_id=client,
        symbol=SYMBOL,
        side=side,
        type=OrderType.MARKET,
        quantity=Decimal(quantity),
        reduce_only=reduce_only,
    )


def conditional(side: Side, kind: OrderType, trigger: str, quantity: str | None = "1", **more: object) -> NewOrder:
    asked: dict[str, object] = {
        "quantity": None if quantity is None else Decimal(quantity),
        "stop_price": Decimal(trigger),
        **more,
    }
    return NewOrder(symbol=SYMBOL, side=side, type=kind, **asked)


def trades_in(facts: list[Fact]) -> list[TradeView]:
    return [fact.trade for fact in facts if isinstance(fact, OrderChanged) and fact.trade is not None]


def fills_in(facts: list[Fact]) -> list[tuple[str, str]]:
    """Price and quantity of each fill, as text."""
    return [(f"{trade.price:f}", f"{trade.quantity.normalize():f}") for trade in trades_in(facts)]


def told(facts: list[Fact]) -> list[str]:
    """What the facts say, in a word each: `NEW`, `TRADE PARTIALLY_FILLED`, `ACCOUNT`, `ALGO TRIGGERED`."""
    words = []
    for fact in facts:
        match fact:
            case OrderChanged(order=order, execution=execution):
                words.append(f"{execution}" if execution == order.status else f"{execution} {order.status}")
            case AlgoChanged(algo=algo):
                words.append(f"ALGO {algo.status}")
            case AccountChanged():
                words.append("ACCOUNT")
    return words
