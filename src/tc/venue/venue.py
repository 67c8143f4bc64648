"""The venue: one exchange with its market, its durable state, and what it tells to whom; everything but the sockets."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tc.errors import ArtifactError
from tc.venue.clock import MILLISECOND_NS, Clock
from tc.venue.faults import Faults
from tc.venue.hub import Hub
from tc.venue.keeping import Keeper, RequestRow
from tc.venue.listen_keys import ListenKeys
from tc.venue.market.messages import encode
from tc.venue.market.moves import BestChanged, BookChanged, BookReset, Move, Traded
from tc.venue.market.streams import PublicStreams
from tc.venue.matching import AlgoChanged, AlgoStatus, Exchange, Fact, Side, SymbolRules
from tc.venue.protocol.access import Access
from tc.venue.protocol.limits import Limits
from tc.venue.protocol.user_events import listen_key_expired, user_update

FINISHED_AFTER_NS = 20 * MILLISECOND_NS


@dataclass(slots=True, kw_only=True)
class Venue:
    """What requests, the market and faults work on; `markets` has the visible side of each symbol."""

    clock: Clock
    exchange: Exchange
    keeper: Keeper
    rules: Mapping[str, SymbolRules]
    access: Access
    limits: Limits
    listen_keys: ListenKeys
    faults: Faults
    hub: Hub
    markets: Mapping[str, PublicStreams]
    _late: deque[tuple[int, Fact]] = field(default_factory=deque)
    _untold: list[Fact] = field(default_factory=list)
    _has_rows: bool = False
    _settling: asyncio.Future[None] | None = None

    def now_ns(self) -> int:
        """Return the venue's time: the clock's, and what a fault adds to it."""
        return self.clock.now_ns() + self.faults.skew_ns

    def take_move(self, symbol: str, move: Move, _now_ns: int) -> None:
        """Let the market move: our orders first, then what the public sees."""
        now_ns = self.now_ns()
        facts = self._matched(symbol, move, now_ns)
        self.markets[symbol].show(move, now_ns)
        if facts:
            self._untold.extend(facts)
            self.settle()

    def beat(self, clock_ns: int) -> None:
        """Do what is done from time to time: by the clock itself, whatever a fault adds to it."""
        if self._has_rows:
            self.settle()
        while self._late and not 0 < self._late[0][0] - clock_ns <= FINISHED_AFTER_NS:
            self._tell(self._late.popleft()[1])
        for market in self.markets.values():
            market.send_due(self.now_ns(), clock_ns)
        expired = self.listen_keys.expired(clock_ns)
        if expired is not None:
            self.tell_expired(expired)

    def holds_market(self) -> bool:
        """Tell whether the market stands still; a move that waits meanwhile, and somebody for it, is counted each time."""
        if self.faults.stops_market and any(not each.is_user for each in self.hub.listeners):
            self.faults.bite("quiet_market")
        return self.faults.stops_market

    def finish(self, facts: Iterable[Fact], row: RequestRow | None) -> None:
        """Take what a request did, and the request itself; it is told when it is settled."""
        self._untold.extend(facts)
        if row is not None:
            self.keeper.log(row)
            self._has_rows = True

    @property
    def is_settled(self) -> bool:
        """Whether all that an answer could tell of the account is kept; the log of requests may lag behind."""
        return not self._untold and self._settling is None and self.exchange.is_kept

    async def settled(self) -> None:
        """Return when everything done until now is kept and told; what is done in the same moment is kept together."""
        if self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.create_future()
            loop.call_soon(self.settle)
        await asyncio.shield(self._settling)

    def settle(self) -> None:
        """Keep everything done until now, and only then tell it."""
        facts, self._untold = self._untold, []
        settling, self._settling = self._settling, None
        try:
            self.keeper.keep(self.exchange)
        except ArtifactError as error:
            if settling is None:
                raise
            settling.set_exception(error)
            return
        self._has_rows = False
        self.tell(facts)
        if settling is not None and not settling.done():
            settling.set_result(None)

    def tell(self, facts: Iterable[Fact]) -> None:
        """Send facts to the user data stream.

        That a conditional order is finished comes a moment after what the order that it became has to say: at Binance another
        service tells it.
        """
        for fact in facts:
            if isinstance(fact, AlgoChanged) and fact.algo.status is AlgoStatus.FINISHED:
                self._late.append((self.clock.now_ns() + FINISHED_AFTER_NS, fact))
            else:
                self._tell(fact)

    def tell_expired(self, listen_key: str) -> None:
        """Say on a user data stream that its key has expired."""
        self.hub.publish(listen_key, encode(listen_key_expired(listen_key, self.now_ns())))

    def _tell(self, fact: Fact) -> None:
        update = user_update(fact, self.exchange.rules, self.now_ns())
        for _ in range(self.faults.copies(update.kind, is_fill=update.is_fill)):
            for event in update.events:
                self._tell_user(encode(event))

    def _tell_user(self, payload: bytes) -> None:
        if self.listen_keys.current is not None:
            self.hub.publish(self.listen_keys.current, payload)

    def _matched(self, symbol: str, move: Move, now_ns: int) -> list[Fact]:
        exchange = self.exchange
        match move:
            case BookChanged():
                return exchange.book_diff(symbol, move.bids, move.asks, now_ns)
            case BestChanged():
                return exchange.book_ticker(symbol, move.bid, move.bid_size, move.ask, move.ask_size, now_ns)
            case Traded():
                aggressor = Side.SELL if move.is_buyer_maker else Side.BUY
                return exchange.trade(symbol, move.price, move.quantity, aggressor, now_ns)
            case BookReset():
                return exchange.book_reset(symbol, move.bids, move.asks, now_ns)


class PublicOutlet:
    """The hub as the public streams see it: while the market data is frozen nothing is sent, and what is withheld is counted."""

    def __init__(self, hub: Hub, faults: Callable[[], Faults]) -> None:
        self._hub, self._faults = hub, faults

    def has(self, stream: str) -> bool:
        """Tell whether anybody listens."""
        return self._hub.has(stream)

    def publish(self, stream: str, payload: bytes) -> bool:
        """Send, and tell whether that was done."""
        faults = self._faults()
        if faults.is_frozen:
            faults.bite("freeze_market_data")
            return False
        return faults.feed.publish(self._hub, stream, payload, faults.bite)
