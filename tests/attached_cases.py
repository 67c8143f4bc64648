"""Nodes that are built, attached to, and never run, as a program: one line for each case says what came of it.

python tests/attached_cases.py FOLDER
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from nautilus_trader.adapters.binance import BinanceAccountType
from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment
from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient
from nautilus_trader.live.node import TradingNode
from nautilus_trader.trading.strategy import Strategy

import tc
from attached_node import built, say
from tc.errors import TcError

HERE = "http://127.0.0.1:1"
SPEC = {
    "spec_version": 1,
    "name": "theirs",
    "mode": "attached",
    "engine": "nautilus",
    "instrument": "BTCUSDT-PERP.BINANCE",
    "risk": {"profile": "research"},
}
TESTNET = {"node": {"environment": "testnet"}}


class Slotted(Strategy):
    """A strategy whose instances take no attribute."""

    __slots__ = ()


def slotted() -> TradingNode:
    node = built(HERE)
    node.trader.add_strategy(Slotted())
    return node


def two_clients() -> TradingNode:
    node = built(HERE)
    clients = node.kernel.exec_engine._clients
    clients["OTHER"] = next(iter(clients.values()))
    return node


class Derived(BinanceFuturesExecutionClient):
    """Somebody's own client, which may send its orders anywhere."""


def stranger() -> TradingNode:
    node = built(HERE)
    next(iter(node.kernel.exec_engine._clients.values())).__class__ = Derived
    return node


def other_requests() -> TradingNode:
    node, other = built(HERE), built("http://127.0.0.1:2")
    ours, theirs = (next(iter(each.kernel.exec_engine._clients.values())) for each in (node, other))
    ours._futures_http_account = theirs._futures_http_account
    return node


def attached_twice() -> TradingNode:
    node = built(HERE)
    tc.attach(node, "theirs.yaml", run_id="first-of-two")
    return node


def disposed() -> TradingNode:
    node = built(HERE)
    node.dispose()
    return node


def of(url: str | None, **changes: Any) -> Callable[[], TradingNode]:
    return lambda: built(url, **changes)


CASES: dict[str, tuple[Callable[[], Any], dict[str, Any], dict[str, Any]]] = {
    "this machine": (of(HERE), {}, {}),
    "this machine by name": (of("http://localhost:1"), {}, {}),
    "this machine, gated": (of(HERE), {"gate": "on"}, {}),
    "live": (of(None, environment=BinanceEnvironment.LIVE), {}, {}),
    "live, as if it were a testnet": (of(None, environment=BinanceEnvironment.LIVE), TESTNET, {"i_mean_testnet": True}),
    "live, gated": (of(None, environment=BinanceEnvironment.LIVE), {"gate": "on"}, {}),
    "testnet, not said": (of(None), {}, {"i_mean_testnet": True}),
    "testnet, not meant": (of(None), TESTNET, {}),
    "testnet": (of(None), TESTNET, {"i_mean_testnet": True}),
    "a name like ours": (of("http://127.0.0.1.evil.com:1"), {}, {}),
    "a number": (of("http://2130706433:1"), {}, {}),
    "a user": (of("http://127.0.0.1:1@evil.com"), {}, {}),
    "a mapped address": (of("http://[::ffff:127.0.0.1]:1"), {}, {}),
    "another stream": (of(HERE, base_url_ws_stream="wss://fstream.binance.com"), {}, {}),
    "another api": (of(HERE, base_url_ws="wss://ws-fapi.binance.com/ws-fapi/v1"), {}, {}),
    "half on a testnet": (
        of(HERE, base_url_ws_stream="wss://stream.binancefuture.com"),
        TESTNET,
        {"i_mean_testnet": True},
    ),
    "a proxy": (of(HERE, proxy_url="http://127.0.0.1:9"), {}, {}),
    "coins": (of(HERE, account_type=BinanceAccountType.COIN_FUTURES), {}, {}),
    "two clients": (two_clients, {}, {}),
    "a stranger": (stranger, {}, {}),
    "other requests": (other_requests, {}, {}),
    "slots, gated": (slotted, {"gate": "on"}, {}),
    "slots": (slotted, {}, {}),
    "not built": (of(HERE, builds=False), {}, {}),
    "attached twice": (attached_twice, {}, {}),
    "disposed": (disposed, {}, {}),
    "no node": (object, {}, {}),
    "a paper spec": (of(HERE), {"mode": "paper"}, {}),
    "a number as run id": (of(HERE), {}, {"run_id": 5}),
    "a file as runtime root": (of(HERE), {}, {"runtime_root": "/etc/passwd"}),
    "a file as artifacts root": (of(HERE), {}, {"artifacts_root": "/etc/passwd"}),
    "another venue than stated": (of(HERE), {"node": {"venue_url": "http://127.0.0.1:2"}}, {}),
    "the venue that is stated": (of(HERE), {"node": {"venue_url": "http://127.0.0.1:1"}}, {}),
    "no keys": (of(HERE), {"node": {"api_key": "NOBODY_SET_THIS"}}, {}),
}


def main(folder: Path) -> None:
    os.chdir(folder)
    Path("theirs.yaml").write_text(yaml.safe_dump(SPEC))
    for number, (name, (make, spec, consent)) in enumerate(CASES.items()):
        Path("case.yaml").write_text(yaml.safe_dump({**SPEC, **spec}))
        node = make()
        try:
            attached = tc.attach(node, "case.yaml", **{"run_id": f"case-{number}", **consent})
        except TcError as error:
            say(case=name, refused=error.message, code=int(error.exit_code), hint=error.hint)
        else:
            document = (Path("runtime/nodes") / f"case-{number}.json").read_text()
            say(case=name, watched_only=attached.watched_only, run=str(attached.directory), document=document, code=0)
        if isinstance(node, TradingNode):
            node.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
