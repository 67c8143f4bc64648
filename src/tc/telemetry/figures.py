"""metrics.json as values, as far as metrics and pages need it; amounts are exact."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

type Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
LONGEST_NAME = 200
"""No instrument, currency, account, limit or rule has a longer name."""

LARGEST_EXPONENT = 100
MOST_DIGITS = 1_000
"""No amount is larger or smaller, or written with more digits: what is made of two of them is a number still."""

type Stamp = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Lenient(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Unknown names are left out and missing ones have defaults: an older version's file is read, too."""


class Times(_Lenient, frozen=True):
    """Local stamps of the first and the last entry, in nanoseconds."""

    first_ns: Stamp | None = None
    last_ns: Stamp | None = None


class Journal(_Lenient, frozen=True):
    """How much the journal holds."""

    entries: Count = 0
    positions: Count = 0
    events: Count = 0
    events_by_type: dict[str, Count] = {}


class Data(_Lenient, frozen=True):
    """Market data."""

    rows: Count = 0


class Orders(_Lenient, frozen=True):
    """What became of the orders."""

    total: Count = 0
    filled: Count = 0
    partly_filled: Count = 0
    canceled: Count = 0
    rejected: Count = 0
    denied: Count = 0
    expired: Count = 0
    open_at_end: Count = 0
    not_sent: Count = 0


class Refusal(_Lenient, frozen=True):
    """Why orders were denied or rejected."""

    event: str
    reason: str
    count: Count
    position: Count = 0


class Fills(_Lenient, frozen=True):
    """Fills, each counted once."""

    total: Count = 0


class Profit(_Lenient, frozen=True):
    """What an instrument's closed positions gained."""

    currency: str = ""
    realized: Decimal = Decimal(0)


class Equity(_Lenient, frozen=True):
    """Starting balance and profit of all fills, less commissions."""

    currency: str
    final: Decimal
    net_profit: Decimal | None = None


class Balance(_Lenient, frozen=True):
    """A balance as the engine stated it last."""

    account_id: str
    currency: str
    last: Decimal


class Position(_Lenient, frozen=True):
    """A position that is open."""

    position_id: str
    instrument_id: str
    signed_quantity: Decimal
    average_price: Decimal | None = None


class Exposure(_Lenient, frozen=True):
    """What is held of an instrument, at the last price known."""

    instrument_id: str
    signed_quantity: Decimal
    value: Decimal | None = None
    currency: str = ""


class Oddity(_Lenient, frozen=True):
    """An anomaly of the fold, or a broken rule."""

    code: str
    count: Count


class Outcome(_Lenient, frozen=True):
    """What became of commands at the gate."""

    result: str
    reason: str
    rule: str
    count: Count


class Gate(_Lenient, frozen=True):
    """What the gate decided."""

    outcomes: tuple[Outcome, ...] = ()


class Kill(_Lenient, frozen=True):
    """The kill switch by the journal: its mode, the steps of the last kill, and the orders that were sent in spite of it."""

    mode: str = "none"
    steps_ns: dict[str, Count] = {}
    submits_after_halt: Count = 0


class LimitUse(_Lenient, frozen=True):
    """A limit, and what is used of it; None for a limit of single orders."""

    limit: str
    value: Decimal
    used: Decimal | None = None


class Process(_Lenient, frozen=True):
    """What the engine used."""

    wall_s: float | None = None
    cpu_s: float | None = None
    peak_rss_bytes: Count | None = None
    read_bytes: Count | None = None
    written_bytes: Count | None = None
    rows_per_s: float | None = None
    events_per_s: float | None = None


class Figures(_Lenient, frozen=True, rename={"kill": "kill_switch"}):
    """A run's figures; see docs/reference/metrics.md for what each name means."""

    time: Times = Times()
    journal: Journal = Journal()
    data: Data = Data()
    orders: Orders = Orders()
    refusals: tuple[Refusal, ...] = ()
    fills: Fills = Fills()
    turnover: dict[str, Decimal] = {}
    commissions: dict[str, Decimal] = {}
    profit: dict[str, Profit] = {}
    equity: Equity | None = None
    balances: tuple[Balance, ...] = ()
    open_positions: tuple[Position, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    gate: Gate | None = None
    kill: Kill | None = None
    limits: tuple[LimitUse, ...] = ()
    process: Process | None = None
    strategy_counters: dict[str, Count] = {}


_decode = msgspec.json.Decoder(Figures).decode
_unpack = msgspec.msgpack.Decoder(Figures).decode
_pack = msgspec.msgpack.Encoder().encode


def decode_figures(document: bytes) -> Figures:
    """Return the figures in the bytes of a metrics.json; ValueError (msgspec.DecodeError) when it is none."""
    return checked(_decode(document))


def checked(figures: Figures) -> Figures:
    """Return figures of which labels and pages can be made; ValueError when an amount or a name in them is none."""
    for name in _names(figures):
        if len(name) > LONGEST_NAME:
            raise ValueError(f"a name in it has {len(name):,} characters: {name[:20]}…")
    for amount in _amounts(figures):
        if not (amount.is_finite() and abs(amount.adjusted()) <= LARGEST_EXPONENT and len(str(amount)) <= MOST_DIGITS):
            raise ValueError(f"an amount in it is none: {str(amount)[:40]}")
    return figures


def _names(figures: Figures) -> Iterator[str]:
    yield from figures.turnover
    yield from figures.commissions
    yield from figures.profit
    yield from (each.currency for each in figures.profit.values())
    if figures.equity is not None:
        yield figures.equity.currency
    for balance in figures.balances:
        yield from (balance.account_id, balance.currency)
    yield from (each.instrument_id for each in figures.open_positions)
    for exposure in figures.exposures:
        yield from (exposure.instrument_id, exposure.currency)
    yield from (each.event for each in figures.refusals)
    yield from (each.limit for each in figures.limits)
    for outcome in figures.gate.outcomes if figures.gate is not None else ():
        yield from (outcome.result, outcome.reason, outcome.rule)
    if figures.kill is not None:
        yield from (figures.kill.mode, *figures.kill.steps_ns)


def _amounts(figures: Figures) -> Iterator[Decimal]:
    yield from figures.turnover.values()
    yield from figures.commissions.values()
    yield from (each.realized for each in figures.profit.values())
    if figures.equity is not None:
        yield from (figures.equity.final, figures.equity.net_profit or _NOTHING)
    yield from (each.last for each in figures.balances)
    yield from (each.signed_quantity for each in figures.open_positions)
    for exposure in figures.exposures:
        yield from (exposure.signed_quantity, exposure.value or _NOTHING)
    for limit in figures.limits:
        yield from (limit.value, limit.used or _NOTHING)


_NOTHING = Decimal(0)


def packed(figures: Figures) -> bytes:
    """Return the figures in a third of the room that they take in a file: there are thousands of runs."""
    return _pack(figures)


def unpacked(data: bytes) -> Figures:
    """Return what `packed` was given."""
    return _unpack(data)
