"""The application: which paths are WebSockets, which belong to the fault port, and that all others are requests."""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import msgspec
from aiohttp import web

from tc.venue import fault_port
from tc.venue.market.messages import encode
from tc.venue.matching import Refused
from tc.venue.server import rest, websockets
from tc.venue.venue import Venue

type _Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[0-9a-z.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


def application(venue: Venue, *, has_faults: bool) -> web.Application:
    """Return the application of a venue; without faults their paths are as unknown as any other."""
    app = web.Application(client_max_size=rest.LARGEST_BODY)
    for path in ("/stream", "/ws", "/ws/{name:.+}"):
        app.router.add_get(path, _bound(venue, websockets.handle))
    if has_faults:
        app.router.add_get("/_fault/counters", _bound(venue, _counters))
        app.router.add_get("/_fault/requests", _bound(venue, _requests))
        app.router.add_post("/_fault/{name}", _bound(venue, _inject))
    app.router.add_route("*", "/{path:.*}", _bound(venue, rest.handle))
    return app


def _bound(venue: Venue, handle: Callable[[Venue, web.Request], Awaitable[web.StreamResponse]]) -> _Handle:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(venue, request)

    return handler


async def _counters(venue: Venue, request: web.Request) -> web.Response:
    return _local(request) or _json(200, fault_port.describe(venue))


async def _requests(venue: Venue, request: web.Request) -> web.Response:
    refused = _local(request)
    if refused is not None:
        return refused
    after = request.query.get("after", "0")
    if not after.isdigit():
        return _json(400, {"error": "after is the number of a request"})
    venue.settle()
    rows = [{"number": number, **asdict(row)} for number, row in venue.keeper.requests(after=int(after))]
    return _json(200, {"requests": rows})


async def _inject(venue: Venue, request: web.Request) -> web.Response:
    refused = _local(request)
    if refused is not None:
        return refused
    try:
        is_known = fault_port.inject(venue, request.match_info["name"], await request.read())
    except (msgspec.DecodeError, Refused) as error:
        return _json(400, {"error": str(error)})
    return _json(200, fault_port.describe(venue)) if is_known else _json(404, {"error": "there is no such fault"})


def _local(request: web.Request) -> web.Response | None:
    """Refuse what does not come from this machine, or comes from a page in a browser; None when there is nothing to refuse."""
    is_local = _names_this_machine(request.host) and "Origin" not in request.headers
    return None if is_local else _json(403, {"error": "the fault port is for programs of this machine"})


def _names_this_machine(host: str) -> bool:
    """Tell whether a Host header, whole and with or without a port, is a loopback address or its one name."""
    match = _HOST.fullmatch(host)
    name = "" if match is None else match["name"].lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _json(status: int, document: object) -> web.Response:
    return web.Response(status=status, body=encode(document), content_type="application/json")
