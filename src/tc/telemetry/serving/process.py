"""The server as a process: its socket, its TLS, and how it ends."""

import asyncio
import ipaddress
import logging
import os
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from tc.errors import UnreachableError
from tc.telemetry.serving.access import Doorkeeper
from tc.telemetry.serving.app import Site, application
from tc.telemetry.serving.watching import Watcher

_HANDSHAKE_S = 10.0
_PATIENCE_S = 1.0
_SWITCH_S = 0.001  # the thread that looks at run directories holds a scrape up no longer than this at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where and for whom the server listens.

    Parameters
    ----------
    host
        An address, not a name.
    port
        0 takes one that is free.
    tls
        What is spoken; None for plain HTTP.
    most_connections
        How many are held; who comes beyond is sent away.
    silent_s
        How long a connection may be open without asking for anything.

    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    most_connections: int = 256
    silent_s: float = 10.0

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback


async def serve(
    site: Site, doorkeeper: Doorkeeper, watcher: Watcher, settings: ServeSettings, on_ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is told the address once it is listened on, before the first look.

    Raises
    ------
    UnreachableError
        The port cannot be had.

    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = runner_of(site, doorkeeper)
    await runner.setup()
    try:
        server = await _listen(runner, settings)
        on_ready(_url(server, settings))
        sys.setswitchinterval(_SWITCH_S)
        threading.Thread(target=watcher.watch, name="watcher", daemon=True).start()
        leaving = asyncio.create_task(_leave_the_silent(runner, doorkeeper.asked, settings.silent_s))
        await stop.wait()
        leaving.cancel()
        server.close()
    finally:
        watcher.stop()
        await runner.cleanup()


def runner_of(site: Site, doorkeeper: Doorkeeper) -> web.AppRunner:
    """Return what runs the application of a site."""
    log = logging.getLogger(__name__)
    log.addFilter(_is_our_fault)
    return web.AppRunner(
        application(site, doorkeeper),
        access_log=None,
        logger=log,
        shutdown_timeout=_PATIENCE_S,
        handle_signals=False,
        auto_decompress=False,  # Nobody reads what is sent along, and a few compressed bytes can be gigabytes of work.
    )


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Keep what others sent out of the log: a request that cannot be read is theirs, and may hold a password."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


async def _listen(runner: web.AppRunner, settings: ServeSettings) -> asyncio.Server:
    def connected() -> asyncio.BaseProtocol:
        answering = runner.server
        return _Refusal() if answering is None or len(answering.connections) >= settings.most_connections else answering()

    try:
        return await asyncio.get_running_loop().create_server(
            connected,
            settings.host,
            settings.port,
            ssl=settings.tls,
            ssl_handshake_timeout=_HANDSHAKE_S if settings.tls else None,
            ssl_shutdown_timeout=_PATIENCE_S if settings.tls else None,
            reuse_address=True,
        )
    except OSError as error:
        raise UnreachableError(
            f"nobody can be served on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}",
            hint="Give another --port; 0 takes one that is free.",
        ) from None


def _url(server: asyncio.Server, settings: ServeSettings) -> str:
    host, port = server.sockets[0].getsockname()[:2]
    return f"{'https' if settings.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


class _Refusal(asyncio.Protocol):
    """Ends a connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it."""
        transport.close()


async def _leave_the_silent(runner: web.AppRunner, asked: set[object], longest_s: float) -> None:
    """End connections that ask for nothing, which aiohttp lets stand for ever; one that asked has its keep-alive time."""
    since: dict[web.RequestHandler, float] = {}
    while True:
        await asyncio.sleep(longest_s / 4)
        now, connections = time.monotonic(), set(runner.server.connections if runner.server is not None else ())
        asked &= connections
        since = {each: since.get(each, now) for each in connections - asked}
        for each, at in since.items():
            if now - at > longest_s:
                each.force_close()
