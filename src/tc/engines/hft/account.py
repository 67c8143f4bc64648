"""The simulated account: what fills do to its balances. Kept exactly; only what a statement cannot write out is rounded in it."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from tc.core.events import AccountUpdated, Balance, OrderFilled
from tc.core.state.exact import ZERO
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import VenueSpec

_PLACES = Decimal("0.00000001")
_STATED = Context(prec=400, rounding=ROUND_HALF_EVEN)


class Account:
    """One account with one linear instrument: a cash account pays and is paid, a margin account gains when it closes.

    Nothing is locked: margin is not modelled, and no order is refused for want of it.
    """

    def __init__(self, venue: VenueSpec, instrument: InstrumentSpec) -> None:
        self.id = f"{venue.name}-001"
        self._type = venue.account_type.upper()
        self._base_currency = venue.base_currency
        self._is_cash = venue.account_type == "cash"
        self._base, self._quote = instrument.base_currency, instrument.quote_currency
        self._multiplier = Fraction(Decimal(instrument.multiplier))
        self._balances = dict(_starting(venue.starting_balances))
        self._held = Fraction(0)
        self._cost = Fraction(0)

    def fill(self, event: OrderFilled) -> None:
        """Count a fill and its commission."""
        quantity, price = Fraction(event.quantity), Fraction(event.price)
        signed = quantity if event.side == "BUY" else -quantity
        if self._is_cash:
            self._add(self._base, signed * self._multiplier)
            self._add(self._quote, -signed * price * self._multiplier)
        else:
            self._add(self._quote, self._gained(signed, price) * self._multiplier)
        self._add(event.commission_currency, -Fraction(event.commission))

    def stated(self, at_ns: int) -> AccountUpdated:
        """Return the account as it stands."""
        balances = tuple(
            Balance(currency, _decimal(total), ZERO, _decimal(total)) for currency, total in sorted(self._balances.items())
        )
        return AccountUpdated(
            at_ns, at_ns, self.id, self._type, reported=False, balances=balances, base_currency=self._base_currency
        )

    def _add(self, currency: str, amount: Fraction) -> None:
        self._balances[currency] = self._balances.get(currency, Fraction(0)) + amount

    def _gained(self, signed: Fraction, price: Fraction) -> Fraction:
        """Move the position by a fill, at its average price; return what the closed part gained."""
        gained = Fraction(0)
        if self._held * signed < 0:
            closed = min(abs(signed), abs(self._held)) * (1 if signed > 0 else -1)
            average = self._cost / self._held
            gained = -closed * (price - average)
            self._held += closed
            self._cost += closed * average
            signed -= closed
        self._held += signed
        self._cost += signed * price
        return gained


def _starting(balances: Iterable[str]) -> Iterable[tuple[str, Fraction]]:
    for text in balances:
        amount, _, currency = text.partition(" ")
        yield currency, Fraction(Decimal(amount))


def _decimal(amount: Fraction) -> Decimal:
    """Return the amount exactly if it ends within the statement's places or beyond, else rounded to them."""
    rest = amount.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    quotient = _STATED.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return quotient if rest == 1 else quotient.quantize(_PLACES, context=_STATED)
