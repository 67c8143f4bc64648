"""Live nodes as processes on real venue processes: started, talked to over their control sockets, and read when they ended."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from live_node import NAME, RUN_ID
from tc.core import EventStreamEntry
from tc.core.decision import Decision, Outcome
from tc.core.events import Event
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.nodes import socket_path
from venue_process import Caller, calling, venue_environment, venue_process
from warm import NODE, WarmProcess, template

PATIENCE_S = 15.0
HERE = Path(__file__).resolve().parent
INSTRUMENT = "BTCUSDT-PERP.BINANCE"

STRATEGY = """
import pandas as pd
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

I = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


class Config(StrategyConfig, frozen=True):
    pass


class Subject(Strategy):
    def __init__(self, config):
        super().__init__(config)
        self.n = 0

    def on_start(self):
        self.subscribe_quote_ticks(I)
        self.started()

    def started(self):
        pass

    def market(self, side, quantity="0.010"):
        order = self.order_factory.market(I, OrderSide[side], Quantity.from_str(quantity))
        self.submit_order(order)
        return order

    def limit(self, side, away, quantity="0.010"):
        tick = self.cache.quote_tick(I)
        price = tick.bid_price.as_decimal() - away if side == "BUY" else tick.ask_price.as_decimal() + away
        order = self.order_factory.limit(I, OrderSide[side], Quantity.from_str(quantity), Price.from_str(f"{price:.1f}"))
        self.submit_order(order)
        return order

    def on_quote_tick(self, tick):
        self.n += 1
        self.quote(tick)

    def quote(self, tick):
        pass

"""


@dataclass
class NodeProcess:
    """A node's process, and the folder that it works in."""

    process: subprocess.Popen[str]
    folder: Path
    states: list[str] = field(default_factory=list)

    def until(self, state: str) -> None:
        """Read what it says until it is in a state."""
        assert self.process.stdout is not None
        while state not in self.states:
            line = self.process.stdout.readline()
            assert line, self.said()
            self.states.append(json.loads(line)["state"])

    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def stop(self) -> "Lived":
        """Ask it to stop, and return what came of it."""
        assert self.process.stdin is not None
        self.process.stdin.write("stop\n")
        self.process.stdin.flush()
        return self.ended()

    def ended(self) -> "Lived":
        """Wait for its end, and return what came of it."""
        self.until("ended")
        assert self.process.wait(PATIENCE_S) == 0, self.said()
        result = json.loads((self.folder / "result.json").read_text())
        entries = msgspec.json.decode((self.folder / "entries.json").read_bytes(), type=list[EventStreamEntry])
        decisions = msgspec.json.decode((self.folder / "decisions.json").read_bytes(), type=list[Decision])
        return Lived(entries, decisions, self.states, self.folder, **result)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Ask one thing over the control socket."""
        return next(self.talk(**request))

    def talk(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield every answer over the control socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(os.fspath(socket_path(self.folder / "runtime", RUN_ID)))
            connection.sendall(json.dumps(request).encode() + b"\n")
            for line in connection.makefile():
                yield json.loads(line)

    def kill(self, mode: str = "flatten") -> list[dict[str, Any]]:
        """Kill it over the control socket; return the steps."""
        steps: list[dict[str, Any]] = []
        for step in self.talk(do="kill", mode=mode, reason="a test", actor="operator"):
            steps.append(step)
            if step["step"] in ("halted", "failed"):
                break
        return steps

    def kill_by_file(self, mode: str = "flatten") -> None:
        """Kill it by the state file."""
        switch = KillSwitch(self.folder / "runtime" / FOLDER)
        switch.activate(Scope.of_run(RUN_ID), mode=mode, reason="a test", actor="operator", at_ns=time.time_ns())  # type: ignore[arg-type]

    def wait_for(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until its status is as asked, and return that."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            status = self.ask(do="status")
            if is_so(status):
                return status
            time.sleep(0.01)
        raise AssertionError(status)


@dataclass(frozen=True)
class Lived:
    """What came of a node's life."""

    entries: list[EventStreamEntry]
    decisions: list[Decision]
    states: list[str]
    folder: Path
    error: str
    trace: str
    outcome: dict[str, Any] | None
    rows: int
    is_replayed: bool
    difference: str
    unsettled: list[str]

    def of(self, *kinds: type[Event]) -> list[Any]:
        """Return the events of the types, in their order."""
        return [each.event for each in self.entries if type(each.event) in kinds]

    def outcomes(self, *results: str) -> list[Outcome]:
        """Return the outcomes with the results, in their order."""
        return [each for decision in self.decisions for each in decision.outcomes if each.result in results]

    def names_of(self, key: str) -> list[str]:
        """Return the names of the events that speak of an order."""
        return [
            type(each.event).__name__
            for each in self.entries
            if getattr(each.event, "client_order_id", None) == key or key in getattr(each.event, "client_order_ids", ())
        ]

    def log(self) -> str:
        """Return all of the node's log."""
        return "".join(each.read_text() for each in sorted((self.folder / "logs").iterdir()))


@contextmanager
def live_node(
    folder: Path,
    url: str,
    strategy: str | dict[str, Any],
    *,
    on_stop: str = "cancel",
    stop_seconds: float = 8.0,
    most_retries: int = 3,
    reconciling: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    **spec: Any,
) -> Iterator[NodeProcess]:
    """Run a node with a strategy of these methods, or with the strategy of a spec; it is trading when this is entered."""
    if isinstance(strategy, str):
        (folder / "subject.py").write_text(STRATEGY + strategy)
        strategy = {"path": "subject:Subject", "config_path": "subject:Config", "python_path": ["."]}
    job = {
        "url": url,
        "spec": {**spec, "strategy": strategy},
        "on_stop": on_stop,
        "stop_seconds": stop_seconds,
        "most_retries": most_retries,
        "reconciling": reconciling or {},
    }
    (folder / "job.json").write_text(json.dumps(job))
    process = WarmProcess(
        template(*NODE),
        [sys.executable, str(HERE / "live_node.py"), str(folder / "job.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**venue_environment(), **(environment or {})},
        text=True,
    )
    try:
        yield NodeProcess(process, folder)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def venue(*options: str) -> Iterator[Caller]:
    """Run a venue with its fault port open, and return who can call it."""
    with venue_process("--faults", "--until-stdin-closes", *options) as running, calling(running.url) as caller:
        yield caller


__all__ = ["INSTRUMENT", "NAME", "RUN_ID", "Lived", "NodeProcess", "live_node", "venue"]
