"""The server of metrics in this process, on a real socket, over whatever a test says was seen."""

import asyncio
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tc.store.layout import RunDirectory
from tc.telemetry.exposition.chunks import Exposition
from tc.telemetry.exposition.lines import Format, block_of, fleet_lines
from tc.telemetry.serving.access import Doorkeeper
from tc.telemetry.serving.app import Site
from tc.telemetry.serving.process import runner_of
from tc.telemetry.serving.watching import Seen

NOW_NS = 1_795_000_000_000_000_000
POLICY = "default-src 'none'; style-src 'self'"
FORMATS: tuple[Format, ...] = ("text", "openmetrics")


@dataclass
class PlainPages:
    """Pages that say what they were asked."""

    hold: threading.Event | None = None

    def overview(self, now_ns: int, query: Mapping[str, str]) -> str:
        if self.hold is not None:
            assert self.hold.wait(20)
        return f"<!doctype html><title>all</title>{now_ns} {dict(query)}"

    def run_page(self, run_id: str, now_ns: int) -> str | None:
        return f"<!doctype html><title>{run_id}</title>" if run_id == "known" else None


def seen(*run_ids: str, at_ns: int = NOW_NS) -> Seen:
    """Return what a look finds when there are these runs."""
    exposition = Exposition()
    exposition.apply({run_id: block_of([("tc_events_total", (run_id, "OrderFilled"), 7)]) for run_id in run_ids})
    return Seen(
        at_ns, exposition.bodies, {written: fleet_lines([("tc_runs_shown", (), len(run_ids))], written) for written in FORMATS}
    )


@dataclass
class Served:
    """A server that answers; what it says can be changed."""

    seen: Seen | None = field(default_factory=lambda: seen("known", "other"))
    runs: dict[str, Path] = field(default_factory=dict)
    pages: PlainPages = field(default_factory=PlainPages)
    users: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_local: bool = True
    port: int = 0

    def ask(
        self, path: str, method: str = "GET", *, host: str | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Return an answer, and its body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": host or f"127.0.0.1:{self.port}", **headers}.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def directory(self, run_id: str) -> RunDirectory | None:
        path = self.runs.get(run_id)
        return None if path is None else RunDirectory(path)

    async def open(self) -> web.AppRunner:
        site = Site(
            seen=lambda: self.seen,
            directory=self.directory,
            pages=self.pages,
            page_policy=POLICY,
            headers=self.headers,
            clock=lambda: NOW_NS,
        )
        runner = runner_of(site, Doorkeeper(is_local=self.is_local, users=self.users))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Answer in a thread of this process until the block is left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    runner = asyncio.run_coroutine_threadsafe(served.open(), loop).result(20)
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
