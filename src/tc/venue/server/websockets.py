"""WebSockets: market streams with their subscriptions, and the user data stream."""

from collections import deque

import msgspec
from aiohttp import WSMsgType, web

from tc.venue.clock import SECOND_NS
from tc.venue.frames import text_frame
from tc.venue.hub import Listener
from tc.venue.market.messages import encode
from tc.venue.requests.broken import refuses_websockets
from tc.venue.venue import Venue

PING_EVERY_S = 180.0
MOST_STREAMS = 1_024
MOST_MESSAGES_A_SECOND = 10
_LARGEST_MESSAGE = 64 * 1024
_UNAVAILABLE = 503


class _Command(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[str] | None = None


_COMMANDS = msgspec.json.Decoder(_Command)


async def handle(venue: Venue, request: web.Request) -> web.StreamResponse:
    """Serve one WebSocket until it ends: /stream and /ws, each with the streams that its address names."""
    if refuses_websockets(venue):
        return web.Response(status=_UNAVAILABLE, text="Service Unavailable")
    is_combined = request.path.startswith("/stream")
    socket = web.WebSocketResponse(compress=False, heartbeat=PING_EVERY_S, max_msg_size=_LARGEST_MESSAGE, timeout=1.0)
    await socket.prepare(request)
    if request.transport is None:
        return socket
    listener = Listener(request.transport, is_combined=is_combined)
    _join(venue, listener, _named(request))
    try:
        await _listen(venue, socket, listener)
    finally:
        venue.hub.part(listener)
        if listener.is_cut_off:
            venue.hub.cut_off += 1
    return socket


def _named(request: web.Request) -> list[str]:
    """Return the streams that the address names."""
    if request.path.startswith("/stream"):
        return [name for name in request.query.get("streams", "").split("/") if name]
    named = request.match_info.get("name") or request.query.get("listenKey") or ""
    return [name for name in named.split("/") if name]


async def _listen(venue: Venue, socket: web.WebSocketResponse, listener: Listener) -> None:
    stamps: deque[int] = deque(maxlen=MOST_MESSAGES_A_SECOND)
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        now_ns = venue.clock.now_ns()
        if len(stamps) == MOST_MESSAGES_A_SECOND and now_ns - stamps[0] < SECOND_NS:
            await socket.close(code=1008, message=b"Too many requests")
            return
        stamps.append(now_ns)
        listener.send(text_frame(encode(_obeyed(venue, listener, message.data))))


def _obeyed(venue: Venue, listener: Listener, text: str) -> dict[str, object]:
    """Do what a message asks for, and return the answer."""
    try:
        command = _COMMANDS.decode(text)
    except msgspec.DecodeError as error:
        return {"error": {"code": 3, "msg": f"Invalid JSON: {error}"}}
    streams = command.params or []
    match command.method:
        case "SUBSCRIBE" if len(listener.streams) + len(streams) > MOST_STREAMS:
            return {"error": {"code": 1, "msg": "Too many streams"}, "id": command.id}
        case "SUBSCRIBE":
            _join(venue, listener, streams)
            return {"result": None, "id": command.id}
        case "UNSUBSCRIBE":
            venue.hub.leave(listener, streams)
            return {"result": None, "id": command.id}
        case "LIST_SUBSCRIPTIONS":
            return {"result": [*listener.streams], "id": command.id}
        case other:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{other}`"}, "id": command.id}


def _join(venue: Venue, listener: Listener, streams: list[str]) -> None:
    for stream in streams:
        listener.is_user |= stream == venue.listen_keys.current
        for symbol, market in venue.markets.items():
            if stream.startswith(f"{symbol.lower()}@"):
                market.watch(stream)
    venue.hub.join(listener, streams)
