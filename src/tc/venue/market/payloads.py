"""The bytes of each public message, from the book, a trade, a candle or the mark price as they are."""

from collections.abc import Iterable
from decimal import Decimal

from tc.venue.market.book import Book, Pending
from tc.venue.market.candles import Candle
from tc.venue.market.messages import AggregateTrade, BookTicker, DepthUpdate, Kline, MarkPrice, Trade, WireLevels, encode
from tc.venue.market.moves import Traded
from tc.venue.matching import SymbolRules
from tc.venue.protocol.amounts import milliseconds, money, price, quantity

_FUNDING_MS = 8 * 3_600_000


def wire_levels(rules: SymbolRules, levels: Iterable[tuple[Decimal, Decimal]]) -> WireLevels:
    """Return levels as texts."""
    return [(price(rules, at), quantity(rules, size)) for at, size in levels]


def best_payload(rules: SymbolRules, book: Book, now_ns: int) -> bytes | None:
    """Return the best bid and ask, None while a side is empty."""
    bid, ask, at = book.bids.best, book.asks.best, milliseconds(now_ns)
    if bid is None or ask is None:
        return None
    (bid_price, bid_size), (ask_price, ask_size) = wire_levels(rules, (bid, ask))
    message = BookTicker(u=book.update_id, s=rules.symbol, b=bid_price, B=bid_size, a=ask_price, A=ask_size, T=at, E=at)
    return encode(message)


def trade_payload(rules: SymbolRules, number: int, trade: Traded, now_ns: int) -> bytes:
    """Return a trade."""
    at = milliseconds(now_ns)
    texts = price(rules, trade.price), quantity(rules, trade.quantity)
    return encode(Trade(E=at, T=at, s=rules.symbol, t=number, p=texts[0], q=texts[1], m=trade.is_buyer_maker))


def aggregate_payload(rules: SymbolRules, number: int, trade: Traded, now_ns: int) -> bytes:
    """Return a trade as an aggregate of one."""
    at = milliseconds(now_ns)
    return encode(
        AggregateTrade(
            E=at,
            T=at,
            s=rules.symbol,
            a=number,
            f=number,
            l=number,
            p=price(rules, trade.price),
            q=quantity(rules, trade.quantity),
            m=trade.is_buyer_maker,
        )
    )


def depth_payload(rules: SymbolRules, pending: Pending, last_id: int, now_ns: int) -> bytes:
    """Return what changed since a depth stream was last sent."""
    at = milliseconds(now_ns)
    return encode(
        DepthUpdate(
            E=at,
            T=at,
            s=rules.symbol,
            U=pending.sent_id + 1,
            u=last_id,
            pu=pending.sent_id,
            b=wire_levels(rules, sorted(pending.bids.items(), reverse=True)),
            a=wire_levels(rules, sorted(pending.asks.items())),
        )
    )


def partial_payload(rules: SymbolRules, book: Book, levels: int, now_ns: int) -> bytes:
    """Return the best levels."""
    at, last_id = milliseconds(now_ns), book.update_id
    bids, asks = wire_levels(rules, book.bids.top(levels)), wire_levels(rules, book.asks.top(levels))
    return encode(DepthUpdate(E=at, T=at, s=rules.symbol, U=last_id, u=last_id, pu=last_id - 1, b=bids, a=asks))


def mark_payload(rules: SymbolRules, mark: Decimal, now_ns: int) -> bytes:
    """Return the mark price; index and settlement price are the same here, and there is no funding."""
    at, text = milliseconds(now_ns), money(mark)
    return encode(MarkPrice(E=at, s=rules.symbol, p=text, i=text, P=text, T=next_funding_ms(at)))


def candle_payload(rules: SymbolRules, candle: Candle, now_ns: int, *, is_closed: bool) -> bytes:
    """Return a candle."""
    return encode(Kline(E=milliseconds(now_ns), s=rules.symbol, k=candle.data(rules, is_closed=is_closed)))


def next_funding_ms(now_ms: int) -> int:
    """Return when a real exchange would next exchange funding."""
    return (now_ms // _FUNDING_MS + 1) * _FUNDING_MS
