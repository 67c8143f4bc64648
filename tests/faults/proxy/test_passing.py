"""A proxy without a toxic changes nothing, survives its neighbours and leaves nothing behind."""

import os
import random
import resource
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from proxied import Bench, bench, ends, is_silent, received, reset, until
from tc.errors import UnreachableError
from tc.faults.proxy import running_proxy

MILLIONS = random.Random(1).randbytes(5_000_000)  # noqa: S311 - any bytes, and the same ones each time


def test_bytes_arrive_as_they_were_sent_in_both_directions_at_once(line: Bench) -> None:
    pair = line.pair()
    senders = [threading.Thread(target=end.sendall, args=(MILLIONS,)) for end in (pair.client, pair.server)]
    got: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda end=end, name=name: got.update({name: received(end, len(MILLIONS))}))
        for name, end in (("client", pair.client), ("server", pair.server))
    ]
    for each in senders + readers:
        each.start()
    for each in senders + readers:
        each.join()
    assert got["client"] == got["server"] == MILLIONS
    counted = line.proxy.counters()
    assert (counted.upstream_bytes, counted.downstream_bytes) == (len(MILLIONS), len(MILLIONS))


def test_who_has_sent_all_still_gets_the_answer(line: Bench) -> None:
    pair = line.pair()
    pair.client.sendall(b"a question")
    pair.client.shutdown(socket.SHUT_WR)
    assert received(pair.server, 100) == b"a question"
    pair.server.sendall(b"an answer")
    pair.server.close()
    assert received(pair.client, 100) == b"an answer"
    until(lambda: line.proxy.counters().open == 0)


def test_a_sender_waits_while_the_receiver_does_not_read(line: Bench) -> None:
    pair = line.pair()
    pair.client.settimeout(0.3)
    sent = 0
    with suppress(TimeoutError):
        while sent < 200_000_000:
            sent += pair.client.send(MILLIONS)
    assert 0 < sent < 50_000_000
    pair.client.shutdown(socket.SHUT_WR)
    assert len(received(pair.server, sent + 1)) == sent


def test_a_reset_of_one_side_is_one_of_the_other(line: Bench) -> None:
    first, second = line.pair(), line.pair()
    reset(first.server)
    reset(second.client)
    assert (ends(first.client), ends(second.server)) == ("reset", "reset")
    until(lambda: line.proxy.counters().open == 0)


def test_a_client_is_closed_while_the_upstream_refuses_and_served_when_it_is_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        port = upstream.getsockname()[1]
    with running_proxy("127.0.0.1", port, seed=1) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
            assert ends(client) == "closed"
        until(lambda: proxy.counters().unanswered == 1)
        with (
            socket.create_server(("127.0.0.1", port)) as upstream,
            socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client,
        ):
            server, _ = upstream.accept()
            with server:
                server.sendall(b"back")
                assert received(client, 4) == b"back"


def test_hundreds_of_connections_are_open_at_once_and_none_remains() -> None:
    descriptors, threads = _descriptors(), threading.active_count()
    with bench() as line:
        pairs = [line.pair() for _ in range(200)]
        assert line.proxy.counters().open == 200
        for number, each in enumerate(pairs):
            assert each.up(b"%d" % number) + each.down(b"!%d" % number) == b"%d!%d" % (number, number)
        for each in pairs[:100]:
            each.client.close()
            each.server.close()
        until(lambda: line.proxy.counters().open == 100)
    assert (_descriptors(), threading.active_count()) == (descriptors, threads)


def test_a_first_line_that_comes_in_parts_is_passed_on_when_it_is_known(line: Bench) -> None:
    pair = line.pair()
    pair.client.sendall(b"GET /str")
    assert is_silent(pair.server)
    pair.client.sendall(b"eam HTTP/1.1\r\n")
    assert received(pair.server, 22) == b"GET /stream HTTP/1.1\r\n"


def test_who_waits_while_no_descriptor_is_to_spare_is_served_when_one_is(line: Bench) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as client:
        client.settimeout(0.2)
        os.close(lowest := os.dup(client.fileno()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
        try:
            client.connect(("127.0.0.1", line.proxy.port))
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert line.proxy.counters().accepted == 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        line.answer().sendall(b"late")
        assert received(client, 4) == b"late"


def test_a_port_that_somebody_has_is_refused_and_be_it_another_proxy(line: Bench) -> None:
    for port in (line.upstream.getsockname()[1], line.proxy.port):
        with pytest.raises(UnreachableError, match="in use"), running_proxy("127.0.0.1", 1, seed=1, port=port):
            pass


def test_a_proxy_starts_again_on_the_port_of_one_that_has_ended() -> None:
    with bench() as line:
        port = line.proxy.port
        line.pair().up(b"something")
    with running_proxy("127.0.0.1", 1, seed=1, port=port) as proxy:
        assert proxy.url == f"http://127.0.0.1:{port}"


def _descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])
