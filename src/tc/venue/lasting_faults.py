"""Faults of the venue that last until they are taken back, or until they are used up, and what they do to a request."""

from dataclasses import dataclass

from tc.venue.protocol.problems import UNAUTHORIZED, UNAVAILABLE, ApiError


@dataclass(slots=True)
class Lasting:
    """What of the venue's side of requests is broken now; at first nothing."""

    has_expired_key: bool = False
    fails_queries: bool = False
    is_in_maintenance: bool = False
    banned_until_ns: int = 0
    lost_races: int = 0
    """How many cancels still find their order filled."""


def key_expired() -> ApiError:
    """Return the error of a key that is valid no more."""
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=UNAUTHORIZED)


def query_failed() -> ApiError:
    """Return the error of a query that the venue cannot answer itself."""
    return ApiError(-1001, "Internal error; unable to process your request. Please try again.", status=UNAVAILABLE)


def in_maintenance() -> ApiError:
    """Return the error of every request while the venue is closed."""
    return ApiError(-1016, "This service is no longer available.", status=UNAVAILABLE)
