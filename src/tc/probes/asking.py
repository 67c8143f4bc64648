"""What is sent over a connection that stands, by scheme: nothing, one GET, or one WebSocket handshake; no body, no key."""

import base64
import hashlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from tc import __version__
from tc.checks.connectivity import ProbeState
from tc.errors import RefusedError
from tc.probes.clock import Deadline, Stopwatch
from tc.probes.heads import Head, read_head
from tc.spec.probe_url import ProbeTarget, judge_target

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"  # A close frame of code 1000 with the mask zero: what it says is no secret.
_SWITCHING = 101


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: how it is judged, the HTTP status, what was wrong, and where it leads when it is a redirect to follow."""

    state: ProbeState
    http_status: int | None = None
    detail: str = ""
    redirect: ProbeTarget | None = None


Ask = Callable[[socket.socket, ProbeTarget, Stopwatch, Deadline], Answered]


def asking(target: ProbeTarget) -> Ask:
    """Return how a target of this scheme is asked."""
    return {"tcp": _nothing, "ws": _websocket, "wss": _websocket}.get(target.scheme, _get)


def _nothing(_connection: socket.socket, _target: ProbeTarget, _watch: Stopwatch, _deadline: Deadline) -> Answered:
    return Answered("ok")


def _get(connection: socket.socket, target: ProbeTarget, watch: Stopwatch, deadline: Deadline) -> Answered:
    head = _exchange(connection, target, watch, deadline, ("Accept: */*", "Connection: close"))
    if 200 <= head.status < 300:  # noqa: PLR2004 - what HTTP calls success
        return Answered("ok", head.status)
    if 300 <= head.status < 400 and "location" in head.headers:  # noqa: PLR2004 - what HTTP calls redirection
        return _redirected(target, head)
    return Answered("http_error", head.status, f"it answered with the HTTP status {head.status}")


def _redirected(target: ProbeTarget, head: Head) -> Answered:
    """Follow on this machine only: a redirect is the other side's wish, and not the word of the person who probes."""
    why = "it redirects off this machine, or with parameters, which is not followed"
    if target.is_external:
        return Answered("http_error", head.status, "it redirects, which is not followed off this machine")
    try:
        to = judge_target(urljoin(f"{target.origin}{target.path or '/'}", head.headers["location"]))
    except (RefusedError, ValueError):
        return Answered("http_error", head.status, why)
    if to.scheme not in {"http", "https"}:
        return Answered("http_error", head.status, "it redirects to another scheme, which is not followed")
    return Answered("http_error", head.status, redirect=to)


def _websocket(connection: socket.socket, target: ProbeTarget, watch: Stopwatch, deadline: Deadline) -> Answered:
    key = base64.b64encode(os.urandom(16))
    wishes = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13")
    head = _exchange(connection, target, watch, deadline, wishes)
    if head.status != _SWITCHING:
        return Answered("http_error", head.status, f"it answered with the HTTP status {head.status}, and not with 101")
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if head.headers.get("upgrade", "").lower() != "websocket" or head.headers.get("sec-websocket-accept") != proof:
        return Answered("unknown", head.status, "it switched protocols, but not as a WebSocket does")
    connection.settimeout(deadline.left_s())
    connection.sendall(_CLOSE)
    return Answered("ok", head.status)


def _exchange(
    connection: socket.socket, target: ProbeTarget, watch: Stopwatch, deadline: Deadline, wishes: tuple[str, ...]
) -> Head:
    lines = (f"GET {target.path or '/'} HTTP/1.1", f"Host: {target.authority}", f"User-Agent: tc/{__version__} probe", *wishes)
    connection.settimeout(deadline.left_s())
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    sent_ns = time.perf_counter_ns()
    return read_head(connection, deadline, on_first_byte=lambda: _note(watch, sent_ns))


def _note(watch: Stopwatch, sent_ns: int) -> None:
    watch.took("first_byte", sent_ns)
