import asyncio

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from tc.telemetry.serving.parts import Parts

MANY = [b"%d\n" % number * 9000 for number in range(1200)]


class Watched(Parts):
    """Parts that say when nothing more is sent."""

    def __init__(self, parts: list[bytes], *, longest_s: float = 20) -> None:
        super().__init__(parts, content_type="text/plain", longest_s=longest_s)
        self.is_over = asyncio.Event()

    async def write(self, writer: AbstractStreamWriter) -> None:
        try:
            await super().write(writer)
        finally:
            self.is_over.set()


async def received(parts: Watched, *, reads_when_it_is_over: bool = False) -> bytes:
    """Return what a reader gets of an answer: one that reads, or one that waits until nothing more is sent."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return web.Response(body=parts)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    try:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        if reads_when_it_is_over:
            await asyncio.wait_for(parts.is_over.wait(), 20)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
        await runner.cleanup()


def test_many_parts_arrive_whole_and_in_order() -> None:
    async def answer() -> bytes:
        return await received(Watched(MANY))

    head, _, body = asyncio.run(answer()).partition(b"\r\n\r\n")
    assert body == b"".join(MANY)
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_reader_that_never_reads_is_left() -> None:
    async def answer() -> bytes:
        return await received(Watched(MANY * 8, longest_s=0.3), reads_when_it_is_over=True)

    assert len(asyncio.run(answer())) < sum(map(len, MANY)) * 8


def test_a_body_can_be_read_back() -> None:
    assert Parts([b"a", b"b"], content_type="text/plain").decode() == "ab"
