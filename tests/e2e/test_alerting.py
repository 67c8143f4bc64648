"""A real feed is cut off: real metrics, Prometheus and Alertmanager tell somebody what to do, and take it back when it returns.

They are started as `make observability` starts them, with the configuration and the rules that are shipped.
"""

import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from documentation import REPOSITORY
from live_nodes import INSTRUMENT, venue
from paper_runs import PaperRun, Place, children, is_gone, until
from system_programs import program
from tc.checks.feed import feed_states
from tc.store.heartbeat import read_node_heartbeat, read_supervisor_heartbeat

pytestmark = pytest.mark.e2e

LOOK_S = 0.02
PATIENCE_S = 60.0
DEAD_MANS_SWITCH = "TcDeadMansSwitch"


@dataclass
class Receiver:
    """Whoever is woken up: keeps what Alertmanager sends, with the time it came."""

    server: ThreadingHTTPServer
    told: "queue.Queue[tuple[float, dict[str, Any]]]" = field(default_factory=queue.Queue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def next(self, name: str, status: str) -> tuple[float, dict[str, Any]]:
        """Wait for an alert of a name and a status; return when it came, and what it says."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            at, alert = self.told.get(timeout=max(ends - time.monotonic(), 0.01))
            if (alert["labels"]["alertname"], alert["status"]) == (name, status):
                return at, alert


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen for webhooks until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                receiver.told.put((time.monotonic(), alert))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Observed:
    """`scripts/observability.sh`, and where what it started is reached."""

    process: "subprocess.Popen[str]"
    metrics: int
    prometheus: int
    alertmanager: int

    def up(self) -> bool:
        """Whether Prometheus has scraped the server, and knows whom to tell."""
        asked = f"http://127.0.0.1:{self.prometheus}/api/v1"
        target = json.loads(get(f"{asked}/query?query=up%7Bjob%3D%22tc%22%7D")[1])["data"]["result"]
        known = json.loads(get(f"{asked}/alertmanagers")[1])["data"]["activeAlertmanagers"]
        return [each["value"][1] for each in target] == ["1"] and len(known) == 1

    def end(self) -> None:
        """Press Ctrl-C, and see that nothing is left."""
        started = descendants(self.process.pid)
        assert len(started) >= 3
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(PATIENCE_S) == 0
        assert [pid for pid in started if not is_gone(pid)] == []


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that these have."""
    found = children(pid)
    return found.union(*map(descendants, found))


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - addresses of this test
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def observing(place: Place, webhook: str) -> Iterator[Observed]:
    """Run the stack over a folder's runs until the block is left; whatever is alive then is ended by force."""
    ports = dict(zip(("metrics", "prometheus", "alertmanager"), free_ports(3), strict=True))
    roots = {f"TC_{name}_ROOT": str(place.folder / name.lower()) for name in ("ARTIFACTS", "RUNTIME", "DATA")}
    listen = {f"TC_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    process = subprocess.Popen(
        [REPOSITORY / "scripts" / "observability.sh"],
        env={**os.environ, **roots, **listen, "TC_ALERT_WEBHOOK_URL": webhook, "TC_DEAD_MANS_SWITCH_URL": webhook},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == f"status page   http://127.0.0.1:{ports['metrics']}/\n", said + process.stdout.read()
        yield Observed(process, **ports)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


def when_quotes_are(run: PaperRun, state: str) -> float:
    """Wait until node and supervisor say together that the quotes are in a state; return when that was."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        node, supervisor = read_node_heartbeat(run.directory), read_supervisor_heartbeat(run.directory)
        if node is not None and supervisor is not None:
            states = feed_states(node, supervisor.witnesses, now_ns=time.time_ns())
            if state in [found for channel, found in states if channel.channel == "QuoteTick"]:
                return time.monotonic()
        time.sleep(LOOK_S)
    raise AssertionError(f"the quotes were never {state}")


def test_a_feed_that_is_cut_off_wakes_somebody_with_a_runbook_and_is_taken_back_when_it_returns(tmp_path: Path) -> None:
    program("prometheus")
    program("prometheus-alertmanager")
    place = Place(tmp_path)
    with receiving() as receiver, venue() as caller, observing(place, receiver.url) as observed:
        node = {"venue_url": caller.url, "reconciliation": {"every_s": None}}
        with place.paper("watched", "--set", f"node={json.dumps(node)}", *place.strategy(""), "--duration", "300") as run:
            run.until("trading")
            when_quotes_are(run, "live")
            until(observed.up)
            receiver.next(DEAD_MANS_SWITCH, "firing")

            times = {"frozen": time.monotonic()}
            caller.fault("freeze_market_data")
            times["dead"] = when_quotes_are(run, "dead")
            times["told"], alert = receiver.next("TcFeedStale", "firing")
            assert alert["labels"] | {"instance": ""} == {
                "alertname": "TcFeedStale",
                "severity": "critical",
                "run": "watched",
                "instrument": INSTRUMENT,
                "channel": "QuoteTick",
                "state": "dead",
                "job": "tc",
                "instance": "",
            }
            assert b'href="/runbooks/feed-stale.md"' in get(f"http://127.0.0.1:{observed.metrics}/")[1]
            runbook = alert["annotations"]["runbook_url"]
            assert runbook == f"http://127.0.0.1:{observed.metrics}/runbooks/feed-stale"
            status, page = get(runbook)
            assert (status, b"<h1>Feed stale</h1>" in page) == (200, True)
            assert get(f"{runbook}.md") == (status, page)
            assert [get(f"http://127.0.0.1:{observed.metrics}/{path}")[0] for path in ("runbooks", "runbooks/no")] == [200, 404]

            times["thawed"] = time.monotonic()
            caller.fault("freeze_market_data", on=False)
            times["live"] = when_quotes_are(run, "live")
            times["resolved"], again = receiver.next("TcFeedStale", "resolved")
            assert again["fingerprint"] == alert["fingerprint"]
            run.send(signal.SIGINT)
            assert run.ended().json()["status"] == "stopped"
        observed.end()
    keep(times)


def keep(times: dict[str, float]) -> None:
    """Print how long it took, and write it where a benchmark asks for it."""
    taken = {
        "frozen_to_dead_s": times["dead"] - times["frozen"],
        "dead_to_webhook_s": times["told"] - times["dead"],
        "frozen_to_webhook_s": times["told"] - times["frozen"],
        "live_to_resolved_webhook_s": times["resolved"] - times["live"],
    }
    text = json.dumps({name: round(seconds, 3) for name, seconds in taken.items()})
    print(text)  # noqa: T201 - shown when the test is run by hand
    if into := os.environ.get("TC_TIMES_FILE"):
        Path(into).write_text(text)
