"""What kept the run safe, and by how much: the kill switch, orders sent in spite of it, exposures, and what is used of limits."""

from decimal import Decimal

from tc.checks.after_halt import AfterHalt
from tc.core import State
from tc.core.events import Event, KillSwitchAdvanced, OrderFilled
from tc.core.gate import GateConfiguration
from tc.core.state import slots
from tc.core.state.exact import ZERO, add, multiply
from tc.core.state.exposure import worst_case
from tc.core.state.market import price_of
from tc.reports.figures import Exposed, LimitUse, Safety
from tc.reports.tally.equity import Traded

_DAY_NS = 86_400 * 1_000_000_000


class SafetyTally:
    """Watches an on-going fold. Only a gate that is on holds orders back: without one, none counts as sent after a halt."""

    def __init__(self, traded: Traded, gate: GateConfiguration | None) -> None:
        self._traded = traded
        self._gate = gate
        self._is_watching = gate is not None and gate.mode == "on"
        self._after_halt = AfterHalt()
        self._steps: dict[str, int] = {}
        self._fill_prices: dict[str, Decimal] = {}

    def take(self, event: Event, before: State, after: State) -> None:
        """Take an entry's event, and State before and after it."""
        if self._is_watching:
            self._after_halt.take(event, before, after)
        match event:
            case OrderFilled():
                self._fill_prices[event.instrument_id] = event.price
            case KillSwitchAdvanced():
                if event.step == "blocked":  # the first step of a kill
                    self._steps.clear()
                self._steps[event.step] = event.latency_ns
            case _:
                pass

    def summary(self, state: State) -> Safety:
        """Return what was found, with exposures and limits as of a State."""
        return Safety(
            kill_switch=state.control.safeguards.kill_switch,
            kill_steps=dict(self._steps),
            submits_after_halt=len(self._after_halt.sent),
            exposures=self._exposures(state),
            limits=() if self._gate is None else tuple(self._limits(state, self._gate)),
        )

    def _exposures(self, state: State) -> tuple[Exposed, ...]:
        held: dict[str, Decimal] = {}
        for _, position in slots.items(state.execution.holdings.positions):
            held[position.instrument_id] = add(held.get(position.instrument_id, ZERO), position.signed_quantity)
        for name in state.execution.holdings.realized:
            held.setdefault(name, ZERO)
        return tuple(
            Exposed(name, held[name], self._value(state, name, held[name]), self._currency(name)) for name in sorted(held)
        )

    def _currency(self, instrument_id: str) -> str:
        return self._traded.quote_currency if instrument_id == self._traded.id else ""

    def _value(self, state: State, instrument_id: str, quantity: Decimal) -> Decimal | None:
        """Return the value of a quantity at the last price seen, else that of the last fill, without its sign."""
        if quantity == ZERO:
            return ZERO
        if instrument_id != self._traded.id:
            return None
        units = multiply(quantity.copy_abs(), self._traded.multiplier)
        if self._traded.is_inverse:
            return units
        reference = state.market.references.get(instrument_id)
        seen = None if reference is None else price_of(reference)
        price = self._fill_prices.get(instrument_id) if seen is None else seen
        return None if price is None else multiply(units, price)

    def _limits(self, state: State, gate: GateConfiguration) -> list[LimitUse]:
        """Return the limits that are set; of those that grow with what is held, what of them is used in the worst case."""
        limits = gate.limits
        sizes = {name: max(map(Decimal.copy_abs, worst_case(held))) for name, held in state.execution.exposures.items()}
        values = [self._value(state, name, size) for name, size in sizes.items()]
        known = [value for value in values if value is not None]
        safeguards, today = state.control.safeguards, state.stream_time_ns // _DAY_NS
        messages = Decimal(safeguards.messages if safeguards.message_day == today else 0)
        uses = (
            LimitUse("max_position", limits.max_position, max(sizes.values(), default=ZERO)),
            LimitUse("max_gross_exposure", limits.max_gross_exposure, _sum(known) if len(known) == len(values) else None),
            LimitUse(
                "max_daily_messages", None if limits.max_daily_messages is None else Decimal(limits.max_daily_messages), messages
            ),
            LimitUse("max_order_quantity", limits.max_order_quantity, None),
            LimitUse("max_order_notional", limits.max_order_notional, None),
            LimitUse("price_collar", limits.price_collar, None),
        )
        return [each for each in uses if each.value is not None]


def _sum(values: list[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = add(total, value)
    return total
