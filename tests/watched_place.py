"""A folder with runs of every kind, a server of their metrics, and a real Prometheus that scrapes it by the committed rules."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import REPOSITORY
from drill_records import carried_out
from paper_runs import PATIENCE_S, PaperRun, Place
from system_programs import program
from tc.core.events import OrderFilled
from warm import COMMAND, WarmProcess, template

LIVE, GATED, BROKEN = "live-one", "gated-one", "broken-one"
BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=4")
OFTEN = ("--set", "node.reconciliation.every_s=5", "--set", "node.reconciliation.on_mismatch=report")
COMPOSE = REPOSITORY / "compose"
OF_DRILLS = {"node-hang": "failed", "clock-jump": "inconclusive"}
"""What drills came to; all others passed."""
SPEC = REPOSITORY / "specs" / "ops_smoke_gated.yaml"
NOBODY = {"observed_version": 1, "orders": [], "fills": [], "positions": []}
"""What a venue says that has never heard of the run: a comparison with it has findings."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that answers at an address."""

    address: str

    def ask(self, path: str, **asked: str) -> Any:
        """Return the data of an answer of its API; a query that it does not understand fails."""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(asked)}")
            answer = connection.getresponse()
            said = json.load(answer)
        finally:
            connection.close()
        assert said["status"] == "success", (asked, said)
        return said["data"]

    def series(self, expr: str) -> list[dict[str, Any]]:
        """Return what an expression gives now."""
        found: list[dict[str, Any]] = self.ask("query", query=expr)["result"]
        return found

    def ready(self) -> "Prometheus":
        """Wait until it answers."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError, AssertionError, ValueError):
                self.series("vector(1)")
                return self
            assert time.monotonic() < ends, "it does not answer"
            time.sleep(0.05)

    def until(self, expr: str, *, within_s: float = PATIENCE_S) -> None:
        """Wait until an expression gives something."""
        ends = time.monotonic() + within_s
        while not self.series(expr):
            assert time.monotonic() < ends, f"nothing for {expr}"
            time.sleep(0.1)


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Prometheus, PaperRun]]:
    """Serve and scrape a folder, make runs of every kind in it, and leave a killed one at work until this is left."""
    program("prometheus")  # or skip, before anything is started
    place = Place(folder)
    live = place.paper(LIVE, "--duration", "300", "--set", "stop.on_stop=leave", *BUSY, *OFTEN)
    with live as run, _served(place) as target, _scraping(folder, target) as prometheus, ThreadPoolExecutor(1) as beside:
        finished = beside.submit(_finish_one, place)
        run.until("trading")
        _disturb(place, run)
        finished.result()
        prometheus.until(f'ALERTS{{alertname="TcKillSwitchActive", run="{LIVE}", alertstate="firing"}}')
        yield prometheus, run


def _finish_one(place: Place) -> None:
    for drill in {path.stem for path in (REPOSITORY / "specs" / "drills").glob("*.yaml")} - {"paper"}:
        carried_out(place.folder / "artifacts", drill, verdict=OF_DRILLS.get(drill, "passed"), ended_ns=time.time_ns())
    _done(place.tc("data", "prepare", "btcusdt-1m-sample"))
    _done(place.tc("data", "check", "btcusdt-1m-sample"))
    _done(place.tc("run", SPEC, "--run-id", GATED))
    (place.folder / "observed.json").write_text(json.dumps(NOBODY))
    assert place.tc("reconcile", GATED, "--observed", "observed.json").code == 1
    place.run(BROKEN).metadata.parent.mkdir()
    place.run(BROKEN).metadata.write_text("{")


def _disturb(place: Place, run: PaperRun) -> None:
    spec = place.folder / "probed.yaml"
    block = "connectivity_readiness: {venue: BINANCE, required: [TC_VENUE_API_KEY, TC_VENUE_API_SECRET]}\n"
    spec.write_text(SPEC.read_text() + block)
    venue = run.node().venue_url
    _done(place.tc("connectivity", "readiness", "--spec", spec.name))
    _done(
        place.tc(
            "connectivity", "probe", "--spec", spec.name, "--url", f"{venue}/fapi/v1/ping", "--count", 3, "--interval", "0.05"
        )
    )
    _done(place.tc("connectivity", "probe", "--run", LIVE, "--url", venue.replace("http", "tcp")))
    run.until_recorded(OrderFilled)
    _done(place.tc("kill", "activate", "--run", LIVE, "--mode", "halt", "--reason", "a rehearsal"))


def _done(done: Any) -> None:
    assert done.code == 0, done.err


@contextmanager
def _served(place: Place) -> Iterator[str]:
    command = ["python", "-m", "tc", "metrics", "serve", "--port", "0"]
    of = template(*COMMAND)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with WarmProcess(of, command, cwd=place.folder, env=place.environment, **pipes) as process:
        try:
            assert process.stdout is not None
            found = re.match(r"serving http://(127\.0\.0\.1:\d+)/", process.stdout.readline())
            assert found is not None
            yield found[1]
        finally:
            process.terminate()


@contextmanager
def _scraping(folder: Path, target: str) -> Iterator[Prometheus]:
    home = folder / "prometheus"
    shutil.copytree(COMPOSE / "prometheus", home)
    (home / "targets").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"TC_METRICS_TARGET": target, "TC_PROMETHEUS_PORT": str(port), "TC_PROMETHEUS": program("prometheus")}
    told |= {"TC_FOLDER": str(home), "TC_STORAGE": str(folder / "series")}
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(["/bin/sh", home / "start.sh"], env={**os.environ, **told}, **silent) as process:
        try:
            yield Prometheus(f"127.0.0.1:{port}").ready()
        finally:
            process.terminate()
