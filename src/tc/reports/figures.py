"""The figures of a run, as values: the one source of metrics.json, report.md and report.html."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tc.core.state.exact import subtract
from tc.reports.gate import GateSummary
from tc.reports.thinning import Sampled


@dataclass(frozen=True, slots=True)
class OrderOutcomes:
    """How many orders ended in which way; every order that a strategy created is counted once."""

    filled: int = 0
    partly_filled: int = 0
    canceled: int = 0
    rejected: int = 0
    denied: int = 0
    expired: int = 0
    open_at_end: int = 0
    not_sent: int = 0

    @property
    def total(self) -> int:
        """The number of orders."""
        return (
            self.filled
            + self.partly_filled
            + self.canceled
            + self.rejected
            + self.denied
            + self.expired
            + self.open_at_end
            + self.not_sent
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why orders or commands were refused: reasons that differ only in their numbers are one.

    Parameters
    ----------
    event
        The type of event: ``OrderDenied``, ``OrderRejected``, ``OrderModifyRejected`` or ``OrderCancelRejected``.
    reason
        The reason with its numbers left out.
    count
        How often.
    example, position
        The first such reason in full, and where it is in the journal.

    """

    event: str
    reason: str
    count: int
    example: str
    position: int


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill, and the instrument's net quantity after it."""

    position: int
    at_ns: int
    client_order_id: str
    instrument_id: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_currency: str
    liquidity: str
    net_quantity: Decimal


@dataclass(frozen=True, slots=True)
class OrderMark:
    """Something that happened to an order and can be drawn: ``placed``, ``canceled``, ``expired``, ``rejected`` or ``denied``.

    ``price`` is the order's limit or trigger price; None for a market order.
    """

    at_ns: int
    kind: str
    side: str
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a time, in nanoseconds since the epoch."""

    at_ns: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Profit:
    """What an instrument's closed positions gained, exactly, before commissions and times the contract's multiplier."""

    currency: str
    closed: int
    won: int
    lost: int
    realized: Decimal
    gross_gain: Decimal
    gross_loss: Decimal
    largest_win: Decimal
    largest_loss: Decimal


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of equity: from a peak to the lowest point before the next peak."""

    amount: Decimal
    fraction: Decimal | None
    peak: Point
    trough: Point


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is held of an instrument, over all positions, and its value at the last price known; None where none is known."""

    instrument_id: str
    signed_quantity: Decimal
    value: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit that is set, and what is used of it now, in its unit; None for a limit of single orders."""

    limit: str
    value: Decimal | None
    used: Decimal | None


@dataclass(frozen=True, slots=True)
class Safety:
    """What kept a run safe.

    Parameters
    ----------
    kill_switch
        Its mode.
    kill_steps
        How long after it was asked for the last kill reached each of its steps, in nanoseconds.
    submits_after_halt
        Orders that were sent although they were created, or still held back, when the run was halted: must be 0.
    exposures
        By instrument, those that are flat again among them.
    limits
        Those that are set; nothing without a gate.

    """

    kill_switch: str
    kill_steps: Mapping[str, int]
    submits_after_halt: int
    exposures: tuple[Exposed, ...]
    limits: tuple[LimitUse, ...]


@dataclass(frozen=True, slots=True)
class Equity:
    """Equity over time, recomputed exactly from fills.

    Parameters
    ----------
    currency
        What it is in: the instrument's quote currency.
    starting
        The starting balance in it (0 when the account holds none).
    final
        The last value.
    marked_at
        ``candles`` when open positions are valued at the close of each candle; ``fills`` when only the prices of fills are known.
    points
        The values, in the order of time.
    drawdown
        The deepest fall among all values, kept in ``points`` or not.
    left_out
        What is part of the account but not of this figure, in words.

    """

    currency: str
    starting: Decimal
    final: Decimal
    marked_at: str
    points: Sampled[Point]
    drawdown: Drawdown
    left_out: tuple[str, ...]

    @property
    def net_profit(self) -> Decimal:
        """What the run gained: the last value less the starting balance."""
        return subtract(self.final, self.starting)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account held of a currency, as the engine stated it; ``recomputed`` is what the fills make of the last."""

    account_id: str
    currency: str
    first: Decimal
    last: Decimal
    recomputed: Decimal | None


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position that was open at the end; ``average_price`` is of the fills on its side since it was last flat."""

    position_id: str
    instrument_id: str
    signed_quantity: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that was open at the end; ``is_answered`` is false when the venue had said nothing of it, or of its cancel."""

    key: str
    instrument_id: str
    side: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something legal that an operator should know of, or the rule that the journal's last entry breaks; counted by its code."""

    code: str
    count: int
    position: int
    subject: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a journal says about its run. Times are nanoseconds since the epoch, of the data; None when there is no entry.

    ``gate`` is what the gate decided; None where none is configured.
    """

    status: str
    configuration: str
    entries: int
    positions: int
    rows: int
    rows_by_dataset: Mapping[str, int]
    first_ns: int | None
    last_ns: int | None
    events: Mapping[str, int]
    outcomes: OrderOutcomes
    refusals: tuple[Refusal, ...]
    fills: Sampled[Fill]
    first_fills: tuple[Fill, ...]
    last_fills: tuple[Fill, ...]
    compat_fills: int
    repeated_fills: int
    order_marks: Sampled[OrderMark]
    net_quantities: Mapping[str, Sampled[Point]]
    turnover: Mapping[str, Decimal]
    commissions: Mapping[str, Decimal]
    profits: Mapping[str, Profit]
    equity: Equity | None
    no_equity: str
    balances: tuple[Balance, ...]
    balance_points: Mapping[str, Sampled[Point]]
    open_positions: tuple[OpenPosition, ...]
    oddities: tuple[Oddity, ...]
    gate: GateSummary | None
    safety: Safety
    open_orders: tuple[OpenOrder, ...] = ()

    @property
    def recorded_events(self) -> int:
        """The entries that are not market data by reference."""
        return self.entries - self.events.get("MarketDataRows", 0)
