"""The signed line sends what it is told, once, to where it was told, and believes nothing that it cannot read exactly."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from fake_venue import KEYS, FakeVenue, accepts_then_503, accepts_then_drops, answers, hangs, refusal, serving
from tc.errors import DocumentError, ExitCode, UnreachableError
from tc.exchange import Keys, VenueBusyError, VenueLine, VenueRefusedError, VenueUnreachableError, missing_keys, read_keys
from tc.exchange.wire.protocol import PositionDocument
from tc.spec.venue_url import judge

POSITIONS = "/fapi/v3/positionRisk"
OPEN = tuple[PositionDocument, ...]
ORDER = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1", "reduceOnly": "true", "newClientOrderId": "n"}


def with_line(work: Callable[[FakeVenue, VenueLine], Awaitable[Any]], venue: FakeVenue | None = None, **other: Any) -> FakeVenue:
    venue = venue or FakeVenue()

    async def go() -> None:
        async with serving(venue), venue.line(**other) as line:
            await work(venue, line)

    asyncio.run(go())
    return venue


def test_a_signed_question_is_answered_exactly() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        venue.positions["BTCUSDT", "BOTH"] = Decimal("0.10000000000000000001")
        [position] = await line.get(POSITIONS, {}, OPEN)
        assert position.positionAmt == Decimal("0.10000000000000000001")

    with_line(work)


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[", '{"a":1}', '[{"symbol":"B"}]', '[{"symbol":"B","positionAmt":"NaN"}]', "[" * 100_000,
     '[{"symbol":"B","positionAmt":"1e999"}]', '[{"symbol":"B","positionAmt":"Infinity"}]', '[{"symbol":"B","positionAmt":""}]'],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_an_answer_that_is_not_what_the_protocol_says_is_no_answer(text: str) -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        venue.fail("GET", "positionRisk", answers(200, text))
        with pytest.raises(VenueUnreachableError, match="not what the protocol says"):
            await line.get(POSITIONS, {}, OPEN)

    with_line(work)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_redirect_is_followed(status: int, method: str) -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        other = FakeVenue()
        async with serving(other):
            path = "order" if method != "GET" else "positionRisk"
            venue.fail(method, path, answers(status, Location=f"http://127.0.0.1:{other.port}/fapi/v1/order"))
            with pytest.raises(VenueRefusedError, match="redirect"):
                await (line.get(POSITIONS, {}, OPEN) if method == "GET" else line.send(method, "/fapi/v1/order", {}))
            assert other.log == []

    with_line(work)


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    async def work(venue: FakeVenue, line: VenueLine) -> None:
        assert await line.get(POSITIONS, {}, OPEN) == ()

    with_line(work)


def test_questions_are_repeated_until_the_venue_answers() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        venue.fail("GET", "positionRisk", answers(503))
        venue.fail("GET", "positionRisk", accepts_then_drops)
        venue.fail("GET", "positionRisk", answers(502))
        assert await line.get(POSITIONS, {}, OPEN) == ()
        assert len(venue.sent("GET", "positionRisk")) == 5  # the drop is logged twice: when it came, and when it was handled

    with_line(work)


def test_what_changes_something_is_sent_once_and_its_fate_is_called_unclear() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        for fault in (accepts_then_503, accepts_then_drops, answers(500), answers(504), hangs):
            venue.positions["BTCUSDT", "BOTH"] = Decimal(1)
            venue.fail("POST", "order", fault)
            before = len(venue.faults)
            with pytest.raises(VenueUnreachableError) as unclear:
                await line.send("POST", "/fapi/v1/order", dict(ORDER))
            assert unclear.value.is_unclear
            assert len(venue.faults) == before - 1
        assert len({(sent["timestamp"], sent["signature"]) for sent in venue.sent("POST")}) <= 5

    with_line(work)


def test_a_venue_that_is_down_got_nothing() -> None:
    async def go() -> None:
        venue = FakeVenue()
        async with serving(venue):
            pass
        async with venue.line(patience_s=0.2) as line:
            with pytest.raises(VenueUnreachableError, match="no connection") as down:
                await line.get(POSITIONS, {}, OPEN)
            assert not down.value.is_unclear
            assert down.value.exit_code is ExitCode.UNREACHABLE

    asyncio.run(go())


@pytest.mark.parametrize("ahead_s", [-3600, -7, 0, 7, 3600])
def test_a_skewed_clock_is_measured_and_allowed_for(ahead_s: int) -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        await line.get(POSITIONS, {}, OPEN)
        assert abs(line.skew_ns - ahead_s * 1_000_000_000) < 200_000_000
        assert 0 < line.round_trip_ns < 1_000_000_000

    with_line(work, FakeVenue(now_ns=lambda: time.time_ns() + ahead_s * 1_000_000_000))


def test_a_clock_that_jumps_is_measured_again_and_the_request_sent_once_more() -> None:
    jump_ns = [0]

    async def work(venue: FakeVenue, line: VenueLine) -> None:
        await line.get(POSITIONS, {}, OPEN)
        jump_ns[0] = 60_000_000_000
        venue.positions["BTCUSDT", "BOTH"] = Decimal(1)
        await line.send("POST", "/fapi/v1/order", dict(ORDER))
        assert len(venue.sent("POST")) == 2
        assert venue.positions["BTCUSDT", "BOTH"] == 0

    with_line(work, FakeVenue(now_ns=lambda: time.time_ns() + jump_ns[0]))


@pytest.mark.parametrize("status", [429, 418])
def test_a_wait_that_the_venue_asks_for_is_waited_out(status: int) -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        await line.measure_skew()
        venue.fail("POST", "order", answers(status, '{"code":-1003,"msg":"Too many requests"}', Retry_After="1"))
        with pytest.raises(VenueBusyError) as busy:
            await line.send("POST", "/fapi/v1/order", dict(ORDER))
        assert busy.value.retry_after_s == 1
        began = time.monotonic()
        await line.get(POSITIONS, {}, OPEN)
        assert time.monotonic() - began > 0.9

    with_line(work)


def test_a_wait_longer_than_our_patience_is_an_error_and_nothing_is_sent_meanwhile() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        await line.measure_skew()
        venue.fail("GET", "positionRisk", answers(418, Retry_After="120"))
        with pytest.raises(VenueBusyError):
            await line.get(POSITIONS, {}, OPEN)
        sent = len(venue.log)
        for _ in range(3):
            with pytest.raises(VenueBusyError, match="another"):
                await line.send("POST", "/fapi/v1/order", dict(ORDER))
        assert len(venue.log) == sent

    with_line(work)


@pytest.mark.parametrize("value", ["", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "\u0661", "9" * 400])
def test_a_strange_wait_is_neither_believed_nor_ignored(value: str) -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        await line.measure_skew()
        venue.fail("POST", "order", answers(429, Retry_After=value))
        with pytest.raises(VenueBusyError) as busy:
            await line.send("POST", "/fapi/v1/order", dict(ORDER))
        assert 0 < busy.value.retry_after_s <= 3 * 86_400

    with_line(work)


def test_an_endless_answer_is_cut_off() -> None:
    async def endless(venue: FakeVenue, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * (1 << 20))
        return response

    async def work(venue: FakeVenue, line: VenueLine) -> None:
        venue.fail("GET", "positionRisk", endless)
        with pytest.raises(VenueUnreachableError, match="larger than 32 MiB"):
            await line.get(POSITIONS, {}, OPEN)

    with_line(work, patience_s=0.01, timeout_s=5)


def test_a_refusal_says_the_venues_words_without_keys_and_on_one_line() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        with pytest.raises(VenueRefusedError) as refused:
            await line.get(POSITIONS, {}, OPEN)
        assert refused.value.code == -2015
        assert "wrong-key" not in refused.value.message
        venue.fail("GET", "positionRisk", lambda *_: asyncio.sleep(0, refusal(-1, "a\nb\x1b[31m" + "x" * 999)))
        with pytest.raises(VenueRefusedError) as hostile:
            await line.get(POSITIONS, {}, OPEN)
        assert hostile.value.message.isprintable()
        assert len(hostile.value.message) < 400

    with_line(work, keys=Keys("wrong-key", "wrong-secret"))


def test_nothing_shows_a_key() -> None:
    async def work(venue: FakeVenue, line: VenueLine) -> None:
        errors: list[UnreachableError] = []
        for fault in (answers(500), answers(302), answers(400, "x"), hangs):
            venue.fail("POST", "order", fault)
            try:
                await line.send("POST", "/fapi/v1/order", dict(ORDER))
            except UnreachableError as error:
                errors.append(error)
        assert len(errors) == 4
        shown = f"{line!r} {line.__dict__!r} {KEYS!r} {errors!r} {[error.__cause__ for error in errors]!r}"
        assert KEYS.api_secret not in shown
        assert KEYS.api_key not in shown
        assert "signature" not in shown

    with_line(work)


def test_names_are_never_looked_up() -> None:
    async def go() -> None:
        async with VenueLine(judge("http://localhost:9"), KEYS, patience_s=0.1) as line:
            assert line.url.host == "127.0.0.1"
            assert line._session
            with pytest.raises(OSError, match="not looked up"):
                await line._session.get("http://localhost:9/")

    asyncio.run(go())


def test_keys_are_read_by_the_names_of_variables() -> None:
    environment = {"A_KEY": "k", "A_SECRET": "s", "BAD": "a b", "EMPTY": ""}
    keys = read_keys("A_KEY", "A_SECRET", environment)
    assert keys == Keys("k", "s")
    assert missing_keys(environment, "A_KEY", "EMPTY", "NONE") == ("EMPTY", "NONE")
    for key, secret, words in (
        ("A_KEY", "NONE", "NONE is not set"),
        ("EMPTY", "NONE", "EMPTY and NONE are not set"),
        ("BAD", "A_SECRET", "BAD does not hold a key"),
        ("sk-live-12345", "A_SECRET", "not written as one"),
    ):
        with pytest.raises(DocumentError, match=words) as wrong:
            read_keys(key, secret, environment)
        assert "sk-live" not in wrong.value.message
        assert "a b" not in wrong.value.message
