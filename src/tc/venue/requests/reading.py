"""Parameters that several requests share, read and judged."""

from decimal import Decimal

from tc.venue.clock import MILLISECOND_NS, SECOND_NS
from tc.venue.matching import Page, Side, SymbolRules, TimeInForce, check_client_id
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, malformed, missing
from tc.venue.venue import Venue

MOST_ROWS = 1_000
_DEFAULT_ROWS = 500
_LONGEST_WINDOW_NS = 7 * 86_400 * SECOND_NS


def rules_of(venue: Venue, params: Params) -> SymbolRules:
    """Return the rules of the symbol that is asked for."""
    symbol = params.text("symbol")
    if symbol is None:
        raise missing("symbol")
    return venue.exchange.rules(symbol)


def chosen_symbols(venue: Venue, params: Params) -> tuple[SymbolRules, ...]:
    """Return the rules of the symbol that is asked for, of all when none is."""
    return tuple(venue.rules.values()) if params.text("symbol") is None else (rules_of(venue, params),)


def side_of(params: Params) -> Side:
    """Return the side."""
    side = params.choice("side", [*Side], ApiError(-1117, "Invalid side."))
    if side is None:
        raise missing("side")
    return Side(side)


def time_in_force_of(params: Params) -> TimeInForce | None:
    """Return the time in force; GTD, which Binance has, is none here."""
    text = params.choice("timeInForce", [*TimeInForce], ApiError(-1115, "Invalid timeInForce."))
    return None if text is None else TimeInForce(text)


def client_id_of(params: Params, name: str) -> str | None:
    """Return an order id of the client's own."""
    text = params.text(name)
    if text is None:
        return None
    check_client_id(text, name)
    return text


def order_ids_of(params: Params, number: str, name: str) -> tuple[int | None, str | None]:
    """Return how an order is named: by the venue's number or, where there is none, by the client's id."""
    order_id, client_id = params.integer(number), client_id_of(params, name)
    if order_id is None and client_id is None:
        raise ApiError(-1102, f"Param '{name}' or '{number}' must be sent, but both were empty/null!")
    return order_id, None if order_id is not None else client_id


def check_one_way(params: Params) -> None:
    """Hold what is asked for against what the venue has: one-way mode, and prices of the client's own."""
    if params.choice("positionSide", ("BOTH", "LONG", "SHORT")) not in {None, "BOTH"}:
        raise ApiError(-4061, "Order's position side does not match user's setting.")
    if params.text("priceMatch") not in {None, "NONE"}:
        raise malformed("priceMatch")


def amount_of(params: Params, name: str) -> Decimal:
    """Return a decimal number that must be there."""
    amount = params.decimal(name)
    if amount is None:
        raise missing(name)
    return amount


def row_limit(params: Params) -> int:
    """Return how many rows are asked for."""
    limit = params.integer("limit")
    if limit is not None and limit < 1:
        raise malformed("limit")
    return min(MOST_ROWS, _DEFAULT_ROWS if limit is None else limit)


def time_range(params: Params) -> tuple[int, int]:
    """Return from when to when, in nanoseconds, the end not included."""
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and start > end:
        raise ApiError(-1023, "Start time is greater than end time.")
    return (start or 0) * MILLISECOND_NS, (2**62 if end is None else (end + 1) * MILLISECOND_NS)


def account_page(params: Params, now_ns: int, *, first: str, page: int = 1) -> Page:
    """Return which page of an account's history is asked for: from an id on, or else the latest of seven days at most.

    Source: "All Orders", "Query All Algo Orders" and "Account Trade List" in Binance's documentation of the USD-M futures API.
    They do not say which seven days are meant where only one end is sent, nor whether an id looks back further; here it does.
    """
    limit, first_id = row_limit(params), params.integer(first)
    start_ns, end_ns = time_range(params)
    has_start, has_end = params.text("startTime") is not None, params.text("endTime") is not None
    if has_start and has_end and end_ns - MILLISECOND_NS - start_ns > _LONGEST_WINDOW_NS:
        raise ApiError(-4165, "Maximum time interval is 7 days")
    if first_id is None:
        end_ns = end_ns if has_end else start_ns + _LONGEST_WINDOW_NS if has_start else now_ns + MILLISECOND_NS
        start_ns = start_ns if has_start else end_ns - _LONGEST_WINDOW_NS
    skipped = (max(1, page) - 1) * limit
    return Page(most=limit, first_id=first_id, start_ns=start_ns, end_ns=end_ns, skipped=skipped)
