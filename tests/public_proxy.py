"""A proxy that knows Binance's public protocol for USD-M futures and nothing else, in front of a venue.

The paths are those of Binance's own documentation. What is asked beside them is refused with 403, noted, and never passed on.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import ClientSession, WSMsgType, web

FAPI_V1 = {
    "time": "GET",
    "exchangeInfo": "GET",
    "depth": "GET",
    "klines": "GET",
    "trades": "GET",
    "aggTrades": "GET",
    "premiumIndex": "GET",
    "ticker/bookTicker": "GET",
    "commissionRate": "GET",
    "symbolConfig": "GET",
    "positionSide/dual": "GET POST",
    "multiAssetsMargin": "GET POST",
    "leverage": "POST",
    "marginType": "POST",
    "order": "GET POST PUT DELETE",
    "batchOrders": "POST PUT DELETE",
    "allOpenOrders": "DELETE",
    "openOrder": "GET",
    "openOrders": "GET",
    "allOrders": "GET",
    "userTrades": "GET",
    "algoOrder": "GET POST DELETE",
    "algoOpenOrders": "DELETE",
    "openAlgoOrders": "GET",
    "allAlgoOrders": "GET",
    "listenKey": "POST PUT DELETE",
}
ALLOWED = {f"/fapi/v1/{path}": set(methods.split()) for path, methods in FAPI_V1.items()} | {
    path: {"GET"} for path in ("/fapi/v2/account", "/fapi/v3/account", "/fapi/v2/positionRisk", "/fapi/v3/positionRisk")
}
STREAMS = ("/stream", "/ws", "/ws/")


@dataclass
class Proxy:
    """A proxy that runs: where, what it let through, and what it refused."""

    venue_url: str
    url: str = ""
    passed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        named = f"{request.method} {request.path}"
        is_ours = any(name.lower().startswith(("x-tc", "tc-")) for name in request.headers)
        is_stream = request.path.startswith(STREAMS) and request.headers.get("Upgrade", "").lower() == "websocket"
        if is_ours or not (is_stream or request.method in ALLOWED.get(request.path, set())):
            self.refused.append(named)
            return web.Response(status=403)
        self.passed.append(named)
        return await self._stream(request) if is_stream else await self._request(request)

    async def _request(self, request: web.Request) -> web.Response:
        key = {name: value for name, value in request.headers.items() if name.lower() in ("x-mbx-apikey", "content-type")}
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, self._target(request), data=await request.read(), headers=key, allow_redirects=False
            ) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name.lower().startswith(("x-mbx", "retry-after"))}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept, content_type=answer.content_type)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        near = web.WebSocketResponse()
        await near.prepare(request)
        async with ClientSession() as session, session.ws_connect(self._target(request)) as far:
            both = [asyncio.ensure_future(_copy(far, near)), asyncio.ensure_future(_copy(near, far))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in both:
                each.cancel()
            await near.close()
        return near

    def _target(self, request: web.Request) -> str:
        return f"{self.venue_url}{request.raw_path}"


async def _copy(source: object, sink: object) -> None:
    async for message in source:  # type: ignore[attr-defined]
        if message.type == WSMsgType.TEXT:
            await sink.send_str(message.data)  # type: ignore[attr-defined]
        elif message.type == WSMsgType.BINARY:
            await sink.send_bytes(message.data)  # type: ignore[attr-defined]


@contextmanager
def public_proxy(venue_url: str) -> Iterator[Proxy]:
    """Run a proxy in front of a venue, in a thread."""
    proxy, ready, end = Proxy(venue_url), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.5, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await end.wait()
        await runner.cleanup()

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(10)
        yield proxy
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
