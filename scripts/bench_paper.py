"""What a paper run costs, with real nodes on real exchanges; prints one JSON object. All of it shares the machine.

- `accepted`: from OrderSubmitted to OrderAccepted in the journal of a quoter: through adapter and exchange.
- `kill`: nodes with a position and two open orders, killed over their sockets with `flatten`: from the question to each answer.
- `start_to_trading_s`: from `tc run` to a node that trades, its exchange included.
- `cpu`: the processor time of tc's node and of a bare TradingNode with the same adapter and strategy, side by side on one
  exchange, at so many steps of its market a second; each figure is a share of one processor.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from tc.core.events import OrderAccepted, OrderSubmitted
from tc.flows.node_line import ask_node
from tc.store.journal import read_entries
from tc.store.nodes import NodeDocument, read_node

SPEC = Path(__file__).resolve().parents[1] / "specs" / "btcusdt_paper.yaml"
KEYS = {"TC_VENUE_API_KEY": "bench-key", "TC_VENUE_API_SECRET": "bench-secret"}
TC = (sys.executable, "-m", "tc")
BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=4")
PATIENCE_S = 60.0
ORDERS = 3
ACKNOWLEDGED = re.compile(rb'"type":"Order(?:Accepted|Filled)"[^}]*?"client_order_id":"([^"]+)"')
TAKER = '''
from decimal import Decimal

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

I = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


class Config(StrategyConfig, frozen=True):
    """Nothing to set."""


class Taker(Strategy):
    """Takes a position with its first quote, and leaves two orders far from the market."""

    is_out = False

    def on_start(self):
        self.subscribe_quote_ticks(I)

    def on_quote_tick(self, tick):
        if self.is_out:
            return
        self.is_out = True
        make = self.cache.instrument(I)
        quantity = make.make_qty(Decimal("0.010"))
        self.submit_order(self.order_factory.market(I, OrderSide.BUY, quantity))
        for side, away in ((OrderSide.BUY, -500), (OrderSide.SELL, 500)):
            self.submit_order(self.order_factory.limit(I, side, quantity, make.make_price(tick.bid_price.as_decimal() + away)))
'''
WATCHER = '''
import sys

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class Config(StrategyConfig, frozen=True):
    """Nothing to set."""


class Watcher(Strategy):
    """Looks at every quote and every trade, and does nothing about them."""

    def on_start(self):
        self.subscribe_quote_ticks(InstrumentId.from_str("BTCUSDT-PERP.BINANCE"))
        self.subscribe_trade_ticks(InstrumentId.from_str("BTCUSDT-PERP.BINANCE"))
        print("trading", file=sys.stderr, flush=True)
'''


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=8, help="how many nodes are killed")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long orders are placed, and processors watched")
    parser.add_argument("--bare", metavar="URL", help="run a bare TradingNode there, and nothing else")
    arguments = parser.parse_args()
    if arguments.bare:
        run_bare(arguments.bare)
        return
    killed = [measured_kill(number) for number in range(arguments.kills)]
    print(
        json.dumps(
            {
                "benchmark": "paper",
                "accepted": accepted(arguments.seconds),
                "kill": {
                    step: spread([each[step] for each in killed]) for step in ("blocked", "cancelled", "flattened", "halted")
                },
                "start_to_trading_s": round(median(each["started_s"] for each in killed), 2),
                "cpu": {f"{rate}_per_s": cpu_shares(rate, arguments.seconds) for rate in (1_000, 5_000)},
            }
        )
    )


class Run:
    """A process whose words on standard error are heard."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.began = time.monotonic()
        self.said: dict[str, float] = {}
        self.process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **KEYS}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()

    def until(self, words: str) -> float:
        """Wait until it says something; return how many seconds after its start that was."""
        ends = time.monotonic() + PATIENCE_S
        while words not in self.said:
            if self.process.poll() is not None or time.monotonic() > ends:
                sys.exit(f"it never said {words!r}, but: {' / '.join(self.said)}")
            time.sleep(0.005)
        return self.said[words] - self.began

    def _hear(self) -> None:
        for line in self.process.stderr or ():
            self.said.setdefault(line.strip(), time.monotonic())


@contextmanager
def paper_run(folder: Path, run_id: str, *options: str) -> Iterator[Run]:
    """Run the committed paper spec, with options; stop it when this is left."""
    (folder / SPEC.name).write_bytes(SPEC.read_bytes())
    run = Run(folder, (*TC, "run", SPEC.name, "--run-id", run_id, *options))
    try:
        yield run
    finally:
        run.process.terminate()
        run.process.wait(PATIENCE_S)


def accepted(seconds: float) -> dict[str, float]:
    """Return how long an order takes from submitted to accepted, by the journal."""
    with tempfile.TemporaryDirectory() as folder:
        with paper_run(Path(folder), "quotes", "--duration", str(seconds), *BUSY) as run:
            run.process.wait(PATIENCE_S)
        sent: dict[str, int] = {}
        taken = []
        for entry in read_entries(Path(folder) / "artifacts" / "runs" / "quotes" / "journal.jsonl"):
            event = getattr(entry, "event", None)
            if isinstance(event, OrderSubmitted):
                sent[event.client_order_id] = event.at_ns
            elif isinstance(event, OrderAccepted):
                taken.append((event.at_ns - sent[event.client_order_id]) / 1e6)
    return spread(taken)


