"""Our own line against the real venue process: it reads exactly, and flattens through every fault that the venue can have."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tc.exchange import Flattened, Keys, VenueLine, VenueReading, flatten, read_account
from tc.spec.venue_url import VenueUrl, judge
from tc.store.nodes import NodeDocument, write_node
from warm import COMMAND, WarmProcess, template

pytestmark = pytest.mark.e2e

KEYS = Keys("an-api-key", "an-api-secret")
ENVIRONMENT = {"TC_VENUE_API_KEY": KEYS.api_key, "TC_VENUE_API_SECRET": KEYS.api_secret}
TC = Path(sys.executable).with_name("tc")
ORDER = "/fapi/v1/order"


class Served:
    """A venue process, and what a test asks of it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url: VenueUrl = judge(url)

    def breaks(self, name: str, **how: Any) -> None:
        urlopen(Request(f"{self.url}/_fault/{name}", json.dumps(how).encode(), method="POST")).close()  # noqa: S310 - loopback

    def bites(self, name: str) -> int:
        with urlopen(f"{self.url}/_fault/counters") as answer:  # noqa: S310 - loopback
            return int(json.load(answer)["counters"][name])

    def line(self, **other: Any) -> VenueLine:
        return VenueLine(self.url, KEYS, **{"timeout_s": 1, "patience_s": 4, **other})

    def run[T](self, work: Callable[[VenueLine], Awaitable[T]], **other: Any) -> T:
        async def go() -> T:
            async with self.line(**other) as line:
                return await work(line)

        return asyncio.run(go())

    def read(self) -> VenueReading:
        return self.run(lambda line: read_account(line, symbols=["BTCUSDT"]))

    def flatten(self, **how: Any) -> Flattened:
        return self.run(lambda line: flatten(line, **how))


@contextmanager
def serving(*options: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "tc", "venue", "serve", "--faults", "--until-stdin-closes", *options]
    pipes: Any = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    process = WarmProcess(template(*COMMAND), command, text=True, env={**os.environ, **ENVIRONMENT}, **pipes)
    try:
        assert process.stdout
        yield Served(process, json.loads(process.stdout.readline())["url"])
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def venue() -> Iterator[Served]:
    with serving() as served:
        yield served


