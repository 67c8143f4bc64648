"""What lasting faults do to a request, in the places where the venue's own judgements stand."""

from tc.venue.lasting_faults import in_maintenance, key_expired, query_failed
from tc.venue.protocol.access import Security
from tc.venue.protocol.problems import ApiError
from tc.venue.venue import Venue


def check_open(venue: Venue, now_ns: int) -> None:
    """Judge a request before anything else is: the venue may be closed, or the address banned.

    Raises
    ------
    ApiError
        One of them is so.

    """
    lasting = venue.faults.lasting
    if lasting.is_in_maintenance:
        raise _bitten(venue, "maintenance", in_maintenance())
    if now_ns < lasting.banned_until_ns:
        raise _bitten(venue, "ban", venue.limits.banned(lasting.banned_until_ns, now_ns))
    if venue.limits.used_by_others:
        venue.faults.bite("use_weight")


def check_account(venue: Venue, method: str, security: Security) -> None:
    """Judge a request of the account, once its key is known: the key may be valid no more, queries may fail.

    Raises
    ------
    ApiError
        One of them is so.

    """
    lasting = venue.faults.lasting
    if lasting.has_expired_key:
        raise _bitten(venue, "auth_expired", key_expired())
    if lasting.fails_queries and method == "GET" and security is Security.SIGNED:
        raise _bitten(venue, "query_error", query_failed())


def refuses_websockets(venue: Venue) -> bool:
    """Tell whether a new WebSocket is refused, and count it."""
    for name, is_on in (
        ("refuse_websockets", venue.faults.refuses_websockets),
        ("maintenance", venue.faults.lasting.is_in_maintenance),
    ):
        if is_on:
            venue.faults.bite(name)
            return True
    return False


def lose_race(venue: Venue, symbol: str, order_id: int | None, client_order_id: str | None, now_ns: int) -> None:
    """Fill the order that a cancel is about to end, where that is wanted; the cancel then finds nothing to end."""
    if venue.faults.lasting.lost_races <= 0:
        return
    facts = venue.exchange.fill_resting(symbol, order_id=order_id, client_order_id=client_order_id, now_ns=now_ns)
    venue.faults.lasting.lost_races -= 1
    venue.faults.bite("fill_before_cancel")
    venue.finish(facts, None)


def _bitten(venue: Venue, name: str, error: ApiError) -> ApiError:
    venue.faults.bite(name)
    return error
