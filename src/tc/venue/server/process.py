"""The venue as a process: its socket, its market, and how it ends."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from tc.errors import UnreachableError
from tc.venue.market.player import Player
from tc.venue.server.app import application
from tc.venue.venue import Venue

_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where the venue is served, whether it can be broken, and whether it ends when its standard input does."""

    host: str = "127.0.0.1"
    port: int = 0
    has_faults: bool = False
    ends_with_stdin: bool = False


async def serve(venue: Venue, player: Player, settings: ServeSettings, on_ready: Callable[[str], None]) -> None:
    """Serve until asked to end, by a signal or by the end of standard input; `on_ready` is told the address.

    Raises
    ------
    UnreachableError
        The port cannot be had.
    DocumentError
        The recording cannot be played.

    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.ends_with_stdin:
        threading.Thread(target=_wait_for_end_of_input, args=(loop, stop), daemon=True).start()
    playing = asyncio.create_task(player.play())
    began = asyncio.create_task(player.began.wait())
    await asyncio.wait({playing, began}, return_when=asyncio.FIRST_COMPLETED)
    runner = web.AppRunner(
        application(venue, has_faults=settings.has_faults), access_log=None, shutdown_timeout=_PATIENCE_S, handle_signals=False
    )
    try:
        if not playing.done():
            on_ready(await _open(runner, settings))
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(venue, runner, playing)


async def _open(runner: web.AppRunner, settings: ServeSettings) -> str:
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, reuse_address=True).start()
    except OSError as error:
        raise UnreachableError(
            f"the venue cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="Give another --port; 0 takes one that is free.",
        ) from None
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _end(venue: Venue, runner: web.AppRunner, playing: asyncio.Task[None]) -> None:
    for listener in tuple(venue.hub.listeners):
        listener.abort()
    await runner.cleanup()
    venue.settle()
    playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # A buffered read would hold a lock that the interpreter wants at its end.
        pass
    with suppress(RuntimeError):  # The loop has ended by itself.
        loop.call_soon_threadsafe(stop.set)
