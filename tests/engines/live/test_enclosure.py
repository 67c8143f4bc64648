"""The enclosure: Nautilus's own HTTP client follows a redirect with keys and all, and out of the enclosure it reaches nothing."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tc.engines.nautilus.live.enclosure import ENCLOSED, Enclosure

SENDS = """
import asyncio, os, sys
from nautilus_trader.core.nautilus_pyo3 import HttpClient, HttpMethod

async def main():
    try:
        answer = await HttpClient().request(HttpMethod.POST, url=sys.argv[1], headers={"X-MBX-APIKEY": "the-key"}, body=b"{}")
        print(answer.status)
    except Exception as error:
        print("refused" if "Connection refused" in str(error) else error)

asyncio.run(main())
sys.stdout.flush()
os._exit(0)
"""


@contextmanager
def served(address: str, location: str | None) -> Iterator[tuple[str, list[str]]]:
    """Listen on an address of this machine, and answer with a redirect, or with success; yield the URL and what reached it."""
    reached: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reached.append(f"{self.path} {self.headers['X-MBX-APIKEY']}")
            self.send_response(307 if location else 200)
            if location:
                self.send_header("Location", location + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}", reached
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("enclosed", "said", "arrived"), [({}, "200", ["/fapi/v1/order the-key"]), (dict(ENCLOSED), "refused", [])]
)
def test_a_redirect_is_followed_with_the_keys_unless_the_process_is_enclosed(
    enclosed: dict[str, str], said: str, arrived: list[str]
) -> None:
    with served("127.0.0.2", None) as (other, reached), served("127.0.0.1", other) as (here, reached_here):
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        sent = subprocess.run(
            [sys.executable, "-c", SENDS, f"{here}/fapi/v1/order"],
            env={**environment, **enclosed},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert sent.stdout.strip() == said
        assert reached_here == ["/fapi/v1/order the-key"]
        assert reached == arrived


def test_the_enclosure_puts_the_environment_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENCLOSED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "a.b")
    before = dict(os.environ)
    enclosure = Enclosure()
    assert {name: os.environ[name] for name in ENCLOSED} == dict(ENCLOSED)
    enclosure.open()
    assert dict(os.environ) == before
