"""How much may be asked in a minute: request weights, orders, and what happens to who does not stop asking.

Source: "Limits" in Binance's documentation of the USD-M futures API: 429 with Retry-After when a limit is broken, 418 and a ban
for who goes on. How many requests it takes is not published; here it is a setting.
"""

from dataclasses import dataclass

from tc.venue.clock import SECOND_NS
from tc.venue.protocol.problems import BANNED, TOO_MANY, ApiError

MINUTE_NS = 60 * SECOND_NS
_TEN_SECONDS_NS = 10 * SECOND_NS
_BAN_NS = 120 * SECOND_NS


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """The limits of an address in a minute: request weight and orders (0 is none), and refusals before it is banned."""

    weight: int = 2_400
    orders: int = 1_200
    refusals: int = 20

    @property
    def orders_in_ten_seconds(self) -> int:
        """A quarter of a minute's orders: 300 of 1,200, as at Binance."""
        return self.orders // 4


class _Window:
    """A count that starts anew with each interval of the clock."""

    def __init__(self, length_ns: int) -> None:
        self.length_ns = length_ns
        self.count = 0
        self._number = -1

    def add(self, amount: int, now_ns: int) -> int:
        number = now_ns // self.length_ns
        if number != self._number:
            self._number, self.count = number, 0
        self.count += amount
        return self.count

    def seconds_left(self, now_ns: int) -> int:
        return (self.length_ns - now_ns % self.length_ns) // SECOND_NS + 1


class Limits:
    """Counts what one address asks for; all that reach a loopback venue are one address."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self._weight, self._refusals = _Window(MINUTE_NS), _Window(MINUTE_NS)
        self._orders_10s, self._orders_1m = _Window(_TEN_SECONDS_NS), _Window(MINUTE_NS)
        self._banned_until_ns = 0
        self._bans = 0
        self.used_by_others = 0
        """What of every minute's weight is used by somebody else at the same address, as a fault wants it."""

    def take_weight(self, weight: int, now_ns: int) -> None:
        """Count a request.

        Raises
        ------
        ApiError
            The minute's weight is used up, or the address is banned.

        """
        if now_ns < self._banned_until_ns:
            raise self.banned(self._banned_until_ns, now_ns)
        used = self._weight.add(weight, now_ns) + self.used_by_others
        if not self.settings.weight or used <= self.settings.weight:
            return
        if self._refusals.add(1, now_ns) > self.settings.refusals:
            self._bans += 1
            self._banned_until_ns = now_ns + _BAN_NS * self._bans
            raise self.banned(self._banned_until_ns, now_ns)
        raise self.too_many(now_ns)

    def share(self, weight: int) -> None:
        """Let others use so much of every minute; when they end, so do the refusals and the ban that came of them."""
        if self.used_by_others and not weight:
            self._refusals, self._banned_until_ns, self._bans = _Window(MINUTE_NS), 0, 0
        self.used_by_others = weight

    def take_orders(self, count: int, now_ns: int) -> None:
        """Count new orders.

        Raises
        ------
        ApiError
            There were too many in ten seconds or in a minute.

        """
        for window, limit in ((self._orders_10s, self.settings.orders_in_ten_seconds), (self._orders_1m, self.settings.orders)):
            if window.add(count, now_ns) > limit > 0:
                message = f"Too many new orders; current limit is {limit} orders per {window.length_ns // SECOND_NS} SECOND."
                raise ApiError(-1015, message, status=TOO_MANY, headers={"Retry-After": str(window.seconds_left(now_ns))})

    def too_many(self, now_ns: int, *, retry_after_s: int | None = None) -> ApiError:
        """Return the error of a minute whose weight is used up; it asks to wait for its end, or so long as a fault wants it."""
        wait_s = self._weight.seconds_left(now_ns) if retry_after_s is None else retry_after_s
        message = (
            f"Too many requests; current limit of IP is {self.settings.weight} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        return ApiError(-1003, message, status=TOO_MANY, headers={"Retry-After": str(wait_s)})

    def headers(self, now_ns: int, *, with_orders: bool) -> dict[str, str]:
        """Return the headers that tell what is used."""
        told = {"X-MBX-USED-WEIGHT-1M": str(self._weight.add(0, now_ns) + self.used_by_others)}
        if with_orders:
            told["X-MBX-ORDER-COUNT-10S"] = str(self._orders_10s.add(0, now_ns))
            told["X-MBX-ORDER-COUNT-1M"] = str(self._orders_1m.add(0, now_ns))
        return told

    def banned(self, until_ns: int, now_ns: int) -> ApiError:
        """Return the error of an address that is banned until then."""
        until_ms = until_ns // 1_000_000
        seconds = (until_ns - now_ns) // SECOND_NS + 1
        message = f"Way too many requests; IP banned until {until_ms}. Please use the websocket for live updates to avoid bans."
        return ApiError(-1003, message, status=BANNED, headers={"Retry-After": str(seconds)})
