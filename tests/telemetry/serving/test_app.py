import gzip
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from metrics_server import NOW_NS, POLICY, PlainPages, Served, seen, serving
from tc.telemetry.exposition.pieces import HEAD
from tc.telemetry.serving.access import MOST_AT_ONCE
from tc.telemetry.serving.app import format_for, takes_gzip

OPENMETRICS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4"
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    run = tmp_path / "runs" / "known"
    run.mkdir(parents=True)
    with serving(Served(runs={"known": run})) as served:
        yield served


def test_a_scrape_has_the_runs_the_fleet_and_the_server_itself_in_both_formats(served: Served) -> None:
    for accept, parse, kind in (
        ("", parse_text, "text/plain; version=0.0.4"),
        (OPENMETRICS, parse_openmetrics, "application/openmetrics-text"),
    ):
        answer, body = served.ask("/metrics", Accept=accept)
        families = {family.name: family for family in parse(body.decode())}
        events = families["tc_events"]
        assert {sample.labels["run"]: sample.value for sample in events.samples} == {"known": 7, "other": 7}
        assert events.type == "counter"
        assert families["tc_runs_shown"].samples[0].value == 2
        assert families["process_resident_memory_bytes"].samples[0].value > 1e6
        assert (answer.status, answer.headers["Content-Type"].startswith(kind)) == (200, True)
        assert answer.headers["Content-Length"] == str(len(body))


def test_a_compressed_scrape_is_the_same_text(served: Served) -> None:
    served.seen = seen(*(f"run-{number}" for number in range(2000)))
    _, plain = served.ask("/metrics")
    for _ in range(2):  # the second time it is compressed already
        answer, packed = served.ask("/metrics", Accept_Encoding="br, gzip;q=0.8")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(packed) < len(plain) / 5
        lines = gzip.decompress(packed).splitlines()
        assert [line for line in lines if b"tc_" in line] == [line for line in plain.splitlines() if b"tc_" in line]


def test_head_says_what_get_would_send_and_sends_nothing(served: Served) -> None:
    for path in ("/", "/metrics", "/-/healthy", "/runs/known"):
        answer, body = served.ask(path, "HEAD")
        assert (answer.status, body) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "INVENTED"])
def test_nothing_but_get_and_head_is_answered(served: Served, method: str) -> None:
    answer, _ = served.ask("/metrics", method)
    assert answer.status in {400, 405}
    assert answer.headers.get("Allow", "GET,HEAD") == "GET,HEAD"


