"""A node as somebody else writes one, attached to, run as a program: told what to do by lines on standard input.

python tests/attached_node.py JOB.json
"""

import importlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

from nautilus_trader.adapters.binance import (
    BINANCE,
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment
from nautilus_trader.config import InstrumentProviderConfig, LiveExecEngineConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode

import tc
from venue_process import API_KEY, API_SECRET


def built(
    url: str | None, *, builds: bool = True, environment: BinanceEnvironment = BinanceEnvironment.TESTNET, **changes: Any
) -> TradingNode:
    """Return a node for a venue; without a URL the adapter's own for the environment."""
    client: dict[str, Any] = {
        "api_key": API_KEY,
        "api_secret": API_SECRET,
        "account_type": BinanceAccountType.USDT_FUTURES,
        "environment": environment,
        "instrument_provider": InstrumentProviderConfig(load_all=True),
    }
    streams = {}
    if url is not None:
        ws = url.replace("http", "ws", 1)
        client |= {"base_url_http": url, "base_url_ws": ws}
        streams = {"base_url_ws_stream": ws}
    config = TradingNodeConfig(
        trader_id="OTHER-001",
        logging=LoggingConfig(log_level="ERROR", log_colors=False),
        exec_engine=LiveExecEngineConfig(reconciliation=True),
        data_clients={BINANCE: BinanceDataClientConfig(**client)},
        exec_clients={BINANCE: BinanceExecClientConfig(**{**client, **streams, **changes})},
        timeout_connection=10.0,
        timeout_disconnection=2.0,
        timeout_post_stop=0.5,
    )
    node = TradingNode(config=config)
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    if builds:
        node.build()
    return node


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def obey(node: TradingNode, attached: Any, strategy: Any) -> None:
    """Do on the node's loop what each line says."""

    def detach() -> None:
        try:
            attached.detach()
            say(detached=True)
        except tc.errors.TcError as error:
            say(refused=error.message)

    does = {"stop": node.stop, "detach": detach}
    for line in sys.stdin:
        word = line.strip()
        node.kernel.loop.call_soon_threadsafe(does.get(word) or getattr(strategy, word))


def main(job: dict[str, Any], folder: Path) -> None:
    sys.path.insert(0, str(folder))
    subject = importlib.import_module("subject")
    strategy = subject.Subject(subject.Config())
    node = built(job["url"])
    node.trader.add_strategy(strategy)
    importlib.import_module("tc.errors")
    try:
        attached = tc.attach(node, folder / "attached.yaml")
    except tc.errors.TcError as error:
        say(refused=error.message, code=int(error.exit_code))
        return
    say(run_id=attached.run_id, watched_only=attached.watched_only)
    threading.Thread(target=obey, args=(node, attached, strategy), daemon=True).start()
    try:
        node.run()
    finally:
        node.dispose()
    attached.wait()
    say(status=attached.status)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    main(json.loads(path.read_text()), path.parent)
