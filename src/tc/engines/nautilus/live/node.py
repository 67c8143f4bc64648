"""The live node: checked and built before anything connects, run once, disposed of in the end."""

import asyncio
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nautilus_trader
import numpy as np
from nautilus_trader.adapters.binance import BinanceLiveDataClientFactory, BinanceLiveExecClientFactory
from nautilus_trader.common.component import flush_logger
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.trading.strategy import Strategy

from tc.engines.core_strategies import load_core_strategy
from tc.engines.nautilus.live.configuration import TIMEOUTS, VENUE, node_config, shown_settings
from tc.engines.nautilus.live.enclosure import Enclosure
from tc.engines.nautilus.live.life import Life
from tc.engines.nautilus.live.ops_actor import OpsActor
from tc.engines.nautilus.live.quiet_http import hide_signatures
from tc.engines.nautilus.strategies import load_strategy
from tc.engines.sources import importable, python_path
from tc.errors import DocumentError, EngineError
from tc.ports import CoreStrategy, LiveOutcome, NodeState, PaperRequest, Stream

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGABRT)


class NautilusLiveEngine:
    """NautilusTrader's TradingNode with its own adapter for Binance USD-M futures."""

    name = "nautilus"
    version: str = nautilus_trader.__version__

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        return {"node": shown_settings(), "timeouts_s": dict(TIMEOUTS)}

    def prepare(self, request: PaperRequest) -> "NautilusLiveNode":
        """Check the request, the strategy and the keys, and build the node; nothing is connected.

        Raises
        ------
        DocumentError
            The request does not fit the adapter or the strategy, or a key is missing.
        EngineError
            The strategy's own code raised while it was imported or made.

        """
        return NautilusLiveNode(request)


class NautilusLiveNode:
    """A TradingNode under a recorder, a gate and a kill switch; run it once."""

    def __init__(self, request: PaperRequest) -> None:
        _check_venue(request)
        self._request = request
        self.core_strategy: CoreStrategy | None = None
        self.unsettled: tuple[str, ...] = ()
        self._folders = python_path(request)
        random.seed(request.spec.seed)
        np.random.seed(request.spec.seed % 2**32)  # noqa: NPY002 - a user's strategy may use the old generator
        with importable(self._folders):
            self._strategy: Strategy | None = None
            if request.spec.stated_strategy.core is not None:
                self.core_strategy, self.identity = load_core_strategy(request, self._folders)
            else:
                self._strategy, self.identity = load_strategy(request, self._folders)
        config = node_config(request)
        self._signals = {each: signal.getsignal(each) for each in _SIGNALS}
        self._enclosure = Enclosure() if request.venue_url.environment == "loopback" else None
        self._loop = asyncio.new_event_loop()
        try:
            watched = () if self.core_strategy is None else (request.instrument.id,)
            self._actor = OpsActor(watched)
            self._node = _built(config, self._loop, self._strategy, self._actor)
        except BaseException:
            self._release()
            raise

    def run(self, stream: Stream, *, on_state: Callable[[NodeState], None], should_stop: Callable[[], bool]) -> LiveOutcome:
        """Connect, trade until asked to stop or killed, and disconnect.

        Raises
        ------
        EngineError
            The node could not connect, or the engine or the strategy raised.
        InvariantViolation, ArtifactError
            As the stream raises them; nothing more was sent.

        """
        life = Life(self._request, self._node, self._strategy, self._actor, stream, on_state=on_state, should_stop=should_stop)
        with importable(self._folders):
            asyncio.set_event_loop(self._loop)
            try:
                return self._loop.run_until_complete(self._lived(life))
            except SystemExit as error:  # a strategy's own
                raise EngineError(f"{type(error).__name__}: {error}") from error
            finally:
                self.unsettled = life.unsettled
                asyncio.set_event_loop(None)

    async def _lived(self, life: Life) -> LiveOutcome:
        """Take the signals from Nautilus, which would end the node past its orders; a loop gives them up only while it runs."""
        for each, handler in self._signals.items():
            self._loop.remove_signal_handler(each)
            signal.signal(each, handler)
        return await life.lived()

    def close(self) -> None:
        """Dispose of the node; an exception of the strategy's meanwhile changes nothing that was recorded."""
        with suppress(Exception, SystemExit):
            self._node.dispose()
        flush_logger()
        self._release()

    def _release(self) -> None:
        if not self._loop.is_closed():
            self._loop.close()
        if self._enclosure is not None:
            self._enclosure.open()


def _check_venue(request: PaperRequest) -> None:
    instrument = request.instrument
    if instrument.venue != VENUE or instrument.kind != "crypto_perpetual" or instrument.is_inverse:
        raise DocumentError(
            f"instrument: {instrument.id} is not what a paper run can trade: a linear perpetual future on {VENUE}",
            hint="Name such an instrument, for example BTCUSDT-PERP.BINANCE.",
        )


def _built(config: TradingNodeConfig, loop: asyncio.AbstractEventLoop, strategy: Strategy | None, actor: OpsActor) -> TradingNode:
    """Build the node. Nautilus takes the signals for its own loop: they are given back to whoever had them."""
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    try:
        node = TradingNode(config=config, loop=loop)
        node.trader.add_actor(actor)
        if strategy is not None:
            node.trader.add_strategy(strategy)
        node.add_data_client_factory(VENUE, BinanceLiveDataClientFactory)
        node.add_exec_client_factory(VENUE, BinanceLiveExecClientFactory)
        node.build()
        hide_signatures(node)
    except Exception as error:
        raise DocumentError(
            f"NautilusTrader refuses the node: {type(error).__name__}: {error}", hint="Correct the spec."
        ) from error
    finally:
        for each, handler in before.items():
            loop.remove_signal_handler(each)
            signal.signal(each, handler)
    return node
