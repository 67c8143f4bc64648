"""A whole venue put together: its state as it was kept, its market, and the player that moves it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tc.venue.clock import Clock
from tc.venue.faults import Faults
from tc.venue.hub import Hub
from tc.venue.keeping import Keeper
from tc.venue.listen_keys import DEFAULT_LIFETIME_S, ListenKeys
from tc.venue.market.book import Book
from tc.venue.market.generator import GeneratorSettings, generate
from tc.venue.market.moves import Moves
from tc.venue.market.player import Player
from tc.venue.market.replay import replay
from tc.venue.market.streams import PublicStreams
from tc.venue.matching import SymbolRules
from tc.venue.protocol.access import Access
from tc.venue.protocol.limits import Limits, LimitSettings
from tc.venue.venue import PublicOutlet, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """Where the market comes from: a recording where one is named, else a seed; and how fast it is played (None: at once)."""

    recording: Path | None = None
    is_looping: bool = True
    seed: int = 0
    start_price: Decimal = Decimal(60_000)
    rate: int = 30
    speed: Fraction | None = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """What a venue is made of; a state that is flushed survives the machine, any other the death of the process."""

    rules: SymbolRules
    balances: Mapping[str, Decimal]
    state: Path
    is_flushed: bool = False
    access: Access
    market: MarketSettings = field(default_factory=MarketSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    listen_key_lifetime_s: int = DEFAULT_LIFETIME_S


@contextmanager
def open_venue(settings: VenueSettings, clock: Clock) -> Iterator[tuple[Venue, Player]]:
    """Open a venue's state file, and give the venue and the player of its market; the file is closed at the end.

    Raises
    ------
    ArtifactError
        The state file cannot be used.

    """
    by_symbol = {settings.rules.symbol: settings.rules}
    with Keeper(settings.state, is_flushed=settings.is_flushed) as keeper:
        exchange = keeper.load(by_symbol, settings.balances)
        hub, started_ns = Hub(), clock.now_ns()
        book = Book(settings.rules.symbol, first_update_id=started_ns // 1_000)
        streams = PublicStreams(
            settings.rules, book, PublicOutlet(hub, lambda: venue.faults), mark=lambda: exchange.mark(settings.rules.symbol)
        )
        venue = Venue(
            clock=clock,
            exchange=exchange,
            keeper=keeper,
            rules=by_symbol,
            access=settings.access,
            limits=Limits(settings.limits),
            listen_keys=ListenKeys(settings.access.api_secret, started_ns=started_ns, lifetime_s=settings.listen_key_lifetime_s),
            faults=Faults(),
            hub=hub,
            markets={settings.rules.symbol: streams},
        )
        yield venue, _player(venue, settings)


def _player(venue: Venue, settings: VenueSettings) -> Player:
    symbol = settings.rules.symbol
    return Player(
        _moves(settings),
        venue.clock,
        speed=settings.market.speed,
        on_move=lambda move, now_ns: venue.take_move(symbol, move, now_ns),
        on_time=venue.beat,
        is_stopped=venue.holds_market,
    )


def _moves(settings: VenueSettings) -> Moves:
    market, rules = settings.market, settings.rules
    if market.recording is not None:
        return replay(market.recording, tick_size=rules.tick_size, is_looping=market.is_looping)
    price = max(rules.min_price, min(rules.max_price, market.start_price))
    return generate(
        GeneratorSettings(
            seed=market.seed, start_price=price, tick_size=rules.tick_size, step_size=rules.step_size, rate=market.rate
        )
    )
