"""Requests that anybody may make: the time, what is traded, the book, trades and prices."""

from decimal import Decimal

from tc.venue.market.candles import MINUTE_MS, Candle
from tc.venue.market.moves import Traded
from tc.venue.market.payloads import next_funding_ms, wire_levels
from tc.venue.matching import SymbolRules
from tc.venue.protocol.amounts import milliseconds, money, price, quantity
from tc.venue.protocol.exchange_info import exchange_document
from tc.venue.protocol.orders import Document
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError
from tc.venue.requests import reading
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue

DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)
_DEFAULT_DEPTH = 500


def ping(_venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET ping."""
    return Reply({})


def time(_venue: Venue, _params: Params, now_ns: int) -> Reply:
    """GET time."""
    return Reply({"serverTime": milliseconds(now_ns)})


def exchange_info(venue: Venue, _params: Params, now_ns: int) -> Reply:
    """GET exchangeInfo."""
    return Reply(exchange_document(venue.rules.values(), venue.limits.settings, milliseconds(now_ns)))


def depth(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET depth."""
    rules, limit = reading.rules_of(venue, params), params.integer("limit") or _DEFAULT_DEPTH
    if limit not in DEPTHS:
        raise ApiError(-4021, f"Depth limit {limit} is not valid, valid values: {list(DEPTHS)}.")
    book, at = venue.markets[rules.symbol].book, milliseconds(now_ns)
    bids, asks = wire_levels(rules, book.bids.top(limit)), wire_levels(rules, book.asks.top(limit))
    return Reply({"lastUpdateId": book.update_id, "E": at, "T": at, "bids": bids, "asks": asks})


def trades(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET trades and historicalTrades: the latest that are still known."""
    rules, limit = reading.rules_of(venue, params), reading.row_limit(params)
    return Reply([_trade(rules, *each) for each in tuple(venue.markets[rules.symbol].trades)[-limit:]])


def aggregate_trades(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET aggTrades: the latest that are still known, of a time or from an id where that is asked for."""
    rules, limit, first_id = reading.rules_of(venue, params), reading.row_limit(params), params.integer("fromId")
    start_ns, end_ns = reading.time_range(params)
    known = venue.markets[rules.symbol].trades
    found = [each for each in known if start_ns <= each[2] < end_ns and each[0] >= (first_id or 0)]
    is_from_first = first_id is not None or params.text("startTime") is not None
    return Reply([_aggregate(rules, *each) for each in (found[:limit] if is_from_first else found[-limit:])])


def candles(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET klines: of one minute, those that are still known."""
    rules, limit = reading.rules_of(venue, params), reading.row_limit(params)
    params.choice("interval", ("1m",), ApiError(-1120, "Invalid interval."))
    start_ns, end_ns = reading.time_range(params)
    known = venue.markets[rules.symbol].candles.latest(10**6)
    found = [each for each in known if start_ns <= each.open_ms * 1_000_000 < end_ns]
    chosen = found[:limit] if params.text("startTime") is not None else found[-limit:]
    return Reply([_candle(rules, each) for each in chosen])


def book_ticker(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET ticker/bookTicker: of one symbol an object, else a list."""
    rows = [_best(venue, rules, now_ns) for rules in reading.chosen_symbols(venue, params)]
    return Reply(rows if params.text("symbol") is None else rows[0])


def price_ticker(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET ticker/price: of one symbol an object, else a list."""
    at, chosen = milliseconds(now_ns), reading.chosen_symbols(venue, params)
    rows = [{"symbol": each.symbol, "price": price(each, _last(venue, each)), "time": at} for each in chosen]
    return Reply(rows if params.text("symbol") is None else rows[0])


def premium_index(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET premiumIndex: of one symbol an object, else a list."""
    rows = [_premium(venue, rules, milliseconds(now_ns)) for rules in reading.chosen_symbols(venue, params)]
    return Reply(rows if params.text("symbol") is None else rows[0])


def _trade(rules: SymbolRules, number: int, trade: Traded, at_ns: int) -> Document:
    return {
        "id": number,
        "price": price(rules, trade.price),
        "qty": quantity(rules, trade.quantity),
        "quoteQty": money(trade.price * trade.quantity),
        "time": milliseconds(at_ns),
        "isBuyerMaker": trade.is_buyer_maker,
    }


def _aggregate(rules: SymbolRules, number: int, trade: Traded, at_ns: int) -> Document:
    texts = {"p": price(rules, trade.price), "q": quantity(rules, trade.quantity)}
    return {"a": number, **texts, "f": number, "l": number, "T": milliseconds(at_ns), "m": trade.is_buyer_maker}


def _candle(rules: SymbolRules, candle: Candle) -> list[object]:
    k = candle.data(rules, is_closed=True)
    return [k.t, k.o, k.h, k.l, k.c, k.v, candle.open_ms + MINUTE_MS - 1, k.q, k.n, k.V, k.Q, "0"]


def _best(venue: Venue, rules: SymbolRules, now_ns: int) -> Document:
    book, nothing = venue.markets[rules.symbol].book, (Decimal(0), Decimal(0))
    (bid, bid_size), (ask, ask_size) = wire_levels(rules, (book.bids.best or nothing, book.asks.best or nothing))
    texts = {"bidPrice": bid, "bidQty": bid_size, "askPrice": ask, "askQty": ask_size}
    return {"lastUpdateId": book.update_id, "symbol": rules.symbol, **texts, "time": milliseconds(now_ns)}


def _last(venue: Venue, rules: SymbolRules) -> Decimal:
    return venue.exchange.last(rules.symbol) or venue.exchange.mark(rules.symbol) or Decimal(0)


def _premium(venue: Venue, rules: SymbolRules, now_ms: int) -> Document:
    mark = money(venue.exchange.mark(rules.symbol) or Decimal(0))
    prices = {"markPrice": mark, "indexPrice": mark, "estimatedSettlePrice": mark}
    rates = {"lastFundingRate": "0.00010000", "interestRate": "0.00010000"}
    return {"symbol": rules.symbol, **prices, **rates, "nextFundingTime": next_funding_ms(now_ms), "time": now_ms}
