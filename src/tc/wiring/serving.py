"""The server of metrics and pages, put together from what the command says."""

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tc.errors import DocumentError, RefusedError

if TYPE_CHECKING:
    from tc.spec.web_config import WebConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `tc metrics serve` was asked for, as it was written."""

    artifacts_root: Path
    runtime_root: Path
    data_root: Path
    host: str
    port: int
    max_runs: int | None
    web_config: Path | None
    runbooks_url: str


def serve_metrics(options: ServeOptions, on_ready: Callable[[str], None]) -> None:
    """Serve metrics and pages of the run directories until SIGTERM or SIGINT; `on_ready` is told the address.

    Raises
    ------
    RefusedError
        Others than this machine could connect, and not by TLS, or without having to say who they are.
    DocumentError
        The host is no address, or the web configuration, or a file that it names, is wrong.
    UnreachableError
        The port cannot be had.

    """
    from tc.reports.status.html import content_policy
    from tc.spec.web_config import WebConfig, load_web_config
    from tc.telemetry.pages import StatusPages
    from tc.telemetry.pages.runbooks import Runbooks
    from tc.telemetry.serving.access import Doorkeeper
    from tc.telemetry.serving.app import Site
    from tc.telemetry.serving.process import ServeSettings, serve
    from tc.telemetry.serving.tls import tls_context
    from tc.telemetry.serving.watching import Watcher
    from tc.wiring.metrics import index_here

    web = WebConfig() if options.web_config is None else load_web_config(options.web_config)
    tls = tls_context(web.tls_server_config) if web.tls_server_config else None
    settings = ServeSettings(host=_address(options.host), port=options.port, tls=tls)
    if not settings.is_local:
        _require_protection(settings.host, web)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    index = index_here(
        options.artifacts_root,
        runtime_root=options.runtime_root,
        data_root=options.data_root,
        max_runs=options.max_runs,
    )
    watcher = Watcher(index)
    site = Site(
        seen=lambda: watcher.seen,
        directory=index.directory,
        pages=StatusPages(index, runbooks=options.runbooks_url),
        page_policy=content_policy(),
        runbook=Runbooks().page,
        headers=web.headers,
    )
    doorkeeper = Doorkeeper(is_local=settings.is_local, users=web.basic_auth_users)
    asyncio.run(serve(site, doorkeeper, watcher, settings, on_ready))


def _address(host: str) -> str:
    """Return the address to listen on; a name could mean several, or another one tomorrow."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise DocumentError(
            f"--host {host} is no address", hint="Leave --host out, or give an IP address of this machine."
        ) from None


def _require_protection(host: str, web: "WebConfig") -> None:
    """Refuse an address that others reach, unless they must say who they are, and nobody else can read it."""
    lacking = [
        what
        for what, is_there in (("tls_server_config", web.is_encrypted), ("basic_auth_users", web.knows_who_asks))
        if not is_there
    ]
    if lacking:
        raise RefusedError(
            f"{host} is reached by others than this machine, and there is no {' and no '.join(lacking)}",
            hint="Leave --host out, or give --web.config a file with both; docs/how-to/serve-metrics.md has an example.",
        )
