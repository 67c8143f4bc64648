"""The key of the user data stream: one at a time, for an hour from when it was last asked for."""

import hashlib
import hmac

from tc.venue.clock import SECOND_NS
from tc.venue.protocol.problems import ApiError

DEFAULT_LIFETIME_S = 3_600


class ListenKeys:
    """Gives the key, keeps it alive, and says when it has expired."""

    def __init__(self, secret: str, *, started_ns: int, lifetime_s: int = DEFAULT_LIFETIME_S) -> None:
        self._secret = f"{secret}-{started_ns}".encode()
        self._lifetime_ns = lifetime_s * SECOND_NS
        self._given = 0
        self._expires_ns = 0
        self.current: str | None = None

    def give(self, now_ns: int) -> str:
        """Return the key, a new one when there is none, and let its hour begin again."""
        if self.current is None:
            self._given += 1
            self.current = hmac.new(self._secret, str(self._given).encode(), hashlib.sha256).hexdigest()
        self._expires_ns = now_ns + self._lifetime_ns
        return self.current

    def keep_alive(self, now_ns: int) -> str:
        """Let the key's hour begin again.

        Raises
        ------
        ApiError
            There is none.

        """
        if self.current is None:
            raise ApiError(-1125, "This listenKey does not exist.")
        return self.give(now_ns)

    def close(self) -> str | None:
        """Give the key up, and return it."""
        closed, self.current = self.current, None
        return closed

    def expired(self, now_ns: int) -> str | None:
        """Return the key when its hour is over; it is given up then."""
        return self.close() if self.current is not None and now_ns >= self._expires_ns else None
