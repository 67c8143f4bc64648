"""The configuration of the TradingNode: the venue's own adapter, Nautilus's own healing off, logs as JSON files."""

import os
from typing import Any

from nautilus_trader.adapters.binance import BINANCE
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType, BinanceEnvironment
from nautilus_trader.adapters.binance.config import (
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
)
from nautilus_trader.config import (
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.model.identifiers import InstrumentId

from tc.errors import DocumentError
from tc.ports import PaperRequest

VENUE = str(BINANCE)
TIMEOUTS: dict[str, Any] = {
    "timeout_connection": 20.0,
    "timeout_reconciliation": 10.0,
    "timeout_portfolio": 10.0,
    "timeout_disconnection": 5.0,
    "timeout_post_stop": 0.1,
    "timeout_shutdown": 2.0,
}
OUT_OF_THE_WAY = "100000/00:00:00.000001"
"""Nautilus's own rate limit denies what the gate lets wait."""

_LOG_BYTES = 16 * 2**20
_LOG_FILES = 5


def shown_settings() -> dict[str, Any]:
    """Return what of the configuration is always so, and could change a result."""
    return {
        "account_type": BinanceAccountType.USDT_FUTURES.value,
        "environment": BinanceEnvironment.TESTNET.value,
        "open_check_open_only": False,
        "risk_rate_behind_gate": OUT_OF_THE_WAY,
    }


def node_config(request: PaperRequest) -> TradingNodeConfig:
    """Return the configuration of a node; it holds the values of the keys, so it is never shown.

    Raises
    ------
    DocumentError
        An environment variable that is to hold a key is not set.

    """
    clients: dict[str, Any] = {
        "api_key": _secret(request.api_key_name),
        "api_secret": _secret(request.api_secret_name),
        "account_type": BinanceAccountType.USDT_FUTURES,
        # Never LIVE: should a URL ever be missing, the adapter's own default is the testnet's.
        "environment": BinanceEnvironment.TESTNET,
        "base_url_http": request.venue_url.http,
        "base_url_ws": request.venue_url.ws,
        "instrument_provider": BinanceInstrumentProviderConfig(
            load_ids=frozenset({InstrumentId.from_str(request.instrument.id)}),
        ),
    }
    return TradingNodeConfig(
        trader_id=request.trader_id,
        logging=_logging(request),
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=_risk_engine(request),
        exec_engine=_exec_engine(request),
        data_clients={VENUE: BinanceDataClientConfig(**clients)},
        exec_clients={
            VENUE: BinanceExecClientConfig(
                **clients, base_url_ws_stream=request.venue_url.ws, max_retries=request.most_retries or None
            ),
        },
        **TIMEOUTS,
    )


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise DocumentError(
            f"the environment variable {name} is not set, so the node has no key for its venue",
            hint=f"Set {name}; the spec only names the variable, it never holds the key.",
        )
    return value


def _logging(request: PaperRequest) -> LoggingConfig:
    """Return how Nautilus logs: to files only. Below INFO it would write signed requests out."""
    return LoggingConfig(
        log_level="OFF",
        log_level_file="INFO",
        log_directory=str(request.logs),
        log_file_name="node",
        log_file_format="json",
        log_file_max_size=_LOG_BYTES,
        log_file_max_backup_count=_LOG_FILES,
        log_colors=False,
        # A sync to the disk at each line would stop the loop for it.
        fileout_sync_on_flush=False,
    )


def _risk_engine(request: PaperRequest) -> LiveRiskEngineConfig:
    limits: dict[str, Any] = {}
    if request.spec.gate == "on":
        limits = {"max_order_submit_rate": OUT_OF_THE_WAY, "max_order_modify_rate": OUT_OF_THE_WAY}
    return LiveRiskEngineConfig(graceful_shutdown_on_exception=True, **limits)


_ASKS_AFTER_S = 0.5
"""So long after the start begins what the engine asks again and again; a run that has just begun can lose an answer, too."""


def _exec_engine(request: PaperRequest) -> LiveExecEngineConfig:
    ours = request.reconciling
    return LiveExecEngineConfig(
        reconciliation=ours.at_start,
        reconciliation_lookback_mins=ours.lookback_minutes,
        reconciliation_startup_delay_secs=_ASKS_AFTER_S,
        # At the start a position is taken over with whatever fills explain it; afterwards this is set to what was asked for.
        generate_missing_orders=True,
        inflight_check_interval_ms=ours.in_flight_check_ms,
        inflight_check_threshold_ms=ours.in_flight_threshold_ms,
        inflight_check_retries=ours.in_flight_retries,
        open_check_interval_secs=ours.open_check_seconds,
        # Asking for open orders only never settles an order that the venue does not have.
        open_check_open_only=False,
        position_check_interval_secs=ours.position_check_seconds,
        graceful_shutdown_on_exception=True,
    )