def test_the_server_is_ready_only_while_what_it_serves_is_of_now(served: Served) -> None:
    assert served.ask("/-/ready")[0].status == 200
    served.seen = seen("known", at_ns=NOW_NS - 31_000_000_000)
    answer, body = served.ask("/-/ready")
    assert (answer.status, b"31 s ago" in body) == (503, True)
    served.seen = None
    for path in ("/-/ready", "/metrics"):
        answer, _ = served.ask(path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert served.ask("/-/healthy")[0].status == 200


def test_pages_get_the_clock_the_query_and_their_own_policy(served: Served) -> None:
    answer, body = served.ask("/?state=running&q=%3Cb%3E")
    assert body.decode().endswith(f"{NOW_NS} {{'state': 'running', 'q': '<b>'}}")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    answer, body = served.ask("/runs/known")
    assert (answer.status, b"<title>known" in body, answer.headers["Content-Security-Policy"]) == (200, True, POLICY)


def test_a_report_is_served_as_it_is_in_a_sandbox(served: Served) -> None:
    report = b"<!doctype html><script>alert(1)</script>\xff" * 100_000
    (served.runs["known"] / "report.html").write_bytes(report)
    answer, body = served.ask("/runs/known/report")
    policy = answer.headers["Content-Security-Policy"]
    assert (answer.status, body) == (200, report)
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy


def test_a_report_that_is_no_regular_file_is_none(served: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    report = served.runs["known"] / "report.html"
    for make in (lambda: report.symlink_to(secret), lambda: os.mkfifo(report), report.mkdir, lambda: None):
        make()
        answer, body = served.ask("/runs/known/report")
        assert (answer.status, b"no report" in body) == (404, True)
        if report.is_dir():
            report.rmdir()
        else:
            report.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "path",
    [
        "/runs/unknown",
        "/runs/unknown/report",
        "/runs/../../etc/passwd",
        "/runs/..%2f..%2fetc%2fpasswd/report",
        "/runs/%2e%2e/report",
        "/runs/known/../../../secret",
        "/runs/known/report/../metadata.json",
        "/runs/known%00/report",
        "/runs//report",
        "/runs/known/metadata.json",
        "//metrics",
        "/metrics/",
        "/runs/" + "a" * 4000,
        "/.git/config",
        "/-/quit",
    ],
)
def test_no_path_leads_out_of_what_is_served(served: Served, path: str) -> None:
    (served.runs["known"].parent.parent / "secret").write_text("secret")
    answer, body = served.ask(path)
    assert (answer.status, b"secret" in body, b"root:" in body) == (404, False, False)


def test_every_answer_is_kept_from_other_pages_and_from_caches(served: Served) -> None:
    for path, method in (("/", "GET"), ("/metrics", "GET"), ("/nothing", "GET"), ("/metrics", "POST"), ("/-/ready", "GET")):
        answer, _ = served.ask(path, method)
        told = {name.lower(): value for name, value in answer.headers.items()}
        assert told["x-content-type-options"] == "nosniff"
        assert told["x-frame-options"] == "deny"
        assert told["cache-control"] == "no-store"
        assert told["cross-origin-resource-policy"] == "same-origin"
        assert told["server"] == "tc"
        assert "default-src 'none'" in told["content-security-policy"]
        assert "access-control-allow-origin" not in told


def test_headers_of_the_configuration_are_sent_instead() -> None:
    with serving(Served(headers={"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=60"})) as served:
        answer, _ = served.ask("/-/healthy")
        assert (answer.headers["X-Frame-Options"], answer.headers["Strict-Transport-Security"]) == ("sameorigin", "max-age=60")


def test_a_request_that_is_none_leaves_the_server_as_it_is(served: Served) -> None:
    for rubbish in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\0" * 9000,
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(rubbish)
            connection.shutdown(socket.SHUT_WR)
            assert b" 200 " not in connection.recv(4096)
    assert served.ask("/-/healthy")[0].status == 200


def test_what_is_sent_along_is_not_unpacked(served: Served) -> None:
    packer = zlib.compressobj(9, wbits=-15)
    bomb = HEAD + 300 * (packer.compress(bytes(10_000_000)) + packer.flush(zlib.Z_FULL_FLUSH))
    began_s = time.process_time()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        head = f"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        connection.sendall(f"{head}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        said = b""
        while block := connection.recv(4096):
            said += block
        assert said.count(b"HTTP/1.1 200") == 2
    assert served.ask("/-/healthy")[0].status == 200
    assert time.process_time() - began_s < 0.5


def test_a_reader_that_does_not_read_holds_nobody_up(served: Served) -> None:
    served.seen = seen(*(f"{number}-{'x' * 2000}" for number in range(8_000)))  # more than sockets hold
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as idle:
        idle.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
        assert idle.recv(64).startswith(b"HTTP/1.1 200")
        answer, body = served.ask("/metrics")
        assert (answer.status, body.count(b"tc_events_total{")) == (200, 8_000)


def test_who_asks_while_too_many_do_is_told_so_at_once() -> None:
    hold = threading.Event()
    with serving(Served(pages=PlainPages(hold))) as served:
        asking = [socket.create_connection(("127.0.0.1", served.port), timeout=20) for _ in range(MOST_AT_ONCE)]
        try:
            for connection in asking:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while served.ask("/-/healthy")[0].status == 200:
                pass
            answer, _ = served.ask("/metrics")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        finally:
            hold.set()
            for connection in asking:
                assert connection.recv(64).startswith(b"HTTP/1.1 200")
                connection.close()
        while served.ask("/-/healthy")[0].status != 200:
            pass


@pytest.mark.parametrize(
    ("accept", "written"),
    [
        ("", "text"),
        ("*/*", "text"),
        ("text/html", "text"),
        ("text/plain;version=0.0.4", "text"),
        (OPENMETRICS, "openmetrics"),
        ("Application/OpenMetrics-Text", "openmetrics"),
        ("application/openmetrics-text; q=0, text/plain", "text"),
    ],
)
def test_the_format_is_the_one_that_the_reader_names(accept: str, written: str) -> None:
    assert format_for(accept) == written


@pytest.mark.parametrize(
    ("accept", "taken"),
    [("", False), ("gzip", True), ("br, GZIP ;q=1.0", True), ("gzip;q=0", False), ("identity", False), ("xgzip", False)],
)
def test_gzip_is_sent_to_who_takes_it(accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken
