"""A venue inside of the test's own process: what is done to it needs no socket, and what is asked of it may take one."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from matching_samples import ASKS, BIDS, RULES, START, SYMBOL
from tc.venue.building import VenueSettings, open_venue
from tc.venue.clock import MILLISECOND_NS, Clock
from tc.venue.protocol.access import Access
from tc.venue.protocol.limits import LimitSettings
from tc.venue.requests.dispatch import Asked
from tc.venue.server.app import application
from tc.venue.venue import Venue
from venue_process import API_KEY, API_SECRET, sign


@contextmanager
def venue_here(folder: Path, clock: Clock, *, weight: int = 0) -> Iterator[Venue]:
    settings = VenueSettings(
        rules=RULES,
        balances={"USDT": START},
        state=folder / "venue.sqlite",
        access=Access(API_KEY, API_SECRET),
        limits=LimitSettings(weight=weight, orders=0),
    )
    with open_venue(settings, clock) as (venue, _):
        venue.exchange.book_reset(SYMBOL, BIDS, ASKS, venue.now_ns())
        yield venue


@asynccontextmanager
async def serving_here(venue: Venue) -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1, and give the URL."""
    runner = web.AppRunner(application(venue, has_faults=True), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def asked(venue: Venue, method: str, path: str, **parameters: object) -> Asked:
    """Return a signed request, as it comes in."""
    return Asked(method, path, signed_query(venue, **parameters), "", API_KEY)


def signed_query(venue: Venue, **parameters: object) -> str:
    query = urlencode({**parameters, "timestamp": venue.now_ns() // MILLISECOND_NS})
    return f"{query}&signature={sign(API_SECRET, query)}"
