"""Each fault of the venue is injected, proven by the venue's own counter, and put back, on a real venue process."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import msgspec
import pytest

from tc.errors import DocumentError, RefusedError, UnreachableError
from tc.faults.rounds import Rounds
from tc.faults.venue import VenueFault
from tc.spec.drills.fault_parameters import venue as of
from tc.spec.drills.fault_parameters.feed import FEED_PARAMETERS
from venue_process import SYMBOL, Caller, VenueProcess, calling, listening, venue_process

LOW, HIGH = "58000.0", "62000.0"
WITHIN_S = 5


@pytest.fixture(scope="module")
def venue() -> Iterator[VenueProcess]:
    with venue_process("--faults", "--rate", "100", "--seed", "7") as started:
        yield started


@pytest.fixture
def caller(venue: VenueProcess) -> Iterator[Caller]:
    with calling(venue.url) as caller:
        yield caller
        caller.fault("reset")
        caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        if held := position(caller):
            caller.place("SELL" if held > 0 else "BUY", str(abs(held)), reduceOnly="true")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def position(caller: Caller) -> Decimal:
    return Decimal(caller.signed("GET", "/fapi/v2/positionRisk", symbol=SYMBOL).document[0]["positionAmt"])


def open_orders(caller: Caller) -> list[str]:
    return [each["clientOrderId"] for each in caller.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL).document]


def rest(caller: Caller, client_id: str = "") -> None:
    caller.place("BUY", "0.010", LOW, **({"newClientOrderId": client_id} if client_id else {}))


def fill(caller: Caller) -> None:
    caller.place("BUY", "0.010")


def rest_and_cancel(caller: Caller) -> None:
    rest(caller, "raced-1")
    caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="raced-1")


def ask(caller: Caller) -> None:
    caller.send("GET", "/fapi/v1/time")


def ask_signed(caller: Caller) -> None:
    caller.signed("GET", "/fapi/v2/account")


LASTING: dict[str, tuple[msgspec.Struct, Callable[[Caller], None]]] = {
    "lost_ack": (of.LostAck(count=9), rest),
    "drop_user_updates": (of.DropUserUpdates(count=9, kinds=("ORDER_TRADE_UPDATE",)), rest),
    "duplicate_fill": (of.DuplicateFill(count=9), fill),
    "cancel_fill_race": (of.CancelFillRace(count=9), rest_and_cancel),
    "reject_orders": (of.RejectOrders(), rest),
    "too_many_requests": (of.TooManyRequests(count=9), ask),
    "ban": (of.Ban(), ask),
    "auth_expired": (of.AuthExpired(), ask_signed),
    "query_error": (of.QueryError(), ask_signed),
    "maintenance": (of.Maintenance(), ask),
    "request_weight": (of.RequestWeight(), ask),
}


@pytest.mark.parametrize("kind", LASTING)
def test_a_fault_that_lasts_bites_when_it_is_met_and_no_more_once_it_is_put_back(caller: Caller, kind: str) -> None:
    parameters, meet = LASTING[kind]
    meet(caller)
    fault = VenueFault(caller.url, kind, parameters)
    at_first = fault.proof()
    meet(caller)
    assert fault.proof() == at_first
    fault.inject()
    meet(caller)
    bitten = fault.proof()
    assert bitten > at_first
    fault.restore()
    meet(caller)
    assert fault.proof() == bitten
    fault.restore()


STREAMS = "/".join(f"{SYMBOL.lower()}@{each}" for each in ("bookTicker", "aggTrade", "depth@100ms"))


@pytest.mark.parametrize("kind", FEED_PARAMETERS)
def test_a_fault_of_the_market_data_bites_while_somebody_listens_and_no_more_once_it_is_put_back(
    caller: Caller, kind: str
) -> None:
    form = FEED_PARAMETERS[kind]
    parameters = form(**{name: 10_000 for name in form.__struct_fields__ if name == "count" and kind != "burst"})
    with listening(caller.url, f"/stream?streams={STREAMS}") as stream:
        stream.next()
        fault = VenueFault(caller.url, kind, parameters)
        at_first = fault.proof()
        fault.inject()
        until(lambda: fault.proof() > at_first)
        fault.restore()
        bitten, sent = fault.proof(), caller.described()["messages_sent"]
        until(lambda: caller.described()["messages_sent"] > sent + 20)
        assert fault.proof() == bitten


def test_every_kind_of_the_venue_is_tried_here() -> None:
    once = {"fill_order", "order_appears", "order_vanishes", "position_changed", "funding", "abort_websockets"}
    assert {*LASTING, *once} == of.VENUE_PARAMETERS.keys()


def test_an_order_that_appeared_is_gone_again(caller: Caller) -> None:
    rest(caller, "mine-1")
    fault = VenueFault(caller.url, "order_appears", of.OrderAppears())
    before = fault.proof()
    fault.inject()
    assert (fault.proof(), open_orders(caller)) == (before + 1, ["mine-1", "web-1"])
    fault.restore()
    assert open_orders(caller) == ["mine-1"]


def test_an_order_that_appeared_and_was_ended_by_others_is_put_back_without_harm(caller: Caller) -> None:
    fault = VenueFault(caller.url, "order_appears", of.OrderAppears())
    fault.inject()
    caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
    fault.restore()


def test_a_position_is_shifted_back_once_by_what_it_was_shifted(caller: Caller) -> None:
    fill(caller)
    fault = VenueFault(caller.url, "position_changed", of.PositionChanged(by="-0.05"))
    fault.restore()
    fault.inject()
    assert position(caller) == Decimal("-0.040")
    fault.restore()
    fault.restore()
    assert position(caller) == Decimal("0.010")


def test_an_order_is_filled_also_one_that_comes_to_rest_a_moment_later(caller: Caller) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(calling(caller.url))
        later = Rounds(lambda: other.place("SELL", "0.010", HIGH).status == 200, count=1, every_s=0)
        stack.callback(later.end)
        later.start(after_s=0.2)
        fault = VenueFault(caller.url, "fill_order", of.FillOrder(fraction="0.5"))
        before = fault.proof()
        fault.inject()
    assert (fault.proof(), position(caller)) == (before + 1, Decimal("-0.005"))
    fault.restore()


def test_an_order_vanishes_and_a_funding_fee_is_booked(caller: Caller) -> None:
    rest(caller, "lost-1")
    kinds = (("order_vanishes", of.OrderVanishes()), ("funding", of.Funding()))
    for fault in [VenueFault(caller.url, kind, parameters) for kind, parameters in kinds]:
        before = fault.proof()
        fault.inject()
        assert fault.proof() == before + 1
        fault.restore()
    assert open_orders(caller) == []


def test_websockets_are_aborted_so_often_and_only_where_somebody_is_connected(caller: Caller) -> None:
    fault = VenueFault(caller.url, "abort_websockets", of.AbortWebSockets(which="market", count=3, every_s="0.05"))
    before = fault.proof()
    fault.inject()
    for number in range(1, 4):
        with listening(caller.url, f"/ws/{SYMBOL.lower()}@trade") as stream, pytest.raises((EOFError, ConnectionError)):
            stream.until(lambda _: False)
        assert fault.proof() == before + number
    with listening(caller.url, f"/ws/{SYMBOL.lower()}@trade") as stream:
        for _ in range(3):
            stream.next()
    fault.restore()
    assert fault.proof() == before + 3


def test_aborting_ends_when_it_is_put_back(caller: Caller) -> None:
    fault = VenueFault(caller.url, "abort_websockets", of.AbortWebSockets(which="market", count=1000, every_s="0.01"))
    fault.inject()
    fault.restore()
    with listening(caller.url, f"/ws/{SYMBOL.lower()}@trade") as stream:
        for _ in range(3):
            stream.next()


def test_what_the_venue_does_not_take_is_told_and_leaves_nothing_to_put_back(caller: Caller) -> None:
    rest(caller, "web-1")
    fault = VenueFault(caller.url, "order_appears", of.OrderAppears())
    with pytest.raises(DocumentError, match="-4116: ClientOrderId is duplicated"):
        fault.inject()
    fault.restore()
    assert open_orders(caller) == ["web-1"]


def test_a_venue_without_a_fault_port_is_told_from_one_that_does_not_answer(caller: Caller) -> None:
    with venue_process() as shut:
        with pytest.raises(DocumentError, match="404") as refused:
            VenueFault(shut.url, "auth_expired", of.AuthExpired()).inject()
        assert "--faults" in refused.value.hint
    with pytest.raises(UnreachableError, match="does not answer"):
        VenueFault(shut.url, "auth_expired", of.AuthExpired()).inject()


def test_nothing_but_this_machine_is_ever_asked() -> None:
    with pytest.raises(RefusedError):
        VenueFault("http://fapi.binance.com", "auth_expired", of.AuthExpired())


class Swallowing(BaseHTTPRequestHandler):
    """Stands in front of a venue, and gives no answer to the first thing that it is asked to do, done or not."""

    url, is_done, has_swallowed = "", False, False

    def do_GET(self) -> None:
        self._answer(self._passed_on(None))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        was_first, type(self).has_swallowed = not self.has_swallowed, True
        if self.is_done or not was_first:
            answer = self._passed_on(body)
        if not was_first:
            self._answer(answer)

    def _passed_on(self, body: bytes | None) -> bytes:
        with urlopen(Request(self.url + self.path, body, method=self.command)) as answer:  # noqa: S310 - loopback
            return bytes(answer.read())

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("is_done", [True, False])
def test_what_was_asked_for_and_not_answered_is_undone_only_where_it_was_done(caller: Caller, is_done: bool) -> None:
    between = type("Between", (Swallowing,), {"url": caller.url, "is_done": is_done})
    with ThreadingHTTPServer(("127.0.0.1", 0), between) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            fault = VenueFault(f"http://127.0.0.1:{server.server_port}", "position_changed", of.PositionChanged())
            with pytest.raises(UnreachableError):
                fault.inject()
            assert position(caller) == Decimal("0.05" if is_done else 0)
            fault.restore()
        finally:
            server.shutdown()
            thread.join()
    assert position(caller) == 0


def test_a_venue_that_was_killed_and_came_back_is_put_back_and_its_proof_never_falls(tmp_path: Path) -> None:
    state = tmp_path / "venue.sqlite"
    options = ("--faults", "--state", str(state), "--speed", "100")
    with venue_process(*options) as first, calling(first.url) as caller:
        port = first.url.rpartition(":")[2]
        fault = VenueFault(first.url, "position_changed", of.PositionChanged(by="0.05"))
        for _ in range(2):
            fault.inject()
            fault.restore()
        fault.inject()
        seen = fault.proof()
        assert (seen, position(caller)) == (5, Decimal("0.050"))
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(WITHIN_S)
        with pytest.raises(UnreachableError):
            fault.restore()
    with venue_process(*options, "--port", port) as again, calling(again.url) as caller:
        assert fault.proof() == seen
        fault.restore()
        assert (fault.proof(), position(caller)) == (seen + 1, Decimal(0))
