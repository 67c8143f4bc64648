"""The running figures of a whole journal: what each entry adds, in memory that does not grow with their number."""

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, State, last_position, step_event_entry
from tc.core.events import AccountUpdated, MarketDataRows, MarketObserved, OrderFilled
from tc.core.state.anomalies import is_without_effect
from tc.errors import InvariantViolation
from tc.reports.candles import Candles
from tc.reports.figures import Oddity, RunSummary
from tc.reports.gate import GateTally
from tc.reports.tally.equity import EquityCurve, Traded
from tc.reports.tally.holdings import HoldingTally, open_positions
from tc.reports.tally.orders import OrderTally, open_orders
from tc.reports.tally.safety import SafetyTally

RULE_BROKEN = "rule_broken"


class JournalTally:
    """Takes a journal's entries one by one; `summary` says what they add up to so far.

    ``dataset`` is the fingerprint of the data that was played: observations that stand for its rows do not name it.
    """

    def __init__(self, configuration: CoreConfiguration, traded: Traded, candles: Candles | None, *, dataset: str) -> None:
        self._configuration = configuration
        self._state = INITIAL
        self._dataset = dataset
        self._broken: Oddity | None = None
        self._entries = 0
        self._positions = 0
        self._rows: dict[str, int] = {}
        self._first_ns: int | None = None
        self._last_ns = 0
        self._events: dict[type, int] = {}
        self._orders = OrderTally()
        self._holdings = HoldingTally(traded)
        self._equity = EquityCurve(traded, candles)
        self._gate = None if configuration.gate is None else GateTally(configuration.gate.mode)
        self._safety = SafetyTally(traded, configuration.gate)

    def take(self, entry: EventStreamEntry) -> None:
        """Take the journal's next entry."""
        self._count(entry)
        if self._broken is not None:
            return
        try:
            self._fold(entry)
        except InvariantViolation as error:
            self._broken = Oddity(RULE_BROKEN, 1, entry.position, error.message)
        except ArithmeticError:
            self._broken = Oddity(RULE_BROKEN, 1, entry.position, "an amount is beyond exact arithmetic")

    def _fold(self, entry: EventStreamEntry) -> None:
        event, before = entry.event, self._state
        self._equity.advance(event.at_ns)
        after, decision = step_event_entry(before, entry, configuration=self._configuration)
        self._state = after
        if self._gate is not None and decision is not None:
            self._gate.take(decision)
        self._safety.take(event, before, after)
        kind = type(event)
        if kind in self._orders.handlers and not is_without_effect(event, before.execution, after.execution):
            self._orders.handlers[kind](event, entry.position, before, after)
        if isinstance(event, OrderFilled):
            if self._holdings.fill(event, entry.position, before, after):
                self._equity.fill(event)
        elif isinstance(event, AccountUpdated):
            self._holdings.account(event)
            self._equity.account(event)

    def summary(self) -> RunSummary:
        """Return the figures of all entries taken."""
        state = self._state
        equity = self._equity.finish(self._last_ns)
        return RunSummary(
            status=state.control.run,
            configuration=state.configuration,
            entries=self._entries,
            positions=self._positions,
            rows=sum(self._rows.values()),
            rows_by_dataset=dict(sorted(self._rows.items())),
            first_ns=self._first_ns,
            last_ns=None if self._first_ns is None else self._last_ns,
            events={kind.__name__: count for kind, count in sorted(self._events.items(), key=_by_name)},
            outcomes=self._orders.outcomes(state),
            refusals=self._orders.refusals(),
            fills=self._holdings.fills(),
            first_fills=tuple(self._holdings.first_fills),
            last_fills=tuple(self._holdings.last_fills),
            compat_fills=state.execution.holdings.compat_fills,
            repeated_fills=self._holdings.repeated_fills,
            order_marks=self._orders.marks(),
            net_quantities=self._holdings.net_quantities(),
            turnover=self._holdings.turnover(),
            commissions=dict(sorted(state.execution.holdings.commissions.items())),
            profits=self._holdings.profits(),
            equity=None if isinstance(equity, str) else equity,
            no_equity=equity if isinstance(equity, str) else "",
            balances=self._holdings.balances(self._equity.quote_total),
            balance_points=self._holdings.balance_points(),
            open_positions=open_positions(state),
            oddities=(*_oddities(state), *(() if self._broken is None else (self._broken,))),
            gate=None if self._gate is None else self._gate.summary(),
            safety=self._safety.summary(state),
            open_orders=open_orders(state),
        )

    def _count(self, entry: EventStreamEntry) -> None:
        event = entry.event
        kind = type(event)
        self._entries += 1
        self._positions = last_position(entry)
        self._events[kind] = self._events.get(kind, 0) + 1
        if self._first_ns is None:
            self._first_ns = event.at_ns
            self._equity.begin(event.at_ns)
        self._last_ns = max(self._last_ns, event.at_ns)
        if isinstance(event, MarketDataRows):
            rows = event.last_row - event.first_row + 1
            self._rows[event.dataset] = self._rows.get(event.dataset, 0) + rows
        elif isinstance(event, MarketObserved) and event.row is not None:
            self._rows[self._dataset] = self._rows.get(self._dataset, 0) + 1


def _by_name(item: tuple[type, int]) -> str:
    return item[0].__name__


def _oddities(state: State) -> list[Oddity]:
    found = []
    for code, count in sorted(state.execution.anomaly_counts.items()):
        first = next((anomaly for anomaly in state.execution.anomalies if anomaly.code == code), None)
        found.append(Oddity(code, count, *((0, "") if first is None else (first.position, first.subject))))
    return found
