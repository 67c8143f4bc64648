"""Who is answered: by the name that the server was asked under, by a password, and while not too many ask at once."""

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping

import bcrypt
from aiohttp import web

from tc.telemetry.serving.parts import text

MOST_AT_ONCE = 40  # as many as Prometheus's own exporters answer
MOST_GUESSES = 20
"""So many may wait until the password is judged that they gave."""
_HOST = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[0-9a-z.-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_LONGEST_PASSWORD = 72  # bytes: bcrypt hashes no more, and htpasswd cuts off what is beyond
_MOST_KNOWN = 100

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doorkeeper:
    """Judges requests before anybody looks at what they ask for.

    Parameters
    ----------
    is_local
        Whether only names of this machine are answered to: a page elsewhere whose name was made to lead here is not.
    users
        bcrypt hashes of passwords by name; empty lets everybody in.

    """

    def __init__(self, *, is_local: bool, users: Mapping[str, str]) -> None:
        self._is_local = is_local
        self._users = {name: hashed.encode() for name, hashed in users.items()}
        self._nobody = max(self._users.values(), default=b"")  # an unknown name takes as long as a known one
        self._salt = secrets.token_bytes(32)
        self._known: set[bytes] = set()
        self._one_at_a_time = asyncio.Lock()
        self._now = 0
        self._guessing = 0
        self.asked: set[object] = set()  # connections that asked for something, for whoever ends those that do not

    @web.middleware
    async def judge(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or say why not."""
        self.asked.add(request.protocol)
        refusal = await self._refusal(request)
        if refusal is not None:
            refusal.force_close()  # Who is not let in keeps no place that somebody else needs.
            return refusal
        if self._now >= MOST_AT_ONCE:
            return _too_many()
        self._now += 1
        try:
            return await handler(request)
        finally:
            self._now -= 1

    async def _refusal(self, request: web.Request) -> web.Response | None:
        if self._is_local and not names_this_machine(request.headers.getall("Host", [])):
            return text("this server is for programs and people of this machine, by its own names\n", status=403)
        header = request.headers.get("Authorization", "")
        given = credentials(header)
        if not self._users or (given is not None and self._pair(*given) in self._known):
            return None
        if self._guessing >= MOST_GUESSES:  # They wait for each other; who is known waits for none of them.
            return _too_many()
        self._guessing += 1
        try:
            if await self.is_known(header):
                return None
        finally:
            self._guessing -= 1
        return text("a name and a password are needed\n", status=401, headers={"WWW-Authenticate": 'Basic realm="tc"'})

    def _pair(self, name: str, password: bytes) -> bytes:
        return hashlib.sha256(b"\0".join((self._salt, name.encode(errors="replace"), password))).digest()

    async def is_known(self, header: str) -> bool:
        """Say whether a header has the name and password of a user; a pair that was right once is not hashed again."""
        given = credentials(header)
        if given is None:
            return False
        name, password = given
        pair = self._pair(name, password)
        if pair in self._known:
            return True
        hashed = self._users.get(name)
        async with self._one_at_a_time:  # so that who guesses cannot take all processors
            is_right = await asyncio.to_thread(bcrypt.checkpw, password[:_LONGEST_PASSWORD], hashed or self._nobody)
        if hashed is None or not is_right:
            return False
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(pair)
        return True


def _too_many() -> web.Response:
    return text("too many ask at once\n", status=503, headers={"Retry-After": "1"})


def names_this_machine(hosts: list[str]) -> bool:
    """Say whether there is one Host header, and it is a loopback address or its one name, with or without a port."""
    match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    name = "" if match is None else match["name"].lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def credentials(header: str) -> tuple[str, bytes] | None:
    """Return name and password of an Authorization header (RFC 7617), or None where it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
