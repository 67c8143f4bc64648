"""The application: which path is answered with what. Nothing that is asked here changes anything."""

import asyncio
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aiohttp import hdrs, web

from tc.store.layout import RunDirectory
from tc.telemetry.exposition.lines import CONTENT_TYPES, END, Format
from tc.telemetry.serving.access import Doorkeeper
from tc.telemetry.serving.own import own_metrics
from tc.telemetry.serving.parts import Parts, text
from tc.telemetry.serving.watching import Seen

OLDEST_LOOK_S = 30.0
LARGEST_REPORT = 256 << 20
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
REPORT_POLICY = (
    f"{NOTHING_ELSE}; sandbox allow-scripts allow-popups; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": NOTHING_ELSE,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
_HTML = "text/html; charset=utf-8"


class Pages(Protocol):
    """The pages for people; they raise nothing for what is asked."""

    def overview(self, now_ns: int, query: Mapping[str, str]) -> str:
        """Return the page of all runs, those that a query leaves."""

    def run_page(self, run_id: str, now_ns: int) -> str | None:
        """Return the page of a run, or None when there is none of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served.

    Parameters
    ----------
    seen
        Gives the last look at the run directories; None before the first one.
    directory
        Gives the directory of a run that is shown, or None: no other text becomes a path.
    pages, page_policy
        The pages for people, and the Content-Security-Policy that they were written for.
    runbook
        Gives the page of a runbook, or None; of an empty name, the page of all.
    headers
        What is sent besides, or instead of what would be.
    clock
        The wall clock.

    """

    seen: Callable[[], Seen | None]
    directory: Callable[[str], RunDirectory | None]
    pages: Pages
    page_policy: str
    runbook: Callable[[str], str | None] = lambda _: None
    headers: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], int] = time.time_ns


def application(site: Site, doorkeeper: Doorkeeper) -> web.Application:
    """Return the application of a site."""
    app = web.Application(middlewares=[doorkeeper.judge], client_max_size=1)
    handlers = _Handlers(site)
    app.router.add_get("/", handlers.overview)
    app.router.add_get("/runs/{run_id}", handlers.run)
    app.router.add_get("/runs/{run_id}/report", handlers.report)
    app.router.add_get("/runbooks", handlers.runbook)
    app.router.add_get("/runbooks/{name}", handlers.runbook)
    app.router.add_get("/metrics", handlers.metrics)
    app.router.add_get("/-/healthy", handlers.healthy)
    app.router.add_get("/-/ready", handlers.ready)

    async def protect(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in {**HEADERS, **response.headers, "Server": "tc", **site.headers}.items():
            response.headers[name] = value

    app.on_response_prepare.append(protect)
    return app


class _Handlers:
    """What each path is answered with."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape: what was seen at the last look, and the server's own figures as of now."""
        seen = self._site.seen()
        if seen is None:
            return _not_ready()
        written = format_for(request.headers.get(hdrs.ACCEPT, ""))
        body, end = seen.bodies[written], seen.fleet[written] + own_metrics(written) + END[written]
        headers = {hdrs.VARY: "Accept, Accept-Encoding"}
        if not takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
            return web.Response(body=Parts(body.with_end(end), content_type=CONTENT_TYPES[written]), headers=headers)
        if body.is_packed:
            parts = body.packed_with_end(end)
        else:
            parts = await asyncio.to_thread(body.packed_with_end, end)
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=Parts(parts, content_type=CONTENT_TYPES[written]), headers=headers)

    async def overview(self, request: web.Request) -> web.Response:
        """Answer with the page of all runs."""
        page = await asyncio.to_thread(self._site.pages.overview, self._site.clock(), dict(request.query))
        return text(page, content_type=_HTML, headers={"Content-Security-Policy": self._site.page_policy})

    async def run(self, request: web.Request) -> web.Response:
        """Answer with the page of a run."""
        page = await asyncio.to_thread(self._site.pages.run_page, request.match_info["run_id"], self._site.clock())
        if page is None:
            return _unknown_run()
        return text(page, content_type=_HTML, headers={"Content-Security-Policy": self._site.page_policy})

    async def report(self, request: web.Request) -> web.Response:
        """Answer with a run's report as it is, alone in a sandbox: its directory may come from anywhere."""
        directory = self._site.directory(request.match_info["run_id"])
        if directory is None:
            return _unknown_run()
        report = await asyncio.to_thread(_read_report, directory.report_html)
        if report is None:
            return text("this run has no report yet\n", status=404)
        return web.Response(body=Parts([report], content_type=_HTML), headers={"Content-Security-Policy": REPORT_POLICY})

    async def runbook(self, request: web.Request) -> web.Response:
        """Answer with what to do when an alert fires."""
        page = await asyncio.to_thread(self._site.runbook, request.match_info.get("name", ""))
        if page is None:
            return text("there is no runbook of that name; /runbooks has all\n", status=404)
        return text(page, content_type=_HTML, headers={"Content-Security-Policy": self._site.page_policy})

    async def healthy(self, _: web.Request) -> web.Response:
        """Answer that the server answers."""
        return text("healthy\n")

    async def ready(self, _: web.Request) -> web.Response:
        """Answer whether what is served is of now."""
        seen = self._site.seen()
        if seen is None:
            return _not_ready()
        age_s = (self._site.clock() - seen.at_ns) / 1e9
        if age_s > OLDEST_LOOK_S:
            return text(f"the run directories were looked at {age_s:.0f} s ago; the server's log says why\n", status=503)
        return text("ready\n")


def format_for(accept: str) -> Format:
    """Return the format for an Accept header: OpenMetrics where it is named and not refused, else the text format."""
    for each in accept.split(","):
        media, *parameters = each.lower().split(";")
        if media.strip() == "application/openmetrics-text" and not _is_refused(parameters):
            return "openmetrics"
    return "text"


def takes_gzip(accept_encoding: str) -> bool:
    """Say whether an Accept-Encoding header names gzip and does not refuse it."""
    for each in accept_encoding.split(","):
        coding, *parameters = each.lower().split(";")
        if coding.strip() == "gzip":
            return not _is_refused(parameters)
    return False


def _is_refused(parameters: list[str]) -> bool:
    return any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters)


def _read_report(path: Path) -> bytes | None:
    """Return a report's bytes, or None when there is no regular file of that name; a link is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_REPORT:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _not_ready() -> web.Response:
    return text("the run directories are being read for the first time\n", status=503, headers={"Retry-After": "1"})


def _unknown_run() -> web.Response:
    return text("there is no run of that id\n", status=404)