def measured_kill(number: int) -> dict[str, float]:
    """Kill a node over its socket, and return the milliseconds until each step was told."""
    run_id = f"kill-{number}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        strategy = written(folder, "taker", TAKER)
        with paper_run(folder, run_id, *strategy, "--set", "stop.duration_s=null") as run:
            started_s = run.until("node: trading")
            journal = folder / "artifacts" / "runs" / run_id / "journal.jsonl"
            wait_for(lambda: len(set(ACKNOWLEDGED.findall(journal.read_bytes()))) == ORDERS)
            request = {"do": "kill", "mode": "flatten", "reason": "a benchmark", "actor": "bench"}
            answers = ask_node(node_of(folder, run_id).socket, request, first_s=10, deadline_s=30)
            steps: dict[str, float] = {}
            for step, since_ns in answers:
                steps[step.step] = since_ns / 1e6
                if step.step in {"halted", "failed"}:
                    break
    return {**steps, "started_s": started_s}


def written(folder: Path, name: str, code: str) -> tuple[str, ...]:
    """Write a strategy's module, and return the options that put it into a spec beside it."""
    (folder / f"{name}.py").write_text(code)
    strategy = {"path": f"{name}:{name.title()}", "config_path": f"{name}:Config", "python_path": ["."]}
    return ("--set", f"strategy={json.dumps(strategy)}")


def wait_for(is_so: Any) -> None:  # noqa: ANN401 - a question
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > ends:
            sys.exit("it took too long")
        time.sleep(0.01)


def node_of(folder: Path, run_id: str) -> NodeDocument:
    """Return how a run's node is reached."""
    node = read_node(folder / "runtime", run_id)
    if node is None:
        sys.exit(f"{run_id} has no node")
    return node


def cpu_shares(rate: int, seconds: float) -> dict[str, float]:
    """Return the shares of a processor of tc's node and of a bare one, side by side on one exchange."""
    with tempfile.TemporaryDirectory() as name, venue(Path(name), rate) as url:
        folder = Path(name)
        there = ("--set", f"node={json.dumps({'venue_url': url})}", *written(folder, "watcher", WATCHER))
        with paper_run(folder, "watched", *there, "--set", "stop.duration_s=null") as run:
            run.until("node: trading")
            bare = Run(folder, (sys.executable, __file__, "--bare", url))
            try:
                bare.until("trading")
                time.sleep(1)
                pids = {"tc": node_of(folder, "watched").pid, "bare": bare.process.pid}
                before = {each: cpu_s(pid) for each, pid in pids.items()}
                began = time.perf_counter()
                time.sleep(seconds)
                elapsed = time.perf_counter() - began
                shares = {each: round((cpu_s(pid) - before[each]) / elapsed, 3) for each, pid in pids.items()}
            finally:
                bare.process.kill()
                bare.process.wait()
    return {**shares, "ratio": round(shares["tc"] / shares["bare"], 3)}


@contextmanager
def venue(folder: Path, rate: int) -> Iterator[str]:
    """Run an exchange whose market makes so many steps a second, and give its URL."""
    process = subprocess.Popen(
        (*TC, "venue", "serve", "--until-stdin-closes", "--rate", str(rate)),
        cwd=folder,
        env={**os.environ, **KEYS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "{}")["url"]
    finally:
        process.communicate(timeout=PATIENCE_S)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: list[float]) -> dict[str, float]:
    """Return the middle and the far end of some values."""
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "p50_ms": round(median(ordered), 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 2),
    }


def run_bare(url: str) -> None:
    """Run NautilusTrader's own node with the adapter and a strategy, with nothing of tc in it, until it is ended."""
    from nautilus_trader.adapters.binance import BINANCE, BinanceAccountType  # noqa: PLC0415 - only this process needs it
    from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment  # noqa: PLC0415
    from nautilus_trader.adapters.binance.config import (  # noqa: PLC0415
        BinanceDataClientConfig,
        BinanceExecClientConfig,
        BinanceInstrumentProviderConfig,
    )
    from nautilus_trader.adapters.binance.factories import (  # noqa: PLC0415
        BinanceLiveDataClientFactory,
        BinanceLiveExecClientFactory,
    )
    from nautilus_trader.config import LoggingConfig, TradingNodeConfig  # noqa: PLC0415
    from nautilus_trader.live.node import TradingNode  # noqa: PLC0415
    from nautilus_trader.model.identifiers import InstrumentId  # noqa: PLC0415

    instrument = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
    common: dict[str, Any] = {
        "api_key": KEYS["TC_VENUE_API_KEY"],
        "api_secret": KEYS["TC_VENUE_API_SECRET"],
        "account_type": BinanceAccountType.USDT_FUTURES,
        "environment": BinanceEnvironment.TESTNET,
        "base_url_http": url,
        "base_url_ws": url.replace("http", "ws"),
        "instrument_provider": BinanceInstrumentProviderConfig(load_ids=frozenset({instrument})),
    }
    node = TradingNode(
        config=TradingNodeConfig(
            trader_id="BARE-001",
            logging=LoggingConfig(
                log_level="OFF", log_level_file="INFO", log_directory="bare", log_file_format="json", fileout_sync_on_flush=False
            ),
            data_clients={BINANCE: BinanceDataClientConfig(**common)},
            exec_clients={BINANCE: BinanceExecClientConfig(base_url_ws_stream=url.replace("http", "ws"), **common)},
        )
    )

    sys.path.insert(0, ".")
    watcher = import_module("watcher")
    node.trader.add_strategy(watcher.Watcher(watcher.Config()))
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.build()
    node.run()


if __name__ == "__main__":
    main()