async def trade(line: VenueLine) -> None:
    """Leave a position, a resting order and a conditional order behind, as somebody does whom no run knows."""
    for order in (
        {"side": "BUY", "type": "MARKET", "quantity": "0.5"},
        {"side": "SELL", "type": "MARKET", "quantity": "0.2"},
        {"side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "50000", "timeInForce": "GTC"},
    ):
        await line.send("POST", ORDER, {"symbol": "BTCUSDT", **order})
    stop = {"side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "triggerPrice": "40000", "quantity": "0.1"}
    await line.send("POST", "/fapi/v1/algoOrder", {"symbol": "BTCUSDT", **stop})


def held_by_trades(read: VenueReading) -> Decimal:
    return sum((each.quantity if each.side == "BUY" else -each.quantity for each in read.trades), Decimal(0))


def test_an_account_is_read_exactly(venue: Served) -> None:
    before = venue.read()
    venue.run(trade)
    read = venue.read()
    assert read.is_settled
    assert [order.kind for order in read.open_orders] == ["LIMIT", "STOP_MARKET"]
    assert sorted(order.status for order in read.orders) == ["FILLED", "FILLED", "NEW", "NEW"]
    [position] = read.positions
    assert position.quantity == held_by_trades(read) == Decimal("0.3")
    realized = sum((each.realized - each.commission for each in read.trades), Decimal(0))
    assert read.balances[0].wallet == before.balances[0].wallet + realized
    assert abs(read.skew_ns) < 500_000_000


def test_orders_and_positions_that_no_run_knows_of_are_flattened(venue: Served) -> None:
    venue.run(trade)
    done = venue.flatten()
    read = venue.read()
    assert done.is_flat, done
    assert read.open_orders == read.positions == ()
    assert held_by_trades(read) == 0
    assert [step.what for step in done.steps] == ["ask", "cancel", "ask", "close", "confirm"]
    assert done.latency_ns < 2_000_000_000


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "accepted, then 503": ("unavailable_after", {"requests": f"POST {ORDER}"}),
    "503 before it was accepted": ("unavailable_before", {"requests": f"POST {ORDER}", "count": 2}),
    "hangs before": ("hang", {"requests": f"POST {ORDER}", "seconds": 2}),
    "hangs after": ("hang", {"requests": f"POST {ORDER}", "seconds": 2, "handled": "before"}),
    "rejected twice": ("reject_orders", {"count": 2}),
    "cancelled, then 503": ("unavailable_after", {"requests": "DELETE /fapi/v1/allOpenOrders"}),
    "503 before it was cancelled": ("unavailable_before", {"requests": "DELETE /fapi/v1/allOpenOrders"}),
    "conditional orders cancelled, then 503": ("unavailable_after", {"requests": "DELETE /fapi/v1/algoOpenOrders"}),
    "questions fail": ("unavailable_before", {"requests": "GET /fapi/v1/openOrders", "count": 3}),
    "all fails for a while": ("unavailable_before", {"requests": "all", "count": 5}),
    "all is done, then 503": ("unavailable_after", {"requests": "all", "count": 6}),
    "a clock that jumps": ("clock_skew", {"ms": 90_000}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_flatten_ends_flat_through(venue: Served, name: str) -> None:
    fault, how = FAULTS[name]

    async def work(line: VenueLine) -> Flattened:
        await trade(line)
        await asyncio.to_thread(venue.breaks, fault, **how)
        return await flatten(line)

    done = venue.run(work)
    assert done.is_flat, done
    assert venue.bites(fault) >= (0 if fault == "clock_skew" else 1)
    read = venue.read()
    assert read.open_orders == read.positions == ()
    assert held_by_trades(read) == 0
    closings = [order for order in read.orders if order.client_order_id.startswith("TCF-") and order.filled]
    assert len(closings) == 1
    assert closings[0].is_reduce_only


def test_a_position_that_changes_silently_is_closed_as_it_is(venue: Served) -> None:
    venue.run(trade)
    venue.breaks("position_changed", symbol="BTCUSDT", by="-1.1")
    venue.breaks("order_appears", symbol="BTCUSDT", side="SELL", quantity="0.2", price="90000", silent=True)
    done = venue.flatten()
    assert done.is_flat, done
    assert venue.read().positions == ()


def test_a_venue_that_is_dead_is_unknown_and_flat_only_after_it_is_back(tmp_path: Path) -> None:
    state = str(tmp_path / "venue.sqlite")
    with serving("--state", state) as served:
        served.run(trade)
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        done = served.run(lambda line: flatten(line, deadline_s=1), patience_s=0.5)
        assert not done.is_flat
        assert done.left_orders is None
        assert done.left_positions is None
    with serving("--state", state) as served:
        assert len(served.read().open_orders) == 2
        assert served.flatten().is_flat
        assert held_by_trades(served.read()) == 0


def test_a_node_that_is_dead_is_flattened_by_one_command(venue: Served, tmp_path: Path) -> None:
    venue.run(trade)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    node = NodeDocument(
        run_id="quoter-1",
        name="quoter",
        directory="/r",
        socket=str(tmp_path / "none.sock"),
        pid=gone.pid,
        venue_url=str(venue.url),
        api_key_env="TC_VENUE_API_KEY",
        api_secret_env="TC_VENUE_API_SECRET",  # noqa: S106 - a name
    )
    write_node(tmp_path, node)
    done = subprocess.run(
        [TC, "kill", "activate", "--run", "quoter-1", "--reason", "it died", "--runtime-root", tmp_path],
        capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flat, says the venue" in done.stdout
    read = venue.read()
    assert read.open_orders == read.positions == ()
