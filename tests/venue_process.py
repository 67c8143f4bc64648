"""A real venue process, and a caller who signs its requests: for tests that meet the venue as anybody does, by its sockets."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from warm import COMMAND, WarmProcess, template

API_KEY, API_SECRET = "the-public-key", "the-private-secret"
SYMBOL = "BTCUSDT"
READY_S = 10


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    document: Any

    @property
    def code(self) -> int:
        """Binance's code of an error."""
        assert isinstance(self.document, dict), self.document
        return int(self.document["code"])


@dataclass
class Caller:
    """Asks a venue, each request on a connection that stays open."""

    url: str
    api_key: str | None = API_KEY
    api_secret: str = API_SECRET
    skew_ms: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def send(
        self, method: str, path: str, query: str = "", *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answered:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=READY_S)
        given = ({"X-MBX-APIKEY": self.api_key} if self.api_key is not None else {}) | (headers or {})
        self._connection.request(method, f"{path}?{query}" if query else path, body=body, headers=given)
        response = self._connection.getresponse()
        text = response.read()
        return Answered(response.status, dict(response.headers), json.loads(text) if text else None)

    def start(self, method: str, path: str, query: str) -> http.client.HTTPConnection:
        """Send a request, and leave its answer to be read from the connection."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=READY_S)
        connection.request(method, f"{path}?{query}", headers={"X-MBX-APIKEY": self.api_key or ""})
        return connection

    def signed(self, method: str, path: str, **params: object) -> Answered:
        return self.send(method, path, self.query(**params))

    def query(self, **params: object) -> str:
        query = urlencode({"timestamp": int(time.time() * 1000) + self.skew_ms} | params)
        return f"{query}&signature={sign(self.api_secret, query)}"

    def place(self, side: str, quantity: str, price: str | None = None, *, tif: str = "GTC", **params: object) -> Answered:
        limited = {"type": "MARKET"} if price is None else {"type": "LIMIT", "price": price, "timeInForce": tif}
        return self.signed("POST", "/fapi/v1/order", symbol=SYMBOL, side=side, quantity=quantity, **limited, **params)

    def best(self) -> tuple[str, str]:
        """Best bid and ask."""
        found = self.send("GET", "/fapi/v1/ticker/bookTicker", f"symbol={SYMBOL}").document
        return found["bidPrice"], found["askPrice"]

    def fault(self, name: str, **document: object) -> Answered:
        return self.send("POST", f"/_fault/{name}", body=json.dumps(document).encode())

    def described(self) -> dict[str, Any]:
        return dict(self.send("GET", "/_fault/counters").document)

    def counters(self) -> dict[str, int]:
        return dict(self.described()["counters"])

    def requests(self) -> list[dict[str, Any]]:
        return list(self.send("GET", "/_fault/requests").document["requests"])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@dataclass(frozen=True)
class VenueProcess:
    process: subprocess.Popen[str]
    url: str
    ready: dict[str, Any]

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http://", "ws://")


def venue_environment() -> dict[str, str]:
    return {**os.environ, "TC_VENUE_API_KEY": API_KEY, "TC_VENUE_API_SECRET": API_SECRET}


def start_venue(*options: str, is_warm: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tc", "venue", "serve", *options]
    pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    if is_warm:
        return WarmProcess(template(*COMMAND), command, env=venue_environment(), text=True, **pipes)
    return subprocess.Popen(command, env=venue_environment(), text=True, **pipes)


@contextmanager
def venue_process(*options: str, is_warm: bool = True) -> Iterator[VenueProcess]:
    process = start_venue(*options, is_warm=is_warm)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=READY_S)[1]
        ready = json.loads(line)
        yield VenueProcess(process, ready["url"], ready)
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> str:
    """End a process, and return what it said on standard error that nobody has read."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(READY_S)
    finally:
        process.kill()
        said = "" if process.stderr is None or process.stderr.closed else process.stderr.read()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
    return said


@contextmanager
def calling(url: str, **options: Any) -> Iterator[Caller]:
    caller = Caller(url, **options)
    try:
        yield caller
    finally:
        caller.close()


def sign(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class Listening:
    """A WebSocket by hand: what arrives is decoded, what is sent is masked, and nothing answers pings."""

    def __init__(self, url: str, path: str) -> None:
        host, _, port = urlsplit(url).netloc.partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=READY_S)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        self._bytes = b""
        while b"\r\n\r\n" not in self._bytes:
            self._more()
        head, _, self._bytes = self._bytes.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def send(self, document: object) -> None:
        payload, mask = json.dumps(document).encode(), os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0x80 | 126]) + len(payload).to_bytes(2)
        self._socket.sendall(b"\x81" + size + mask + masked)

    def receive(self) -> tuple[int, bytes]:
        """Return the next frame: its code and its payload; EOFError when the connection has ended."""
        code, size = self._take(2)
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8))
        return code & 0x0F, self._take(size)

    def next(self) -> Any:
        """Return the next message."""
        while True:
            code, payload = self.receive()
            if code == 1:
                return json.loads(payload)
            if code == 8:
                raise EOFError(payload)

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Return the first message that is wanted."""
        while not wanted(found := self.next()):
            pass
        return found

    def close(self) -> None:
        self._socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._bytes) < size:
            self._more()
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def _more(self) -> None:
        more = self._socket.recv(1 << 16)
        if not more:
            raise EOFError
        self._bytes += more


@contextmanager
def listening(url: str, path: str) -> Iterator[Listening]:
    socket_ = Listening(url, path)
    try:
        yield socket_
    finally:
        socket_.close()


@contextmanager
def user_stream(caller: Caller) -> Iterator[Listening]:
    key = caller.send("POST", "/fapi/v1/listenKey").document["listenKey"]
    with listening(caller.url, f"/ws?listenKey={key}") as stream:
        yield stream
