"""A venue served without its market: what it holds can be asked, and nothing in it moves by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tc.venue.server.app import application
from tc.venue.venue import Venue


@asynccontextmanager
async def served_at_rest(venue: Venue) -> AsyncIterator[str]:
    """Serve on a free port of this machine while it is entered, and yield the address."""
    runner = web.AppRunner(application(venue, has_faults=False), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
