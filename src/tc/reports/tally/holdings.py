"""What the fills did to what is held: positions, turnover, profit, and the account as the engine states it."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from tc.core import State
from tc.core.events import AccountUpdated, OrderFilled
from tc.core.state import slots
from tc.core.state.exact import ZERO, add, multiply, negate
from tc.reports.figures import Balance, Fill, OpenPosition, Point, Profit
from tc.reports.tally.equity import ROUNDED, Traded
from tc.reports.thinning import Sampled, Thinning

FILLS_KEPT = 16_384
POINTS_KEPT = 16_384
FILLS_LISTED = 50
NONE_CLOSED = Profit("", 0, 0, 0, ZERO, ZERO, ZERO, ZERO, ZERO)


class HoldingTally:
    """Counts each fill once. Another instrument than the run's own counts one for one: its multiplier is not known."""

    def __init__(self, traded: Traded) -> None:
        self._traded = traded
        self._fills: Thinning[Fill] = Thinning(FILLS_KEPT)
        self._net: dict[str, Decimal] = {}
        self._net_points: dict[str, Thinning[Point]] = {}
        self._turnover: dict[str, Decimal] = {}
        self._profits: dict[str, Profit] = {}
        self._balances: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        self._balance_points: dict[str, Thinning[Point]] = {}
        self._account_types: dict[str, str] = {}
        self.first_fills: list[Fill] = []
        self.last_fills: deque[Fill] = deque(maxlen=FILLS_LISTED)
        self.repeated_fills = 0

    def fill(self, event: OrderFilled, position: int, before: State, after: State) -> bool:
        """Count a fill; False when State did not count it, because it is known already."""
        if after.execution is before.execution:
            self.repeated_fills += 1
            return False
        name = event.instrument_id
        signed = event.quantity if event.side == "BUY" else negate(event.quantity)
        net = self._net[name] = add(self._net.get(name, ZERO), signed)
        self._net_points.setdefault(name, Thinning(POINTS_KEPT)).add(Point(event.at_ns, net))
        self._turnover[event.currency] = add(self._turnover.get(event.currency, ZERO), self._value(event))
        self._keep(_fill(event, position, net))
        self._realize(event, before.execution.holdings.realized, after.execution.holdings.realized)
        return True

    def account(self, event: AccountUpdated) -> None:
        """Take what the engine states of an account."""
        self._account_types[event.account_id] = event.account_type
        for balance in event.balances:
            key = (event.account_id, balance.currency)
            first, _ = self._balances.get(key, (balance.total, balance.total))
            self._balances[key] = (first, balance.total)
            points = self._balance_points.setdefault(balance.currency, Thinning(POINTS_KEPT))
            points.add(Point(event.at_ns, balance.total))

    def fills(self) -> Sampled[Fill]:
        """Return the fills."""
        return self._fills.sampled()

    def net_quantities(self) -> dict[str, Sampled[Point]]:
        """Return the net quantity over time, by instrument."""
        return {name: points.sampled() for name, points in sorted(self._net_points.items())}

    def turnover(self) -> dict[str, Decimal]:
        """Return the value of all fills, by the currency of their prices."""
        return dict(sorted(self._turnover.items()))

    def profits(self) -> dict[str, Profit]:
        """Return what closed positions gained, by instrument."""
        return dict(sorted(self._profits.items()))

    def balance_points(self) -> dict[str, Sampled[Point]]:
        """Return the balances over time as the engine stated them, by currency."""
        return {currency: points.sampled() for currency, points in sorted(self._balance_points.items())}

    def balances(self, quote_total: Decimal) -> tuple[Balance, ...]:
        """Return first and last balances; in the quote currency also what the fills make of the last."""
        found = []
        for (account_id, currency), (first, last) in sorted(self._balances.items()):
            recomputed = quote_total if self._is_comparable(account_id, currency) else None
            found.append(Balance(account_id, currency, first, last, recomputed))
        return tuple(found)

    def _is_comparable(self, account_id: str, currency: str) -> bool:
        """Whether the fills say the balance: a margin account's leaves out what open positions would gain."""
        traded = self._traded
        is_alone = len(self._account_types) == 1 and all(name == traded.id for name in self._net)
        is_settled = self._account_types[account_id] == "CASH" or all(net == ZERO for net in self._net.values())
        return is_alone and is_settled and currency == traded.quote_currency and not traded.is_inverse

    def _value(self, event: OrderFilled) -> Decimal:
        traded = self._traded
        if event.instrument_id != traded.id:
            return multiply(event.quantity, event.price)
        units = multiply(event.quantity, traded.multiplier)
        return units if traded.is_inverse else multiply(units, event.price)

    def _keep(self, fill: Fill) -> None:
        self._fills.add(fill)
        if len(self.first_fills) < FILLS_LISTED:
            self.first_fills.append(fill)
        else:
            self.last_fills.append(fill)

    def _realize(self, event: OrderFilled, before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> None:
        name = event.instrument_id
        is_ours = name == self._traded.id
        if before is after or (is_ours and self._traded.is_inverse):
            return
        gained = add(after[name], negate(before.get(name, ZERO)))
        if is_ours:
            gained = multiply(gained, self._traded.multiplier)
        was = self._profits.get(name, NONE_CLOSED)
        self._profits[name] = Profit(
            currency=event.currency,
            closed=was.closed + 1,
            won=was.won + (gained > ZERO),
            lost=was.lost + (gained < ZERO),
            realized=add(was.realized, gained),
            gross_gain=add(was.gross_gain, max(gained, ZERO)),
            gross_loss=add(was.gross_loss, min(gained, ZERO)),
            largest_win=max(was.largest_win, gained),
            largest_loss=min(was.largest_loss, gained),
        )


def open_positions(state: State) -> tuple[OpenPosition, ...]:
    """Return the positions that are open in a State, by id."""
    found = []
    for position_id, position in slots.items(state.execution.holdings.positions):
        bought, sold = (position.buy_value, position.buy_quantity), (position.sell_value, position.sell_quantity)
        average = ROUNDED.divide(*(bought if position.signed_quantity > ZERO else sold))
        found.append(OpenPosition(position_id, position.instrument_id, position.signed_quantity, average))
    return tuple(found)


def _fill(event: OrderFilled, position: int, net: Decimal) -> Fill:
    return Fill(
        position=position,
        at_ns=event.at_ns,
        client_order_id=event.client_order_id,
        instrument_id=event.instrument_id,
        side=event.side,
        quantity=event.quantity,
        price=event.price,
        commission=event.commission,
        commission_currency=event.commission_currency,
        liquidity=event.liquidity,
        net_quantity=net,
    )
