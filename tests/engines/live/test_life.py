"""A node's start, its failures and its end: what was at the venue before, what raises, and what becomes of the orders."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from live_nodes import live_node, venue
from tc.core.events import AccountUpdated, OrderCanceled, SnapshotTaken, SubmitRequested
from venue_process import API_KEY, API_SECRET, Caller

HOLDS = """
    def quote(self, tick):
        if self.n == 5:
            self.market("BUY", "0.010")
            self.limit("BUY", 500)
"""


def net(exchange: Caller) -> Decimal:
    """Return the position at the venue."""
    positions = exchange.signed("GET", "/fapi/v3/positionRisk").document
    return sum((Decimal(each["positionAmt"]) for each in positions), Decimal(0))


def open_orders(exchange: Caller) -> int:
    """Return how many orders are open at the venue."""
    return len(exchange.signed("GET", "/fapi/v1/openOrders").document)


@pytest.mark.parametrize(("on_stop", "left"), [("leave", (1, "0.010")), ("cancel", (0, "0.010")), ("flatten", (0, "0.000"))])
@pytest.mark.parametrize("gate", ["on", "off"])
def test_a_node_that_is_stopped_does_with_its_orders_and_positions_as_asked(
    tmp_path: Path, on_stop: str, left: tuple[int, str], gate: str
) -> None:
    risk = {} if gate == "on" else {"risk": None}
    with venue() as exchange, live_node(tmp_path, exchange.url, HOLDS, on_stop=on_stop, gate=gate, **risk) as node:
        node.until("trading")
        node.wait_for(lambda status: status["open_orders_count"] == 1 and bool(status["positions"]))
        lived = node.stop()
        assert (open_orders(exchange), net(exchange)) == (left[0], Decimal(left[1]))
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert lived.outcome is not None
    assert (lived.outcome["killed"], lived.unsettled) == ("none", [])


def test_R85_what_is_at_the_venue_enters_as_one_snapshot_before_the_strategy_starts(tmp_path: Path) -> None:
    with venue() as exchange:
        bid = Decimal(exchange.best()[0])
        exchange.place("SELL", "0.030")
        exchange.place("SELL", "0.010", str(bid + 900), newClientOrderId="from-before")
        with live_node(tmp_path, exchange.url, HOLDS, on_stop="flatten") as node:
            node.until("trading")
            node.wait_for(lambda status: status["open_orders_count"] == 2)
            lived = node.stop()
        assert (open_orders(exchange), net(exchange)) == (0, 0)
    assert lived.is_replayed, lived.difference
    [snapshot] = lived.of(SnapshotTaken)
    assert [each.terms.client_order_id for each in snapshot.orders] == ["from-before"]
    assert [each.signed_quantity for each in snapshot.positions] == [Decimal("-0.03")]
    assert [each.currency for account in snapshot.accounts for each in account.balances] == ["USDT"]
    kinds = [type(each.event) for each in lived.entries]
    before = kinds[: kinds.index(SnapshotTaken)]
    assert AccountUpdated in before
    assert {kind.__name__ for kind in before} == {"RunStarted", "ComponentStateChanged", "AccountUpdated"}
    assert "from-before" in {each.client_order_id for each in lived.of(OrderCanceled)}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    def started(self):\n        raise ValueError('at the start')\n", "ValueError: at the start"),
        (
            HOLDS + "        if self.n == 30:\n            raise ValueError('in a handler')\n",
            "ValueError: in a handler",
        ),
        (HOLDS + "\n    def on_stop(self):\n        raise ValueError('at the end')\n", "ValueError: at the end"),
        (
            HOLDS + "\n    def on_order_filled(self, event):\n        raise ValueError('at a fill')\n",
            "ValueError: at a fill",
        ),
    ],
)
def test_an_exception_of_the_strategy_is_reported_with_its_traceback_and_its_orders_are_dealt_with(
    tmp_path: Path, body: str, said: str
) -> None:
    with venue("--rate", "50") as exchange, live_node(tmp_path, exchange.url, body, on_stop="flatten") as node:
        if "at the end" in said:
            node.until("trading")
            node.wait_for(lambda status: bool(status["positions"]))
            lived = node.stop()
        else:
            lived = node.ended()
        if "at the end" not in said:
            assert (open_orders(exchange), net(exchange)) == (0, 0)
    assert lived.error == f"EngineError: {said}"
    assert "subject.py" in lived.trace
    assert lived.is_replayed, lived.difference


def test_a_venue_that_is_not_there_is_an_error_and_no_zombie(tmp_path: Path) -> None:
    with venue() as exchange:
        url = exchange.url
    with live_node(tmp_path, url, HOLDS) as node:
        node.until("starting")
        lived = node.stop()
    assert "trading" not in lived.states
    assert lived.of(SubmitRequested) == []


def test_an_instrument_that_the_venue_trades_otherwise_is_refused_before_the_strategy_starts(tmp_path: Path) -> None:
    other = Path("src/tc/spec/instruments/BTCUSDT-PERP.BINANCE.yaml").read_text().replace("0.001", "0.01")
    document = tmp_path / "BTCUSDT-PERP.BINANCE.yaml"
    document.write_text(other.replace("size_precision: 3", "size_precision: 2"))
    with venue("--symbol", str(document)) as exchange, live_node(tmp_path, exchange.url, HOLDS) as node:
        lived = node.ended()
        assert exchange.requests()[-1]["path"] != "/fapi/v1/order"
    assert "the instrument document says" in lived.error
    assert lived.of(SubmitRequested) == []


def test_keys_stand_nowhere_but_in_the_environment(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, HOLDS) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        node.stop()
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert any(each.suffix == ".jsonl" for each in written)
    for each in written:
        content = each.read_bytes()
        assert API_SECRET.encode() not in content, each
        assert API_KEY.encode() not in content, each
        assert b"signature=" not in content, each


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Listen on another address of this machine, which stands for any other host; yield its URL, and what reached it."""
    reached: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self) -> None:
            reached.append(f"{self.command} {self.path} {self.headers.get('X-MBX-APIKEY', '')}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.2:{server.server_port}", reached
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def redirecting(venue_url: str, to: str) -> Iterator[str]:
    """Serve what a venue serves, but send orders elsewhere with a redirect that keeps method and body."""
    import urllib.request  # noqa: PLC0415

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(307)
            self.send_header("Location", to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    assert opener.open(f"{venue_url}/fapi/v1/time").status == 200
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_redirect_leads_a_node_nowhere(tmp_path: Path) -> None:
    with venue() as exchange, elsewhere() as (other, reached), redirecting(exchange.url, other) as url:
        with live_node(tmp_path, url, HOLDS) as node:
            node.until("starting")
            node.wait_for(lambda status: "BINANCE" in "".join(each.read_text() for each in (tmp_path / "logs").iterdir()))
            node.stop()
        assert reached == []
