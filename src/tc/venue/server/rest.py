"""Requests over HTTP: read as they came, broken where a fault says so, answered."""

import asyncio

from aiohttp import web

from tc.venue.faults import Armed
from tc.venue.market.messages import encode
from tc.venue.protocol.problems import UNAVAILABLE, ApiError
from tc.venue.requests.dispatch import Answer, Asked, answer
from tc.venue.venue import Venue

LARGEST_BODY = 64 * 1024


async def handle(venue: Venue, request: web.Request) -> web.Response:
    """Answer a request of the public protocol."""
    path, _, query = request.raw_path.partition("?")
    try:
        body = (await request.read()).decode("utf-8", "replace")
    except web.HTTPRequestEntityTooLarge:
        too_large = ApiError(-1130, "Request entity too large.", status=web.HTTPRequestEntityTooLarge.status_code)
        return _response(answer(venue, Asked(request.method, path, "", "", None), too_large))
    asked = Asked(request.method, path, query, body, request.headers.get("X-MBX-APIKEY"))
    return _response(await _broken(venue, asked))


async def _broken(venue: Venue, asked: Asked) -> Answer:
    """Answer as the faults that wait for this request want it answered."""
    hang = _taken(venue, asked, "hang")
    if hang is not None and not hang.is_handled_first:
        await asyncio.sleep(hang.seconds)
    failure = _failure(venue, asked)
    given = answer(venue, asked, failure)
    if asked.method != "GET" or not venue.is_settled:  # Who only asks is not told either of what could still be lost.
        await venue.settled()
    if failure is None and given.status == web.HTTPOk.status_code:
        after = _taken(venue, asked, "unavailable_after")
        if after is not None:
            given = Answer(UNAVAILABLE, encode({"code": after.code, "msg": after.message}), given.headers)
    if hang is not None and hang.is_handled_first:
        await asyncio.sleep(hang.seconds)
    return given


def _failure(venue: Venue, asked: Asked) -> ApiError | None:
    refusal = _taken(venue, asked, "too_many_requests")
    if refusal is not None:
        return venue.limits.too_many(venue.now_ns(), retry_after_s=refusal.retry_after_s)
    before = _taken(venue, asked, "unavailable_before")
    return None if before is None else ApiError(before.code, before.message, status=UNAVAILABLE)


def _taken(venue: Venue, asked: Asked, name: str) -> Armed | None:
    return venue.faults.take((name,), asked.method, asked.path, is_order=asked.places_orders)


def _response(given: Answer) -> web.Response:
    return web.Response(status=given.status, body=given.body, headers=given.headers)
