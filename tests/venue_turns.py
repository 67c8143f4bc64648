"""Turns of a venue that depend on nothing but their number and the state before: market data, some requests, and kept.

As a program it takes turns on a state file until it is killed, and says each turn's number when it is kept.
"""

import random
import sys
from decimal import Decimal
from pathlib import Path

from matching_samples import BUY, RULES, SELL, SYMBOL
from tc.venue.keeping import Keeper, RequestRow
from tc.venue.matching import Exchange, Fact, NewOrder, OrderType, Refused, Side, TimeInForce, WorkingType

BALANCES = {"USDT": Decimal(3000)}


def take_turn(exchange: Exchange, turn: int, facts: list[Fact]) -> list[RequestRow]:
    """Let the market tell everything anew, and ask for a few things; refused requests are part of it."""
    chance = random.Random(turn)  # noqa: S311 - chance must repeat here
    middle = 1000 + chance.randint(-6, 6)
    bids = [(Decimal(middle - away) / 10, Decimal(chance.randint(1, 8))) for away in range(1, 9)]
    asks = [(Decimal(middle + away) / 10, Decimal(chance.randint(1, 8))) for away in range(1, 9)]
    facts += exchange.book_reset(SYMBOL, bids, asks, turn)
    facts += exchange.mark_price(SYMBOL, Decimal(middle) / 10, turn)
    price = Decimal(middle + chance.randint(-3, 3)) / 10
    facts += exchange.trade(SYMBOL, price, Decimal(chance.randint(1, 12)), chance.choice((BUY, SELL)), turn)
    rows = []
    for number in range(chance.randint(2, 5)):
        code = 0
        try:
            facts += _ask(exchange, chance, middle, turn)
        except Refused as refused:
            code = refused.code
        rows.append(RequestRow(turn, "POST", "/fapi/v1/order", f"{turn}-{number}", 400 if code else 200, code))
    return rows


def _ask(exchange: Exchange, chance: random.Random, middle: int, now_ns: int) -> list[Fact]:
    side = chance.choice((BUY, SELL))
    if chance.random() < 0.2 and (open_orders := exchange.open_orders()):
        return _ask_about(exchange, chance, open_orders[0].order_id, middle, now_ns)
    kind = chance.choices(list(OrderType), weights=[14, 2, 1, 1, 1, 1])[0]
    order = NewOrder(
        symbol=SYMBOL,
        side=side,
        type=kind,
        time_in_force=TimeInForce.GTC if kind is OrderType.MARKET else chance.choice(list(TimeInForce)),
        quantity=Decimal(chance.randint(1, 40)) / 8,
        price=Decimal(middle + chance.randint(-20, 20)) / 10 if kind.has_price else None,
        stop_price=Decimal(middle + chance.randint(-20, 20)) / 10 if kind.is_conditional else None,
        reduce_only=chance.random() < 0.3,
        working_type=chance.choice(list(WorkingType)),
    )
    return exchange.submit(order, now_ns)


def _ask_about(exchange: Exchange, chance: random.Random, order_id: int, middle: int, now_ns: int) -> list[Fact]:
    if chance.random() < 0.5:
        return exchange.cancel(SYMBOL, order_id=order_id, now_ns=now_ns)
    side: Side = exchange.order(SYMBOL, order_id=order_id).side
    price = Decimal(middle + chance.randint(-20, 20)) / 10
    return exchange.amend(SYMBOL, order_id=order_id, side=side, quantity=Decimal(2), price=price, now_ns=now_ns)


def without_markets(exchange: Exchange) -> dict[str, object]:
    return {**exchange.dump(), "markets": {}}


def take_kept_turn(keeper: Keeper, exchange: Exchange) -> int:
    turn = int(keeper.noted("turn") or 0) + 1
    for row in take_turn(exchange, turn, []):
        keeper.log(row)
    keeper.note("turn", str(turn))
    keeper.keep(exchange)
    return turn


if __name__ == "__main__":
    with Keeper(Path(sys.argv[1])) as kept:
        loaded = kept.load({SYMBOL: RULES}, BALANCES)
        while True:
            print(take_kept_turn(kept, loaded), flush=True)  # noqa: T201 - what it has kept, it says
