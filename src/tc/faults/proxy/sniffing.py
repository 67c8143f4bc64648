"""What a connection is for, by the first line that it sends."""

import re
from typing import Literal

type Kind = Literal["http", "market", "user"]

_UNFINISHED = re.compile(rb"[A-Z]{0,10}( [^ \r\n]{0,2048})?")
_PATH = re.compile(rb"[A-Z]{1,10} /(?P<first>[^ \r\n?/]*)")
_KINDS: dict[bytes, Kind] = {b"stream": "market", b"ws": "user"}


def kind_of(head: bytes, *, is_whole: bool) -> Kind | None:
    """Return what a connection is for by what it has sent so far: all there is if whole, else None while more may tell.

    What is no request at all is none of a WebSocket, and so ``http``.
    """
    if not is_whole and _UNFINISHED.fullmatch(head) is not None:
        return None
    match = _PATH.match(head)
    return "http" if match is None else _KINDS.get(match["first"], "http")
