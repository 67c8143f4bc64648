"""How much the loopback exchange takes: durable orders, and market messages to a WebSocket client; prints one JSON object.

Each order is a signed LIMIT order far from the market, and is cancelled by a second request; both are committed to the state
file before they are answered. `flushed` waits for the disk with each, besides; `cpu_us` is the exchange's processor time for a
request. Market messages are counted at a client that has every stream of one symbol, while the generator runs as fast as it
goes. Client and exchange share the machine.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp

KEY, SECRET = "bench-key", "bench-secret"
STREAMS = "btcusdt@bookTicker/btcusdt@aggTrade/btcusdt@trade/btcusdt@depth@0ms"
WARM_UP_S = 1.0


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=3_000, help="how many orders are placed and cancelled in each way")
    parser.add_argument("--connections", type=int, default=8, help="over so many connections at once")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long market messages are counted")
    arguments = parser.parse_args()
    measured: dict[str, object] = {"benchmark": "venue", "orders": arguments.orders, "connections": arguments.connections}
    for name, options in (("kept", ()), ("flushed", ("--flush",))):
        with tempfile.TemporaryDirectory() as folder, venue("--state", str(Path(folder) / "v.sqlite"), *options) as (url, pid):
            measured[name] = asyncio.run(ordered(url, pid, arguments.orders, arguments.connections))
    with venue("--speed", "max", "--rate", "1000000") as (url, _):
        measured["market_messages_per_s"] = round(asyncio.run(counted(url, arguments.seconds)))
    print(json.dumps(measured))


@contextmanager
def venue(*options: str) -> Iterator[tuple[str, int]]:
    """Run an exchange without limits, and give its URL and its process id."""
    command = [sys.executable, "-m", "tc", "venue", "serve", "--until-stdin-closes", "--weight-limit", "0", "--order-limit", "0"]
    process = subprocess.Popen(
        [*command, "--starting-balance", "100000000 USDT", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TC_VENUE_API_KEY": KEY, "TC_VENUE_API_SECRET": SECRET},
    )
    try:
        yield json.loads(first_line(process))["url"], process.pid
    finally:
        process.communicate(timeout=10)


def first_line(process: "subprocess.Popen[bytes]") -> bytes:
    """Return what the exchange says when it is ready."""
    if process.stdout is None:
        sys.exit("it has no output")
    return process.stdout.readline()


async def ordered(url: str, pid: int, orders: int, connections: int) -> dict[str, float]:
    """Place and cancel over some connections at once; return how many requests a second were answered, and how long one took."""
    share = orders // connections
    began, used_s = time.perf_counter(), cpu_s(pid)
    taken = [each for some in await asyncio.gather(*(placed(url, f"b{n}", share) for n in range(connections))) for each in some]
    elapsed, used_s = time.perf_counter() - began, cpu_s(pid) - used_s
    taken.sort()
    return {
        "requests_per_s": round(len(taken) / elapsed),
        "p50_ms": round(taken[len(taken) // 2] * 1e3, 2),
        "p99_ms": round(taken[len(taken) * 99 // 100] * 1e3, 2),
        "cpu_us": round(used_s / len(taken) * 1e6),
    }


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def placed(url: str, prefix: str, count: int) -> list[float]:
    """Place and cancel orders, one after the other over one connection; return the seconds that each request took."""
    taken = []
    async with connected(url) as (reader, writer):
        for request in requests(urlsplit(url).netloc, prefix, count):
            began = time.perf_counter()
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            body = await reader.readexactly(size)
            taken.append(time.perf_counter() - began)
            if b" 200 " not in head.split(b"\r\n")[0]:
                sys.exit(f"{prefix} was refused: {body!r}")
    return taken


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a connection."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def requests(host: str, prefix: str, count: int) -> Iterator[Callable[[], bytes]]:
    """Give what makes the requests that place orders far below the market, and cancel each."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    for number in range(count):
        key = f"{prefix}-{number}"
        yield partial(signed, host, "POST", {**order, "price": f"{57_500 + number % 1_000}.0", "newClientOrderId": key})
        yield partial(signed, host, "DELETE", {"symbol": "BTCUSDT", "origClientOrderId": key})


def signed(host: str, method: str, params: dict[str, str]) -> bytes:
    """Return the bytes of a signed request about an order."""
    query = urlencode({**params, "timestamp": str(time.time_ns() // 1_000_000)})
    signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    line = f"{method} /fapi/v1/order?{query}&signature={signature} HTTP/1.1"
    return f"{line}\r\nHost: {host}\r\nX-MBX-APIKEY: {KEY}\r\nContent-Length: 0\r\n\r\n".encode()


async def counted(url: str, seconds: float) -> float:
    """Return how many market messages come in a second."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/stream?streams={STREAMS}", max_msg_size=0) as stream,
    ):
        begins = time.perf_counter() + WARM_UP_S
        count, now = 0, 0.0
        while now < begins + seconds:
            await stream.receive()
            now = time.perf_counter()
            count += now >= begins
    return count / (now - begins)


if __name__ == "__main__":
    main()
