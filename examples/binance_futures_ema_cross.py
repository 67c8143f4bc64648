"""A node of your own on Binance USD-M futures, in the shape of NautilusTrader's live examples; two lines of it are ours.

NautilusTrader's own script is examples/live/binance/binance_futures_testnet_ema_cross.py in its repository. This one trades on a
loopback exchange instead of the testnet. Start that first, with the same keys in the environment of both:

    export TC_VENUE_API_KEY=any TC_VENUE_API_SECRET=thing
    tc venue serve --port 18080
    python examples/binance_futures_ema_cross.py
"""

import os
from decimal import Decimal
from pathlib import Path

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
from nautilus_trader.examples.strategies.ema_cross import EMACross, EMACrossConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId, TraderId

from tc import attach  # (1)

VENUE_URL = os.environ.get("VENUE_URL", "http://127.0.0.1:18080")
INSTRUMENT_ID = InstrumentId.from_str(f"BTCUSDT-PERP.{BINANCE}")

client = {
    "api_key": os.environ["TC_VENUE_API_KEY"],
    "api_secret": os.environ["TC_VENUE_API_SECRET"],
    "account_type": BinanceAccountType.USDT_FUTURES,
    "environment": BinanceEnvironment.TESTNET,
    "base_url_http": VENUE_URL,
    "base_url_ws": VENUE_URL.replace("http://", "ws://"),
    "instrument_provider": InstrumentProviderConfig(load_all=True),
}
node = TradingNode(
    config=TradingNodeConfig(
        trader_id=TraderId("TESTER-001"),
        logging=LoggingConfig(log_level="INFO"),
        exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_lookback_mins=1440),
        data_clients={BINANCE: BinanceDataClientConfig(**client)},
        exec_clients={
            BINANCE: BinanceExecClientConfig(
                **client, base_url_ws_stream=client["base_url_ws"], use_position_ids=False, max_retries=3
            )
        },
        timeout_post_stop=2.0,
    )
)
node.trader.add_strategy(
    EMACross(
        config=EMACrossConfig(
            instrument_id=INSTRUMENT_ID,
            external_order_claims=[INSTRUMENT_ID],
            bar_type=BarType.from_str(f"{INSTRUMENT_ID}-4-TICK-MID-INTERNAL"),
            fast_ema_period=2,
            slow_ema_period=4,
            trade_size=Decimal("0.010"),
            request_bars=False,
            subscribe_quote_ticks=True,
            order_id_tag="001",
            oms_type="HEDGING",
        )
    )
)
node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
node.build()
attach(node, Path(__file__).with_name("attached.yaml"))  # (2)

# Ctrl-C stops the node, as ever.
if __name__ == "__main__":
    try:
        node.run()
    finally:
        node.dispose()
