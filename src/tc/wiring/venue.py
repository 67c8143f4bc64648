"""The loopback exchange, put together from what the command says."""

import asyncio
import ipaddress
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tc.errors import DocumentError, RefusedError

if TYPE_CHECKING:
    from tc.spec.instrument import InstrumentSpec
    from tc.venue.building import MarketSettings
    from tc.venue.matching import SymbolRules
    from tc.venue.protocol.access import Access

GENERATOR = "generator"
_NO_LIMIT = Decimal(10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOptions:
    """What `tc venue serve` was asked for, as it was written."""

    host: str
    port: int
    market_data: str
    state: Path | None
    is_flushed: bool
    seed: int
    rate: int
    start_price: str
    speed: str
    is_looping: bool
    symbol: str
    starting_balance: str
    leverage: int
    weight_limit: int
    order_limit: int
    listen_key_lifetime_s: int
    has_faults: bool
    api_key_env: str
    api_secret_env: str
    ends_with_stdin: bool


def serve_venue(options: VenueOptions, on_ready: Callable[[str], None]) -> None:
    """Serve the loopback exchange until it is asked to end; `on_ready` is told its address.

    Raises
    ------
    RefusedError
        The host is not a loopback address.
    DocumentError
        An option is wrong, the keys are not in the environment, or the recording cannot be read.
    ArtifactError
        The state file cannot be used.

    """
    from tc.venue.building import VenueSettings, open_venue
    from tc.venue.clock import SystemClock
    from tc.venue.protocol.limits import LimitSettings
    from tc.venue.server.process import ServeSettings, serve

    place = ServeSettings(
        host=_loopback(options.host),
        port=options.port,
        has_faults=options.has_faults,
        ends_with_stdin=options.ends_with_stdin,
    )
    with ExitStack() as stack:
        state = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tc-venue-"))) / "venue.sqlite"
        settings = VenueSettings(
            rules=replace(symbol_rules(_instrument(options.symbol)), leverage=options.leverage),
            balances=_balances(options.starting_balance),
            state=state,
            is_flushed=options.is_flushed,
            access=_access(options.api_key_env, options.api_secret_env),
            market=_market(options),
            limits=LimitSettings(weight=options.weight_limit, orders=options.order_limit),
            listen_key_lifetime_s=options.listen_key_lifetime_s,
        )
        venue, player = stack.enter_context(open_venue(settings, SystemClock()))
        asyncio.run(serve(venue, player, place, on_ready))


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise RefusedError(
        f"the venue is served to this machine only, and {host} is no loopback address",
        hint="Leave --host out, or give 127.0.0.1.",
    )


def _access(key_name: str, secret_name: str) -> "Access":
    from tc.venue.protocol.access import Access

    missing = [name for name in (key_name, secret_name) if not os.environ.get(name)]
    if missing:
        raise DocumentError(
            f"the venue checks keys, and the environment has no {' and no '.join(missing)}",
            hint=f"Choose any two texts: {key_name}=key {secret_name}=secret tc venue serve; who trades here gives the same two.",
        )
    return Access(os.environ[key_name], os.environ[secret_name])


def _instrument(symbol: str) -> "InstrumentSpec":
    from tc.spec.library import load_instrument, read_instrument_file

    if symbol.endswith((".yaml", ".yml")):
        return read_instrument_file(Path(symbol)).value()
    instrument_id = symbol if "." in symbol else f"{symbol}-PERP.BINANCE"
    return load_instrument(instrument_id, search=(Path("specs") / "instruments",))


def symbol_rules(instrument: "InstrumentSpec") -> "SymbolRules":
    """Return the rules that an instrument sets; DocumentError when it is no linear perpetual future."""
    from tc.venue.matching import SymbolRules

    if instrument.kind != "crypto_perpetual" or instrument.is_inverse:
        raise DocumentError(f"{instrument.id} is no linear perpetual future, and the venue trades nothing else")
    largest = Decimal(instrument.max_quantity) if instrument.max_quantity else _NO_LIMIT
    return SymbolRules(
        symbol=instrument.raw_symbol,
        base=instrument.base_currency,
        quote=instrument.quote_currency,
        price_precision=instrument.price_precision,
        quantity_precision=instrument.size_precision,
        tick_size=Decimal(instrument.price_increment),
        step_size=Decimal(instrument.size_increment),
        min_price=Decimal(instrument.min_price or instrument.price_increment),
        max_price=Decimal(instrument.max_price) if instrument.max_price else _NO_LIMIT,
        min_quantity=Decimal(instrument.min_quantity or instrument.size_increment),
        max_quantity=largest,
        market_max_quantity=largest,
        min_notional=Decimal(instrument.min_notional or 0),
        maker_rate=Decimal(instrument.maker_fee),
        taker_rate=Decimal(instrument.taker_fee),
        multiplier_up=Decimal("1.05"),
        multiplier_down=Decimal("0.95"),
    )


def _balances(text: str) -> dict[str, Decimal]:
    amount, _, asset = text.strip().partition(" ")
    try:
        balance = Decimal(amount)
    except InvalidOperation:
        balance = Decimal(-1)
    if not balance.is_finite() or balance < 0 or not asset.strip().isalnum():
        raise DocumentError(f"{text!r} is no balance", hint='Write an amount and an asset, such as "100000 USDT".')
    return {asset.strip(): balance}


def _market(options: VenueOptions) -> "MarketSettings":
    from tc.venue.building import MarketSettings

    return MarketSettings(
        recording=None if options.market_data == GENERATOR else Path(options.market_data),
        is_looping=options.is_looping,
        seed=options.seed,
        start_price=_positive("--start-price", options.start_price),
        rate=options.rate,
        speed=None if options.speed == "max" else Fraction(_positive("--speed", options.speed)),
    )


def _positive(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise DocumentError(f"{name} {text!r} is no positive number")
    return number
