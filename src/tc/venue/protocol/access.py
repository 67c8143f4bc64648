"""Who may ask what: API key, signature and timestamp, judged in the order in which Binance judges them."""

import hmac
from dataclasses import dataclass, field
from enum import Enum

from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import UNAUTHORIZED, ApiError, malformed, missing
from tc.venue.protocol.signature import is_signed, signed_part

DEFAULT_WINDOW_MS = 5_000
LARGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


class Security(Enum):
    """What an endpoint asks for: nothing, an API key, or a key and a signature."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Access:
    """The one account's key and secret."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)

    def check_key(self, api_key: str | None) -> None:
        """Hold the key of a request against the account's.

        Raises
        ------
        ApiError
            There is none, or it is another.

        """
        if not api_key:
            raise ApiError(-2014, "API-key format invalid.", status=UNAUTHORIZED)
        if not hmac.compare_digest(api_key.encode(), self.api_key.encode()):
            raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=UNAUTHORIZED)

    def check_signature(self, params: Params, query: str, body: str, now_ms: int) -> None:
        """Hold the signature and the time of a request against the secret and the venue's clock.

        Raises
        ------
        ApiError
            Something is missing, the signature is of something else, or the request is too old or from the future.

        """
        timestamp = params.integer("timestamp")
        if timestamp is None:
            raise missing("timestamp")
        if not signed_part(query, body)[1]:
            raise missing("signature")
        if not is_signed(self.api_secret, query, body):
            raise ApiError(-1022, "Signature for this request is not valid.")
        window = params.integer("recvWindow")
        _check_time(timestamp, DEFAULT_WINDOW_MS if window is None else window, now_ms)


def _check_time(timestamp: int, window_ms: int, now_ms: int) -> None:
    if not 0 < window_ms <= LARGEST_WINDOW_MS:
        raise malformed("recvWindow")
    if timestamp >= now_ms + _AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window_ms:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
