"""Equity over time from fills alone: exact sums, valued at the closes of candles, or at the fills when no candles are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from tc.core.events import AccountUpdated, OrderFilled
from tc.core.state.exact import ZERO, add, multiply, negate, subtract
from tc.reports.candles import Candles
from tc.reports.figures import Drawdown, Equity, Point
from tc.reports.thinning import Thinning

POINTS_KEPT = 65_536
ROUNDED = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""For quotients, which are for the eye: they need not end."""


@dataclass(frozen=True, slots=True)
class Traded:
    """What equity needs to know of the run's instrument."""

    id: str
    base_currency: str
    quote_currency: str
    multiplier: Decimal
    is_inverse: bool


class EquityCurve:
    """Adds up one linear instrument's fills and values what is held.

    equity = starting balance + sales - purchases + quantity held times price, each times the multiplier, less commissions.
    A balance in the base currency (a spot account's) is valued at the price too.
    """

    def __init__(self, traded: Traded, candles: Candles | None) -> None:
        self._traded = traded
        self._candles = candles
        self._next = 0
        self._unit = Decimal((0, (1,), 0 if candles is None else -candles.precision))
        self._accounts: dict[str, tuple[str, ...]] = {}
        self._first_quote = ZERO
        self._first_base = ZERO
        self._cash = ZERO
        self._held = ZERO
        self._foreign: dict[str, None] = {}
        self._has_fills = False
        self._unmarked: Point | None = None
        self._points: Thinning[Point] = Thinning(POINTS_KEPT)
        self._starting: Decimal | None = None
        self._peak: Point | None = None
        self._last: Point | None = None
        self._worst: tuple[Decimal, Point, Point] | None = None

    @property
    def quote_total(self) -> Decimal:
        """What the fills make of the starting balance in the quote currency: plus sales, less purchases and commissions."""
        return add(self._first_quote, self._cash)

    def begin(self, at_ns: int) -> None:
        """Skip the candles that end before the stream begins."""
        ends_ns = () if self._candles is None else self._candles.ends_ns
        while self._next < len(ends_ns) and ends_ns[self._next] < at_ns:
            self._next += 1

    def account(self, event: AccountUpdated) -> None:
        """Take an account's first state as what the run started with."""
        if event.account_id in self._accounts:
            return
        self._accounts[event.account_id] = tuple(balance.currency for balance in event.balances)
        for balance in event.balances:
            if balance.currency == self._traded.quote_currency:
                self._first_quote = add(self._first_quote, balance.total)
            elif balance.currency == self._traded.base_currency:
                self._first_base = add(self._first_base, balance.total)

    def fill(self, event: OrderFilled) -> None:
        """Count a fill; one of another instrument is left out, and said so."""
        self._has_fills = True
        traded = self._traded
        if event.instrument_id != traded.id:
            self._foreign[f"fills of {event.instrument_id}"] = None
            return
        units = multiply(event.quantity, traded.multiplier)
        value = multiply(units, event.price)
        is_buy = event.side == "BUY"
        self._held = add(self._held, units if is_buy else negate(units))
        self._cash = add(self._cash, negate(value) if is_buy else value)
        if event.commission_currency == traded.quote_currency:
            self._cash = subtract(self._cash, event.commission)
        elif event.commission_currency == traded.base_currency:
            self._held = subtract(self._held, event.commission)
        elif event.commission != ZERO:
            self._foreign[f"commissions in {event.commission_currency}"] = None
        if self._candles is None or (self._candles.is_of_tape and self._next == len(self._candles)):
            self._value_at(event.at_ns, event.price)
        else:
            self._unmarked = Point(event.at_ns, event.price)

    def advance(self, to_ns: int) -> None:
        """Value what is held at each candle that ends before an instant, at which something may change."""
        candles = self._candles
        if candles is None:
            return
        while self._next < len(candles.ends_ns) and candles.ends_ns[self._next] < to_ns:
            if self._accounts or self._has_fills:
                price = multiply(Decimal(candles.closes[self._next]), self._unit)
                self._value_at(candles.ends_ns[self._next], price)
            self._next += 1

    def finish(self, last_ns: int) -> Equity | str:
        """Return equity up to the candle that holds the last instant, or why there is none."""
        if self._traded.is_inverse:
            return "Equity is not recomputed for an inverse contract; the account's balance is shown as the engine stated it."
        if self._candles is not None:
            self.advance(last_ns + self._candles.interval_ns)
        if self._unmarked is not None:
            # The last fill came after the last candle: its own price is the last one known.
            self._value_at(self._unmarked.at_ns, self._unmarked.value)
        if self._last is None or self._starting is None or self._worst is None:
            return "There is no price and no fill to value the account at."
        amount, peak, trough = self._worst
        fraction = ROUNDED.divide(amount, peak.value).quantize(Decimal("1e-6")) if peak.value > ZERO else None
        return Equity(
            currency=self._traded.quote_currency,
            starting=self._starting,
            final=self._last.value,
            marked_at="fills" if self._candles is None else "candles",
            points=self._points.sampled(),
            drawdown=Drawdown(amount, fraction, peak, trough),
            left_out=(*self._foreign, *self._foreign_balances()),
        )

    def _foreign_balances(self) -> tuple[str, ...]:
        own = (self._traded.quote_currency, self._traded.base_currency)
        currencies = {currency: None for held in self._accounts.values() for currency in held if currency not in own}
        return tuple(f"balances in {currency}" for currency in currencies)

    def _value_at(self, at_ns: int, price: Decimal) -> None:
        if self._starting is None:
            self._starting = add(self._first_quote, multiply(self._first_base, price))
        value = add(self.quote_total, multiply(add(self._first_base, self._held), price))
        self._unmarked = None
        point = Point(at_ns, value)
        self._points.add(point)
        self._last = point
        if self._peak is None or value > self._peak.value:
            self._peak = point
        fall = subtract(self._peak.value, value)
        if self._worst is None or fall > self._worst[0]:
            self._worst = (fall, self._peak, point)


def traded_in(document: Mapping[str, object]) -> Traded:
    """Return what the effective configuration says about the instrument; one that says nothing counts one for one."""
    said = document.get("instrument")
    instrument: Mapping[str, object] = said if isinstance(said, Mapping) else {"id": said}
    return Traded(
        id=str(instrument.get("id", "")),
        base_currency=str(instrument.get("base_currency") or ""),
        quote_currency=str(instrument.get("quote_currency") or ""),
        multiplier=Decimal(str(instrument.get("multiplier") or "1")),
        is_inverse=instrument.get("is_inverse") is True,
    )
