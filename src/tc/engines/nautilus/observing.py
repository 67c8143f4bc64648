"""What the engine's cache last saw of an instrument's market, as the one compact event that a decision needs of it."""

from typing import Any

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.model.data import Bar, BarType, QuoteTick, TradeTick
from nautilus_trader.model.enums import AggregationSource, PriceType
from nautilus_trader.model.identifiers import InstrumentId

from tc.core.events import MarketObserved
from tc.engines.nautilus.translate import exact
from tc.errors import EngineError


class Doubts:
    """Since when what comes of an instrument's market is no market, and until when: a crossed book, or an empty side.

    What was seen meanwhile is no newer than the doubt, so that the Core does not take it for the end of it.
    """

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, int | None]] = {}

    def begin(self, instrument_id: str, now_ns: int) -> bool:
        """Doubt from now on; tell whether that is new."""
        if self.is_open(instrument_id):
            return False
        self._latest[instrument_id] = (now_ns, None)
        return True

    def end(self, instrument_id: str, now_ns: int) -> None:
        """Doubt nothing that comes from now on."""
        since_ns, until_ns = self._latest[instrument_id]
        self._latest[instrument_id] = (since_ns, now_ns if until_ns is None else until_ns)

    def is_open(self, instrument_id: str) -> bool:
        """Tell whether there is a doubt now."""
        return instrument_id in self._latest and self._latest[instrument_id][1] is None

    def certain_ns(self, instrument_id: str, seen_ns: int) -> int:
        """Return how new what was seen at a stamp counts: no newer than the doubt in which it was seen."""
        since_ns, until_ns = self._latest.get(instrument_id, (seen_ns, seen_ns))
        return since_ns if seen_ns > since_ns and (until_ns is None or seen_ns < until_ns) else seen_ns


class MarketView:
    """Says what the engine's cache holds of a market: the best quote, and the latest of last trade and last bar.

    Only bars that came from outside count: those that a strategy aggregates say nothing that their ticks did not.
    """

    def __init__(self, cache: CacheFacade) -> None:
        self.doubts = Doubts()
        self._cache = cache
        self._bar_types: list[BarType] = []
        self._external: dict[InstrumentId, list[BarType]] = {}

    def observed(self, instrument_id: InstrumentId, at_ns: int) -> MarketObserved | None:
        """Return the observation of an instrument's market as it is now; None before any."""
        cache = self._cache
        quote, trade, bar = cache.quote_tick(instrument_id), cache.trade_tick(instrument_id), self._latest_bar(instrument_id)
        return _observation(quote, trade, bar, instrument_id.value, at_ns, doubts=self.doubts)

    def _latest_bar(self, instrument_id: InstrumentId) -> Bar | None:
        bars = [bar for bar in map(self._cache.bar, self._external_types(instrument_id)) if bar is not None]
        return max(bars, key=lambda bar: bar.ts_init, default=None)

    def _external_types(self, instrument_id: InstrumentId) -> list[BarType]:
        """Return the types of an instrument's bars, in one order; to select them anew for each question is dear."""
        bar_types = self._cache.bar_types()
        if bar_types != self._bar_types:
            self._bar_types, self._external = bar_types, {}
        external = self._external.get(instrument_id)
        if external is None:
            found = self._cache.bar_types(instrument_id, PriceType.LAST, AggregationSource.EXTERNAL)
            external = self._external[instrument_id] = sorted(found, key=str)
        return external


class RowObserver:
    """Sees a dataset's rows one by one: each is an observation of the market as it is with that row."""

    def __init__(self, instrument_id: str, doubts: Doubts | None = None) -> None:
        self._instrument_id = instrument_id
        self._doubts = Doubts() if doubts is None else doubts
        self._latest: dict[type, Any] = {}

    def __call__(self, row: Any, number: int) -> MarketObserved:  # noqa: ANN401 - a quote, a trade or a bar
        """Return the event that stands for the row."""
        latest = self._latest
        latest[type(row)] = row
        now_ns = row.ts_init
        quote, trade, bar = latest.get(QuoteTick), latest.get(TradeTick), latest.get(Bar)
        observation = _observation(quote, trade, bar, self._instrument_id, now_ns, number, doubts=self._doubts)
        if observation is None:
            raise EngineError(f"row {number} is {type(row).__name__}, which a Core-native strategy cannot see")
        return observation


def _observation(
    quote: Any,  # noqa: ANN401 - Nautilus's ticks have no types
    trade: Any,  # noqa: ANN401
    bar: Bar | None,
    instrument_id: str,
    at_ns: int,
    row: int | None = None,
    *,
    doubts: Doubts,
) -> MarketObserved | None:
    stamps = [datum.ts_init for datum in (quote, trade, bar) if datum is not None]
    if not stamps:
        return None
    last, last_quantity = _last(trade, bar)
    return MarketObserved(
        at_ns,
        doubts.certain_ns(instrument_id, max(stamps)),
        instrument_id,
        None if quote is None else exact(quote.bid_price),
        None if quote is None else exact(quote.bid_size),
        None if quote is None else exact(quote.ask_price),
        None if quote is None else exact(quote.ask_size),
        last,
        last_quantity,
        row,
    )


def _last(trade: Any, bar: Bar | None) -> tuple[Any, Any]:  # noqa: ANN401 - Nautilus's ticks have no types
    if trade is not None and (bar is None or trade.ts_init >= bar.ts_init):
        return exact(trade.price), exact(trade.size)
    return (None, None) if bar is None else (exact(bar.close), None)
