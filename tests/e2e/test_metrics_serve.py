"""`tc metrics serve` as a process: what a scraper, a person and a hostile neighbour meet on its socket."""

import base64
import gzip
import http.client
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from probed_servers import certificate
from system_programs import program
from tc.telemetry.names import BY_NAME
from tracked_runs import growing

pytestmark = pytest.mark.e2e

TC = Path(sys.executable).with_name("tc")
READY_S = 30
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0", "Accept-Encoding": "gzip"}


class Server:
    """A server process; each question is a connection of its own."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, tls: ssl.SSLContext | None = None) -> None:
        self.process = process
        self.port = port
        self.tls = tls

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        plain = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_S)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=READY_S, context=self.tls) if self.tls else plain
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def value(self, name: str, **labels: str) -> float | None:
        """Return what a scrape says of one series."""
        for family in parse_text(self.ask("/metrics")[1].decode()):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return None

    def end(self) -> tuple[int, str]:
        """Ask the process to end; return how it exited, and what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=READY_S)
        return self.process.returncode, said


def until[T](ask: Callable[[], T], *, holds: Callable[[T], object]) -> T:
    """Ask until the answer is the one that is waited for."""
    ends = time.monotonic() + READY_S
    while not holds(answer := ask()):
        assert time.monotonic() < ends, answer
        time.sleep(0.02)
    return answer


@contextmanager
def served(root: Path, *options: str, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server over an artifacts root until the block is left."""
    places = ("--artifacts-root", root, "--runtime-root", root / "runtime", "--data-root", root / "data")
    process = subprocess.Popen(
        [TC, "metrics", "serve", *map(str, places), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"serving (https?)://127\.0\.0\.1:(\d+)/ \(metrics: \1://127\.0\.0\.1:\2/metrics\)\n", line)
        assert found is not None, (line, process.stderr)
        yield Server(process, int(found[2]), tls)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def checked_by_promtool(text: bytes) -> str:
    """Return what promtool has to say about a scrape."""
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
    return f"{done.returncode} {done.stdout.decode()}{done.stderr.decode()}".strip()


def test_a_server_follows_live_runs_shows_broken_ones_and_ends_in_order(tmp_path: Path) -> None:
    with growing(tmp_path, "ended") as run:
        run.seal()
    with growing(tmp_path, "live") as run, served(tmp_path) as server:
        until(lambda: server.ask("/-/ready")[0], holds=lambda status: status == 200)
        run.say()
        taken = []
        for _ in range(3):  # an event reaches a scrape within a second
            before = server.value("tc_events_total", run="live", type="MarketObserved") or 0
            run.stream.market()
            run.write()
            began = time.monotonic()
            until(
                lambda: server.value("tc_events_total", run="live", type="MarketObserved"),
                holds=lambda value, at=before: value == at + 1,
            )
            taken.append(time.monotonic() - began)
        assert min(taken) < 1, taken
        assert server.value("tc_run_active", run="live") == 1
        assert server.value("tc_run_state", run="ended", state="completed") == 1

        text, openmetrics = server.ask("/metrics")[1], gzip.decompress(server.ask("/metrics", OPENMETRICS)[1])
        assert checked_by_promtool(text) == "0"
        for body, parse in ((text, parse_text), (openmetrics, parse_openmetrics)):
            ours = [family for family in parse(body.decode()) if family.name.startswith("tc_")]
            assert {sample.name for family in ours for sample in family.samples} <= BY_NAME.keys()
            assert len(ours) > 40

        assert b"<title>" in server.ask("/")[1]
        assert server.ask("/runs/ended/report")[0] == 200
        assert server.ask("/runs/live")[0] == 200
        assert server.ask("/metrics", {"Host": "evil.example"})[0] == 403

        (tmp_path / "runs" / "ended" / "metadata.json").unlink()
        until(lambda: server.value("tc_run_unreadable", run="ended"), holds=lambda value: value == 1)
        assert server.value("tc_run_active", run="live") == 1
        run.seal()
        until(lambda: server.value("tc_run_state", run="live", state="completed"), holds=lambda value: value == 1)

        with socket.create_connection(("127.0.0.1", server.port)) as idle:  # somebody hangs on while it ends
            idle.sendall(b"GET /metrics HTTP/1.1\r\n")
            code, said = server.end()
        assert code == 0
        assert said.count("\n") == 1
        assert "run ended cannot be read" in said


def test_tls_and_a_password_are_needed_where_the_configuration_says_so(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    lines = [f"tls_server_config: {{cert_file: {cert.name}, key_file: {key.name}, min_version: TLS13}}"]
    lines += ["http_server_config: {headers: {Strict-Transport-Security: max-age=60}}", f"basic_auth_users: {{alice: {hashed}}}"]
    (tmp_path / "web.yml").write_text("\n".join(lines))
    trusting = ssl.create_default_context(cafile=cert)
    with served(tmp_path, "--web.config", str(tmp_path / "web.yml"), tls=trusting) as server:
        assert server.ask("/-/healthy")[0] == 401
        wrong, right = (f"Basic {base64.b64encode(f'alice:{each}'.encode()).decode()}" for each in ("wrong", "right"))
        assert server.ask("/-/healthy", {"Authorization": wrong})[0] == 401
        until(lambda: server.ask("/-/ready", {"Authorization": right})[0], holds=lambda status: status == 200)
        old = ssl.create_default_context(cafile=cert)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            Server(server.process, server.port, old).ask("/-/healthy")
        with pytest.raises(ssl.SSLCertVerificationError):
            Server(server.process, server.port, ssl.create_default_context()).ask("/-/healthy")
        with pytest.raises((OSError, http.client.HTTPException)):
            Server(server.process, server.port).ask("/-/healthy")
        with socket.create_connection(("127.0.0.1", server.port)):  # somebody who never says hello
            assert server.ask("/metrics", {"Authorization": right})[0] == 200
            code, said = server.end()
        assert (code, said) == (0, "")
