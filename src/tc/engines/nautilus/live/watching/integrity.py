"""Whether a node's market data is whole: each raw message is judged as it comes in, before Nautilus makes a tick of it."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from nautilus_trader.model.identifiers import InstrumentId

from tc.checks.feed import ANOMALIES, Anomaly
from tc.core.events import FeedDegraded
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.watching.wire import Delays, Diffs, Quotes, Stream, Trades
from tc.engines.nautilus.observing import Doubts
from tc.engines.nautilus.seams import HasKernel

_ADAPTER = "nautilus_trader.adapters.binance.futures."
_LINES = ("_ws_client", "_ws_public_client")
_HEAD = b'{"stream":"'
"""Under these names Binance's adapter keeps its lines; so begins a message of a stream, and nothing else."""

_STREAMS: tuple[tuple[bytes, str, type[Stream]], ...] = (
    (b"bookTicker", "QuoteTick", Quotes),
    (b"aggTrade", "TradeTick", Trades),
    (b"depth@", "OrderBookDeltas", Diffs),
)
"""By what stands behind the symbol: the channel, and who judges. Streams of the best levels skip by their nature."""

_SURE_AFTER_NS = 250_000_000
"""So long may the word that a connection came back be later than the first message on it."""

_SAID: dict[Anomaly, str] = {
    "gap": "updates of the book are missing",
    "crossed": "the bid is not below the ask",
    "empty": "a price or a size of the best is zero",
}
"""What makes prices doubtful, in words; anything else is only counted."""

_NO_MARKET = frozenset({"crossed", "empty"})
_UNREADABLE = (msgspec.DecodeError, ArithmeticError)
"""What judging a message raises that is none of its stream; a price that is no number is found when it is compared."""

_MALFORMED: tuple[Anomaly, ...] = ("malformed",)

type _Kind = tuple[str, str, Anomaly]


@dataclass(slots=True)
class _Heard:
    """A stream that is judged: whose it is, by whom, and whether its last message followed none that came."""

    instrument_id: str
    channel: str
    stream: Stream
    has_gap: bool = False


@dataclass(slots=True, eq=False)
class _Line:
    """One of the adapter's lines: its streams by name, None for those that nobody judges."""

    client: Any
    delays: Delays
    streams: dict[bytes, _Heard | None] = field(default_factory=dict)


