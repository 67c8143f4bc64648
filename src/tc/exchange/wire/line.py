"""One signed line to a venue: requests in, exact documents out; what an unclear answer means is left to who asked."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tc.exchange.wire.answers import read_answer
from tc.exchange.wire.errors import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.wire.keys import Keys
from tc.exchange.wire.protocol import ExchangeDocument, ServerTime, decoded
from tc.exchange.wire.weight import USED_WEIGHT_HEADER, RequestWeight
from tc.spec.venue_url import VenueUrl

type Parameters = dict[str, str | int]

_TIME = "/fapi/v1/time"
_EXCHANGE = "/fapi/v1/exchangeInfo"
_CLOCK_IS_OFF = -1021
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


class VenueLine:
    """Sends signed requests to one venue, each over its own connection, so that nothing is repeated behind our back.

    It follows no redirect, takes no proxy from the environment, keeps no cookie, looks up no name of this machine, and after
    a 429 or 418 sends nothing before the time that the venue asked for has passed.

    Parameters
    ----------
    url
        Where the venue is, judged.
    keys
        What signs.
    timeout_s
        How long one request may take, connecting included.
    patience_s
        How long a GET is repeated, and how long a 429 is waited out, before it is an error.
    receive_window_ms
        How late a request may arrive: the venue refuses one that was held up longer.
    busy_patience_s
        How long in all, from when the line is opened, request weight and a 429 are waited for where that is longer than
        ``patience_s``: a venue that is busy answers in the next minute, one that is gone does not.
    told
        Is told of each wait for request weight or after a 429, in seconds, before it.
    weight
        What is known of the address's request weight, where several lines keep one account of it.

    """

    def __init__(
        self,
        url: VenueUrl,
        keys: Keys,
        *,
        timeout_s: float = 5,
        patience_s: float = 8,
        receive_window_ms: int = 5000,
        busy_patience_s: float = 0,
        told: Callable[[float], None] = lambda _wait_s: None,
        weight: RequestWeight | None = None,
    ) -> None:
        self.url = url
        self._keys = keys
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._receive_window_ms = receive_window_ms
        self._busy_patience_s = busy_patience_s
        self._told = told
        self._busy_until = 0.0
        self._session: aiohttp.ClientSession | None = None
        self._skew_ns = 0
        self._round_trip_ns = 0
        self._is_set = False
        self._silent_until = 0.0
        self._weight = RequestWeight() if weight is None else weight
        self._is_limit_known = False

    async def __aenter__(self) -> Self:
        self._busy_until = time.monotonic() + self._busy_patience_s
        resolver = _NoNames() if self.url.environment == "loopback" else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=8, use_dns_cache=False, resolver=resolver),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"X-MBX-APIKEY": self._keys.api_key, "User-Agent": "tc", "Accept-Encoding": "identity"},
            trust_env=False,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def skew_ns(self) -> int:
        """How far the venue's clock is ahead of ours, as last measured; 0 before the first request."""
        return self._skew_ns

    @property
    def round_trip_ns(self) -> int:
        """How long the last measurement of the clock took: the skew is exact to half of it and a millisecond."""
        return self._round_trip_ns

    @property
    def used_weight(self) -> int:
        """How much request weight the address, with all its programs, has used of this minute, by the venue's last answer."""
        return self._weight.used(time.time_ns(), self._skew_ns)

    async def measure_skew(self) -> int:
        """Ask for the venue's time, and return by how many nanoseconds its clock is ahead of ours.

        Raises
        ------
        VenueUnreachableError, VenueRefusedError
            As `get`.

        """
        asked_ns = time.time_ns()
        answer = decoded(await self._repeated(_TIME, {}, is_signed=False), ServerTime, _TIME)
        self._round_trip_ns = time.time_ns() - asked_ns
        self._skew_ns = answer.serverTime * 1_000_000 - (asked_ns + self._round_trip_ns // 2)
        self._is_set = True
        return self._skew_ns

    async def get[T](self, path: str, parameters: Parameters, kind: type[T], *, weight: int = 0) -> T:
        """Ask a signed question, again and again for `patience_s` while no answer comes, and return it as the kind given.

        Parameters
        ----------
        path, parameters, kind
            What is asked.
        weight
            What a question weighs that gives way to others: it waits, for `patience_s` at most, while a quarter of the
            minute's weight would not be left after it. 0 for one that stops a run, and never waits.

        Raises
        ------
        VenueUnreachableError
            No answer came, or one that is not of this kind.
        VenueRefusedError
            The venue refused the question.
        VenueBusyError
            The venue asked for a longer wait than `patience_s`, or giving way would take longer.

        """
        if weight:
            await self._give_way(path, weight)
        return decoded(await self._clocked("GET", path, parameters), kind, path)

    async def ask[T](self, path: str, parameters: Parameters, kind: type[T], *, weight: int = 0) -> T:
        """Ask a question that anybody may, unsigned; else as `get`."""
        if weight:
            await self._give_way(path, weight)
        return decoded(await self._repeated(path, parameters, is_signed=False), kind, path)

    async def learn_limit(self) -> None:
        """Ask, once, for the venue's own limit of request weight: a large document."""
        if not self._is_limit_known:
            self._is_limit_known = True
            exchange = decoded(await self._repeated(_EXCHANGE, {}, is_signed=False), ExchangeDocument, _EXCHANGE)
            self._weight.limit_to(exchange.minute_weight())

    async def send(self, method: str, path: str, parameters: Parameters) -> bytes:
        """Send one signed request that changes something, once, and return the answer.

        It is sent a second time only after the venue refused it for its time stamp.

        Raises
        ------
        VenueUnreachableError
            No answer came; `is_unclear` says whether the request may have been carried out.
        VenueRefusedError, VenueBusyError
            The venue did not carry it out.

        """
        return await self._clocked(method, path, parameters)

    async def _clocked(self, method: str, path: str, parameters: Parameters) -> bytes:
        if not self._is_set:
            await self.measure_skew()
        try:
            return await self._one(method, path, parameters)
        except VenueRefusedError as error:
            if error.code != _CLOCK_IS_OFF:
                raise
        await self.measure_skew()
        return await self._one(method, path, parameters)

    async def _give_way(self, path: str, weight: int) -> None:
        if not self._is_set:
            await self.measure_skew()
        deadline = max(time.monotonic() + self._patience_s, self._busy_until)
        while (wait_s := self._weight.wait_s(weight, time.time_ns(), self._skew_ns)) > 0:
            if not self._is_limit_known:  # It is only asked for where it matters.
                await self.learn_limit()
                continue
            if time.monotonic() + wait_s > deadline:
                raise VenueBusyError(
                    f"GET {path} at {self.url} was not sent: request weight {self.used_weight} of {self._weight.limit} is used "
                    f"for another {wait_s:.0f} s, and {self._weight.reserve} stay free for a kill",
                    status=0,
                    reason="request weight",
                    retry_after_s=wait_s,
                )
            self._told(wait_s)
            await asyncio.sleep(wait_s)

    async def _one(self, method: str, path: str, parameters: Parameters) -> bytes:
        if method == "GET":
            return await self._repeated(path, parameters, is_signed=True)
        await self._wait_until_wanted(time.monotonic() + self._patience_s)
        return await self._sent(method, path, parameters, is_signed=True)

    async def _repeated(self, path: str, parameters: Parameters, *, is_signed: bool) -> bytes:
        deadline = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            await self._wait_until_wanted(max(deadline, self._busy_until))
            try:
                return await self._sent("GET", path, parameters, is_signed=is_signed)
            except VenueBusyError:
                continue
            except VenueUnreachableError:
                if time.monotonic() + pause_s > deadline:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _wait_until_wanted(self, deadline: float) -> None:
        wait_s = self._silent_until - time.monotonic()
        if wait_s <= 0:
            return
        if time.monotonic() + wait_s > deadline:
            raise VenueBusyError(
                f"{self.url} asked us to wait another {wait_s:.1f} s",
                status=429,
                reason="too many requests",
                retry_after_s=wait_s,
            )
        self._told(wait_s)
        await asyncio.sleep(wait_s)

    async def _sent(self, method: str, path: str, parameters: Parameters, *, is_signed: bool) -> bytes:
        assert self._session is not None, "the line is used outside its `async with`"  # noqa: S101 - a bug of ours
        query = self._query(parameters) if is_signed else urlencode(parameters)
        target = URL(f"{self.url.http}{path}" + (f"?{query}" if query else ""), encoded=True)
        said = f"{method} {path} at {self.url}"
        try:
            async with self._session.request(method, target, allow_redirects=False) as response:
                self._weight.tell(response.headers.get(USED_WEIGHT_HEADER), time.time_ns())
                return await read_answer(response, said, self._keys)
        except VenueBusyError as error:
            self._silent_until = max(self._silent_until, time.monotonic() + error.retry_after_s)
            raise
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise VenueUnreachableError(f"{said}: no connection ({_words(error)})", is_unclear=False) from None
        except TimeoutError:
            raise VenueUnreachableError(f"{said}: no answer within {self._timeout_s:g} s", is_unclear=True) from None
        except (aiohttp.ClientError, msgspec.DecodeError, OSError) as error:
            raise VenueUnreachableError(f"{said}: the answer broke off ({type(error).__name__})", is_unclear=True) from None

    def _query(self, parameters: Parameters) -> str:
        stamp = (time.time_ns() + self._skew_ns) // 1_000_000
        query = urlencode({**parameters, "recvWindow": self._receive_window_ms, "timestamp": stamp})
        return f"{query}&signature={self._keys.sign(query)}"


class _NoNames(AbstractResolver):
    """Answers no question for a name: this machine's addresses are numbers."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:  # noqa: ARG002 - aiohttp's interface
        raise OSError(None, "names are not looked up")

    async def close(self) -> None:
        """Hold nothing, so give nothing back."""


def _words(error: BaseException) -> str:
    cause = getattr(error, "os_error", None)
    return getattr(cause, "strerror", None) or type(error).__name__
