import asyncio
import base64
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import bcrypt
import pytest

from metrics_server import Served, serving
from tc.telemetry.serving.access import Doorkeeper, credentials, names_this_machine

PASSWORD = "päss:word"  # noqa: S105 - of a user of these tests


def hashed(password: str, *, rounds: int = 4) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds)).decode()


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with serving(
        Served(users={"alice": hashed(PASSWORD), "bob": hashed("x" * 100).replace("$2b$", "$2y$"), "eve": hashed("")})
    ) as served:
        yield served


@pytest.mark.parametrize(("name", "password"), [("alice", PASSWORD), ("bob", "x" * 100), ("eve", "")])
def test_a_user_with_the_password_is_answered_everywhere(guarded: Served, name: str, password: str) -> None:
    for path in ("/", "/metrics", "/-/healthy", "/runs/known"):
        assert guarded.ask(path, Authorization=basic(name, password))[0].status == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Bearer " + base64.b64encode(b"alice:word").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        basic("alice", ""),
        basic("alice", "wrong"),
        basic("alice", PASSWORD + "\0"),
        basic("alice", PASSWORD) + "AA==",
        basic("mallory", PASSWORD),
        basic("", ""),
        basic("alice", "y" * 5_000),
    ],
)
def test_nobody_else_is_answered_anywhere(guarded: Served, header: str) -> None:
    for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/runs/known/report", "/nothing"):
        answer, body = guarded.ask(path, **({"Authorization": header} if header else {}))
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="tc"'
        assert b"alice" not in body


def test_who_guesses_keeps_no_place_and_who_is_known_waits_for_no_guess() -> None:
    users = {"alice": hashed(PASSWORD, rounds=12)}
    with serving(Served(users=users)) as served, ExitStack() as stack:
        assert served.ask("/-/healthy", Authorization=basic("alice", PASSWORD))[0].status == 200
        guesses = [stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=20)) for _ in range(50)]
        head = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {basic('alice', 'no')}\r\n\r\n"
        for guess in guesses:
            guess.sendall(head.encode())
        said = [guess.recv(4096) for guess in guesses[-10:]]  # there is no place for them, and they need not wait to hear it
        assert [each.split(b" ", 2)[1] for each in said] == [b"503"] * 10
        assert all(b"Connection: close" in each for each in said)
        answer, _ = served.ask("/metrics", Authorization=basic("alice", PASSWORD))
        assert answer.status == 200
        assert guesses[-1].recv(4096) == b""


def test_a_known_pair_is_hashed_once_and_an_unknown_name_as_long_as_a_known_one() -> None:
    users = {"alice": hashed(PASSWORD, rounds=10)}
    with serving(Served(users=users)) as served:
        taken = {}
        for what, name, password in (("first", "alice", PASSWORD), ("wrong", "alice", "no"), ("unknown", "nobody", "no")):
            began = time.perf_counter()
            served.ask("/-/healthy", Authorization=basic(name, password))
            taken[what] = time.perf_counter() - began
        again = []
        for _ in range(5):
            began = time.perf_counter()
            assert served.ask("/-/healthy", Authorization=basic("alice", PASSWORD))[0].status == 200
            again.append(time.perf_counter() - began)
    assert min(again) < min(taken.values()) / 3


def test_a_password_that_was_right_once_helps_no_other_name() -> None:
    async def judged() -> list[bool]:
        doorkeeper = Doorkeeper(is_local=False, users={"alice": hashed("a"), "bob": hashed("b")})
        pairs = [("alice", "a"), ("bob", "a"), ("alice", "a"), ("bob", "b")]
        return [await doorkeeper.is_known(basic(name, password)) for name, password in pairs]

    assert asyncio.run(judged()) == [True, False, True, True]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.9.10:1", "[::1]", "[::1]:8000", "[0:0:0:0:0:0:0:1]"],
)
def test_the_names_of_this_machine_are_answered_to(host: str) -> None:
    assert names_this_machine([host])


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["localhost", "localhost"],
        ["evil.example"],
        ["localhost.evil.example"],
        ["127.0.0.1.evil.example"],
        ["127.0.0.1:80@evil.example"],
        ["evil.example#127.0.0.1"],
        ["127.0.0.1 evil"],
        ["127.1"],
        ["0x7f000001"],
        ["2130706433"],
        ["0.0.0.0"],  # noqa: S104 - refused here
        ["[::]"],
        ["10.0.0.1"],
        ["localhost:"],
        ["localhost:123456"],
        ["loc\u212aalhost"],
    ],
)
def test_no_other_name_is(hosts: list[str]) -> None:
    assert not names_this_machine(hosts)


def test_a_page_whose_name_was_made_to_lead_here_gets_nothing() -> None:
    with serving(Served()) as served:
        for path in ("/", "/metrics", "/runs/known", "/-/healthy"):
            answer, body = served.ask(path, host="evil.example:80")
            assert (answer.status, b"known" in body) == (403, False)
    with serving(Served(is_local=False)) as served:
        assert served.ask("/metrics", host="metrics.example")[0].status == 200


def test_credentials_are_split_at_the_first_colon() -> None:
    assert credentials("bAsIc  " + base64.b64encode(b"a:b:c").decode()) == ("a", b"b:c")


def test_what_cannot_be_read_does_not_reach_the_log(guarded: Served, caplog: pytest.LogCaptureFixture) -> None:
    answer, _ = guarded.ask("/metrics", Authorization=basic("alice", "secret" * 2000))
    assert (answer.status, caplog.records) == (400, [])
