"""The head of an HTTP/1 answer, read and judged by bytes: bounded, and never shown, since anybody may have written it."""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tc.probes.clock import Deadline

MOST_BYTES = 64 * 1024
_BLOCK_BYTES = 8192
_STARTS = b"HTTP/1."
_STATUS = re.compile(rb"HTTP/1\.[01] (?P<status>[1-5][0-9]{2})(?: [^\r\n]*)?")
_END = re.compile(rb"\r?\n\r?\n")
_SWITCHING = 101
_FINAL = 200


class NotHttpError(Exception):
    """What came is no answer; the argument says why, in words of ours."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer: its status, and its headers by name in lower case, the first of each."""

    status: int
    headers: dict[str, str]


def read_head(connection: socket.socket, deadline: Deadline, *, on_first_byte: Callable[[], None]) -> Head:
    """Read until an answer's head is whole; interim answers before it are passed over.

    Raises
    ------
    NotHttpError
        The other side closed, or what it sends is no HTTP/1, or no end of its headers comes.
    OSError, TimeoutError
        As the socket.

    """
    data, has_begun = b"", False
    while True:
        block = _received(connection, deadline)
        if not block:
            raise NotHttpError("the connection was closed within an answer" if has_begun else "it was closed before an answer")
        if not has_begun:
            on_first_byte()
            has_begun = True
        data += block
        head, data = _taken(data)
        if head is not None:
            return head
        if len(data) > MOST_BYTES:
            raise NotHttpError(f"its headers are larger than {MOST_BYTES // 1024} KiB")


def _received(connection: socket.socket, deadline: Deadline) -> bytes:
    connection.settimeout(deadline.left_s())
    return connection.recv(_BLOCK_BYTES)


def _taken(data: bytes) -> tuple[Head | None, bytes]:
    """Return the first whole head that is a final one, and what is left of the bytes."""
    while True:
        if not data.startswith(_STARTS[: len(data)]):
            raise NotHttpError("what it answers is not HTTP/1")
        end = _END.search(data)
        if end is None:
            return None, data
        head = _parsed(data[: end.start()])
        data = data[end.end() :]
        if head.status >= _FINAL or head.status == _SWITCHING:
            return head, data


def _parsed(head: bytes) -> Head:
    first, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    found = _STATUS.fullmatch(first)
    if found is None:
        raise NotHttpError("the first line of its answer is not HTTP/1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise NotHttpError("its headers are not HTTP/1")
        headers.setdefault(name.decode("latin-1").strip().lower(), value.decode("latin-1").strip())
    return Head(int(found["status"]), headers)
