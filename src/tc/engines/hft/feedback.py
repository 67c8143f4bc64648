"""What the venue answered, as Events: the source of the run's execution feedback."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from tc.core.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderUpdated,
)
from tc.core.state.exact import multiply
from tc.engines.hft.account import Account
from tc.engines.hft.feed import Scale
from tc.engines.hft.messages import Response
from tc.spec.instrument import InstrumentSpec

_NO_LIQUIDITY = "nobody offers the other side"
_POST_ONLY = "a post-only order would have taken"


class Sent(msgspec.Struct):
    """An order at the venue: its terms, what holds now, and the command that is under way."""

    terms: OrderInitialized
    number: int
    quantity: Decimal
    price: Decimal | None
    is_accepted: bool = False
    is_cancelling: bool = False
    replace: tuple[Decimal, Decimal | None] | None = None

    @property
    def venue_order_id(self) -> str:
        """The venue's name for it."""
        return f"HFT-{self.number}"

    @property
    def is_busy(self) -> bool:
        """Whether a command of it is not yet answered: the venue takes no other."""
        return not self.is_accepted or self.is_cancelling or self.replace is not None


class HftFeedback:
    """Responses as they arrive, each one record.

    The venue fills an order whole or not at all: what an order's response says of it is one fill, and nothing is guessed.
    """

    def __init__(self, instrument: InstrumentSpec, account: Account, *, fees: tuple[Decimal, Decimal]) -> None:
        self._instrument = instrument
        self._account = account
        self._maker_fee, self._taker_fee = fees
        self._multiplier = Decimal(instrument.multiplier)
        self._scale = Scale.of(instrument)
        self._waiting: deque[Response] = deque()
        self.at_venue: dict[int, Sent] = {}
        self.now_ns = 0

    def arrive(self, responses: Iterable[Response], now_ns: int) -> None:
        """Let responses wait as records that came at a stamp."""
        self._waiting.extend(responses)
        self.now_ns = now_ns

    def records(self) -> Iterator[Response]:
        """Take out, one by one, the responses that wait."""
        while self._waiting:
            yield self._waiting.popleft()

    def events(self, record: Response) -> Iterable[Event]:
        """Return what a response says."""
        sent = self.at_venue[record.order_id]
        if record.answer != "open":
            del self.at_venue[record.order_id]
        return _ANSWERS[record.answer](self, sent, record)

    def _opened(self, sent: Sent, record: Response) -> Iterator[Event]:
        key, venue_order_id = sent.terms.client_order_id, sent.venue_order_id
        if not sent.is_accepted:
            sent.is_accepted = True
            yield OrderAccepted(self.now_ns, record.venue_ns, key, venue_order_id, self._account.id)
        elif sent.replace is not None:
            yield self._replaced(sent, record)

    def _replaced(self, sent: Sent, record: Response) -> OrderUpdated:
        sent.quantity, sent.price = sent.replace or (sent.quantity, sent.price)
        sent.replace = None
        key, venue_order_id = sent.terms.client_order_id, sent.venue_order_id
        return OrderUpdated(self.now_ns, record.venue_ns, key, sent.quantity, sent.price, venue_order_id=venue_order_id)

    def _filled(self, sent: Sent, record: Response) -> Iterator[Event]:
        key, venue_order_id = sent.terms.client_order_id, sent.venue_order_id
        if record.ticks is None:
            yield OrderRejected(self.now_ns, record.venue_ns, key, _NO_LIQUIDITY)
            return
        if not sent.is_accepted and sent.terms.order_type != "MARKET":
            yield OrderAccepted(self.now_ns, record.venue_ns, key, venue_order_id, self._account.id)
        if sent.replace is not None and not record.is_maker:
            yield self._replaced(sent, record)  # An order that rested can only take because its new price did.
        fill = self._fill(sent, record.ticks, record)
        self._account.fill(fill)
        yield fill
        yield self._account.stated(self.now_ns)

    def _fill(self, sent: Sent, ticks: int, record: Response) -> OrderFilled:
        terms, instrument = sent.terms, self._instrument
        price = self._scale.price(ticks)
        rate = self._maker_fee if record.is_maker else self._taker_fee
        value = multiply(multiply(sent.quantity, price), self._multiplier)
        return OrderFilled(
            at_ns=self.now_ns,
            event_ns=record.venue_ns,
            client_order_id=terms.client_order_id,
            venue_order_id=sent.venue_order_id,
            account_id=self._account.id,
            trade_id=f"HFT-{sent.number}-1",
            position_id=instrument.id,  # The account nets: a flatten's order closes what the strategy's orders opened.
            strategy_id=terms.strategy_id,
            instrument_id=instrument.id,
            side=terms.side,
            quantity=sent.quantity,
            price=price,
            currency=instrument.quote_currency,
            commission=multiply(value, rate),
            commission_currency=instrument.quote_currency,
            liquidity="MAKER" if record.is_maker else "TAKER",
        )

    def _canceled(self, sent: Sent, record: Response) -> Iterator[Event]:
        yield OrderCanceled(self.now_ns, record.venue_ns, sent.terms.client_order_id, sent.venue_order_id)

    def _expired(self, sent: Sent, record: Response) -> Iterator[Event]:
        key = sent.terms.client_order_id
        if sent.terms.post_only:
            yield OrderRejected(self.now_ns, record.venue_ns, key, _POST_ONLY, due_post_only=True)
        else:
            yield OrderExpired(self.now_ns, record.venue_ns, key, sent.venue_order_id)


_ANSWERS: dict[str, Callable[[HftFeedback, Sent, Response], Iterable[Event]]] = {
    "open": HftFeedback._opened,  # noqa: SLF001 - the class's own table
    "filled": HftFeedback._filled,  # noqa: SLF001
    "canceled": HftFeedback._canceled,  # noqa: SLF001
    "expired": HftFeedback._expired,  # noqa: SLF001
}
