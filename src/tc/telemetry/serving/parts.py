"""Bodies of many parts, sent without being joined; a reader that does not read is left."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

LONGEST_S = 30.0
_AT_ONCE = 512  # parts: the kernel takes 1,024 in one call


class Parts(Payload):
    """The parts of a body, of which there is one at least, one after the other."""

    def __init__(self, parts: Sequence[bytes], *, content_type: str, longest_s: float = LONGEST_S) -> None:
        super().__init__(parts, content_type=content_type)
        self._parts = parts
        self._longest_s = longest_s
        self._size = sum(map(len, parts))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return b"".join(self._parts).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the parts; the connection is ended when that takes too long."""
        try:
            async with asyncio.timeout(self._longest_s):
                await self._send(writer)
        except TimeoutError:
            if writer.transport is not None:
                writer.transport.abort()
            raise ConnectionResetError("the reader does not read") from None

    async def _send(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._parts[0])  # with the head, which waits for it
        for begin in range(1, len(self._parts), _AT_ONCE):
            transport = writer.transport
            if transport is None or transport.is_closing():
                raise ConnectionResetError("the reader went away")
            *most, last = self._parts[begin : begin + _AT_ONCE]
            transport.writelines(most)
            transport.write(last)  # in CPython 3.13.0 `writelines` lets any number of bytes wait, and never asks to pause
            await writer.drain()


def text(
    body: str, *, status: int = 200, content_type: str = "text/plain; charset=utf-8", headers: dict[str, str] | None = None
) -> web.Response:
    """Return an answer of one text."""
    return web.Response(status=status, body=Parts([body.encode()], content_type=content_type), headers=headers)