class FeedIntegrity:
    """Judges what comes in on the market streams of Binance's futures adapter; of any other nothing is judged.

    A connection that came back begins anew: what was missed meanwhile is no anomaly.

    Parameters
    ----------
    node
        A node that is built and not yet connected: a line takes its handler along when it connects.
    recorder, home
        Who records that a feed is in doubt, and brings that home.
    doubts
        Holds since when.

    """

    def __init__(self, node: HasKernel, recorder: LiveRecorder, *, home: Home, doubts: Doubts) -> None:
        kernel = node.kernel
        self._log: Callable[[str], None] = kernel.logger.error
        self._clock = kernel.clock
        self._recorder, self._home, self._doubts = recorder, home, doubts
        self._counts: Counter[_Kind] = Counter()
        self._unsure: deque[tuple[int, _Line, _Kind]] = deque()
        self._providers: list[Any] = []
        self._judged: set[str] = set()
        self._is_known = True
        try:
            for client in kernel.data_engine._clients.values():  # noqa: SLF001 - no other way
                if type(client).__module__.startswith(_ADAPTER):
                    self._listen_in(client)
        except Exception as error:  # noqa: BLE001 - see `_give_up`
            self._give_up(error)

    def counts(self, instrument_id: str, channel: str) -> dict[str, int]:
        """Return how many messages of a channel were wrong, by what was; nothing where they are not judged."""
        try:
            if self._is_known and channel in ANOMALIES and self._is_judged(instrument_id):
                self._settle(time.monotonic_ns() - _SURE_AFTER_NS)
                return {kind: self._counts[instrument_id, channel, kind] for kind in ANOMALIES[channel]}
        except Exception as error:  # noqa: BLE001 - see `_give_up`
            self._give_up(error)
        return {}

    @property
    def is_judging(self) -> bool | None:
        """Whether market data is judged; None where there is none that could be."""
        return self._is_known if self._providers or not self._is_known else None

    def _is_judged(self, instrument_id: str) -> bool:
        """Whether an instrument is one of the adapter's, which knows none before it is connected."""
        if instrument_id not in self._judged:
            wanted = InstrumentId.from_str(instrument_id)
            if all(each.find(wanted) is None for each in self._providers):
                return False
            self._judged.add(instrument_id)
        return True

    def _listen_in(self, client: Any) -> None:  # noqa: ANN401 - an adapter's client
        delays = Delays()
        self._providers.append(client._instrument_provider)  # noqa: SLF001 - as above
        for each in (getattr(client, name) for name in _LINES):
            line = _Line(client, delays)
            each._handler, each._handle_reconnect = self._judging(line, each._handler), self._anew(line, each._handle_reconnect)  # noqa: SLF001

    def _judging(self, line: _Line, handle: Callable[[bytes], object]) -> Callable[[bytes], object]:
        def judged(raw: bytes) -> object:
            if self._is_known:
                try:
                    self._judge(line, raw)
                except Exception as error:  # noqa: BLE001 - see `_give_up`
                    self._give_up(error)
            return handle(raw)

        return judged

    def _anew(self, line: _Line, handle: Callable[..., object]) -> Callable[..., object]:
        def begun(*arguments: object) -> object:
            self._home.run(self._forget, line)  # Nautilus calls this on a thread of its own, messages on the loop's.
            return handle(*arguments)

        return begun

    def _forget(self, line: _Line) -> None:
        """Begin a line anew that came back, without what was found on it before that was known."""
        self._settle(time.monotonic_ns() - _SURE_AFTER_NS)
        self._unsure = deque(each for each in self._unsure if each[1] is not line)
        line.streams.clear()

    def _give_up(self, error: Exception) -> None:
        """Judge nothing from now on: what is private to an adapter may change, and no node fails for being looked at."""
        self._is_known = False
        self._log(f"tc: market data is not judged: the adapter is not built as expected: {type(error).__name__}: {error}")

    def _judge(self, line: _Line, raw: bytes) -> None:
        if not raw.startswith(_HEAD):
            return
        name = raw[len(_HEAD) : raw.index(b'"', len(_HEAD))]
        if name not in line.streams:
            line.streams[name] = self._heard(line, name)
        heard = line.streams[name]
        if heard is None:
            return
        anomalies = self._anomalies(heard, raw)
        if anomalies:
            now_ns = time.monotonic_ns()
            self._unsure.extend((now_ns, line, (heard.instrument_id, heard.channel, kind)) for kind in anomalies)
        if anomalies != _MALFORMED:
            self._doubt(heard, anomalies)

    def _anomalies(self, heard: _Heard, raw: bytes) -> tuple[Anomaly, ...]:
        """Judge a message; one that cannot be read is wrong itself, and says nothing of the adapter."""
        try:
            return heard.stream.judge(raw, time.time_ns())
        except _UNREADABLE:
            return _MALFORMED

    def _heard(self, line: _Line, name: bytes) -> _Heard | None:
        symbol, _, kind = name.partition(b"@")
        for begins, channel, judge in _STREAMS:
            if kind.startswith(begins) and symbol:
                instrument_id = line.client._get_cached_instrument_id(symbol.decode().upper())  # noqa: SLF001 - as above
                return (
                    _Heard(instrument_id.value, channel, judge(line.delays))
                    if self._recorder.is_recorded(instrument_id)
                    else None
                )
        return None

    def _doubt(self, heard: _Heard, anomalies: tuple[Anomaly, ...]) -> None:
        """Say once of each gap, and of each time without a market, that prices are in doubt."""
        has_gap, had_gap = "gap" in anomalies, heard.has_gap
        heard.has_gap = has_gap
        if has_gap and not had_gap:
            self._degraded(heard, "gap", self._clock.timestamp_ns())
        if heard.channel != "QuoteTick":
            return
        doubtful = next((kind for kind in anomalies if kind in _NO_MARKET), None)
        if doubtful is not None:
            now_ns = self._clock.timestamp_ns()
            if self._doubts.begin(heard.instrument_id, now_ns):
                self._degraded(heard, doubtful, now_ns)
        elif self._doubts.is_open(heard.instrument_id):
            self._doubts.end(heard.instrument_id, self._clock.timestamp_ns())

    def _degraded(self, heard: _Heard, kind: Anomaly, now_ns: int) -> None:
        self._home.run(self._recorder.degrade, FeedDegraded(now_ns, now_ns, heard.instrument_id, _SAID[kind]))

    def _settle(self, before_ns: int) -> None:
        """Count what was found before, and is of no connection that came back."""
        while self._unsure and self._unsure[0][0] <= before_ns:
            self._counts[self._unsure.popleft()[2]] += 1
