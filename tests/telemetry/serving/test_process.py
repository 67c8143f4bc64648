import asyncio
import http.client
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from metrics_server import POLICY, PlainPages
from tc.errors import UnreachableError
from tc.telemetry.serving.access import Doorkeeper
from tc.telemetry.serving.app import Site
from tc.telemetry.serving.process import ServeSettings, serve
from tc.telemetry.serving.watching import Watcher
from tc.wiring.metrics import index_here


def served_while(root: Path, client: Callable[[str, int], None], **settings: object) -> None:
    """Serve in this thread, as the command does, until a client in another one is done."""
    watcher = Watcher(index_here(root, runtime_root=root / "runtime", data_root=root / "data"))
    site = Site(seen=lambda: watcher.seen, directory=watcher.index.directory, pages=PlainPages(), page_policy=POLICY)
    problems: list[BaseException] = []

    def ask(url: str) -> None:
        try:
            client(urlsplit(url).hostname or "", urlsplit(url).port or 0)
        except BaseException as error:  # noqa: BLE001 - it is raised again below, in the thread of the test
            problems.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def begin(url: str) -> None:
        threading.Thread(target=ask, args=(url,), daemon=True).start()

    place = ServeSettings(**{"host": "127.0.0.1", "port": 0, **settings})  # type: ignore[arg-type]
    asyncio.run(serve(site, Doorkeeper(is_local=True, users={}), watcher, place, begin))
    if problems:
        raise problems[0]


def status_of(host: str, port: int, path: str = "/-/healthy") -> int:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def is_ended(connection: socket.socket) -> bool:
    """Wait until the other side ends a connection."""
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connections_that_ask_for_nothing_are_ended_and_those_that_asked_are_not(tmp_path: Path) -> None:
    def client(host: str, port: int) -> None:
        with ExitStack() as stack:
            asked = http.client.HTTPConnection(host, port, timeout=20)
            stack.callback(asked.close)
            asked.request("GET", "/-/healthy")
            asked.getresponse().read()
            silent, half = (stack.enter_context(socket.create_connection((host, port))) for _ in range(2))
            half.sendall(b"GET /metrics HT")
            assert is_ended(silent)
            assert is_ended(half)
            asked.request("GET", "/-/healthy")
            assert asked.getresponse().status == 200

    served_while(tmp_path, client, silent_s=0.2)


def test_who_comes_beyond_the_most_connections_is_sent_away(tmp_path: Path) -> None:
    def client(host: str, port: int) -> None:
        with ExitStack() as stack:
            for _ in range(3):
                connection = http.client.HTTPConnection(host, port, timeout=20)
                stack.callback(connection.close)
                connection.request("GET", "/-/healthy")
                assert connection.getresponse().read() == b"healthy\n"
            assert is_ended(stack.enter_context(socket.create_connection((host, port))))
        while True:
            try:
                assert status_of(host, port) == 200
            except OSError:  # the server has not seen yet that they are gone
                continue
            return

    served_while(tmp_path, client, most_connections=3)


def test_ipv6_is_served_under_its_own_name(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")

    def client(host: str, port: int) -> None:
        assert host == "::1"
        assert status_of(host, port) == 200

    served_while(tmp_path, client, host="::1")


def test_a_port_that_is_taken_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UnreachableError, match="in use") as caught:
        served_while(tmp_path, lambda host, port: None, port=taken.getsockname()[1])
    assert "--port" in caught.value.hint
