"""The adapter: carries out in Nautilus what the Core decided, and tells strategies what became of the rest."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from nautilus_trader.model.events import OrderDenied, OrderFilled, OrderSubmitted, PositionChanged, PositionClosed, PositionOpened
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.orders import Order

from tc.core.decision import Decision, Outcome
from tc.core.events import DispatchFailed, MarketObserved
from tc.engines.nautilus.answers import UNSENT, Answers
from tc.engines.nautilus.commands import UnsendableError, cancel_for, modify_for, submit_for, submit_one
from tc.engines.nautilus.control_timer import ControlTimer
from tc.engines.nautilus.ledger import Asked, Ledger
from tc.engines.nautilus.observing import MarketView
from tc.engines.nautilus.seams import HasKernel, MakeTimer, Recording
from tc.engines.nautilus.translate import TRANSLATORS
from tc.ports import DispatchError, Stream

_OBSERVED = frozenset({"would_deny", "would_hold", "would_send"})
_OF_A_STRATEGY = frozenset({OrderFilled, PositionOpened, PositionChanged, PositionClosed})
_NOT_SENT = "NautilusTrader did not send it"


class NautilusAdapter:
    """The one that sends, for a gate in front of a Nautilus engine.

    Parameters
    ----------
    engine, stream, recorder
        Where commands go, who decides, and who records.
    ledger
        The strategies' commands that were asked for and not sent yet.
    to_risk, to_exec
        The engines' own handlers behind the gate.
    is_synchronous
        Whether a command has had its effect when a handler returns. So it is in a backtest; a live engine queues commands, and
        one that it drops without a word is only noticed by the acknowledgement's deadline.
    timer
        Makes the one timer.

    """

    def __init__(
        self,
        engine: HasKernel,
        stream: Stream,
        recorder: Recording,
        ledger: Ledger,
        *,
        to_risk: Callable[[Any], None],
        to_exec: Callable[[Any], None],
        is_synchronous: bool,
        timer: MakeTimer = ControlTimer,
    ) -> None:
        kernel = engine.kernel
        self._stream = stream
        self._recorder = recorder
        self._ledger = ledger
        self._to_risk = to_risk
        self._to_exec = to_exec
        self._is_synchronous = is_synchronous
        self._cache = kernel.cache
        self._clock = kernel.clock
        self._trader_id = kernel.trader_id
        self._timer = timer(kernel.clock, self._rang)
        self.answers = Answers(stream, msgbus=kernel.msgbus, cache=kernel.cache, clock=kernel.clock)
        self.passes: set[Any] = set()
        self.market = MarketView(kernel.cache)
        self._is_timer_set = False
        self._dispatched: set[str] = set()
        self._renamed: dict[Any, str] = {}
        self.is_answering = False

    def carry_out(self, decision: Decision) -> None:
        """Send what was sent, in its order; answer what was denied, merged, annihilated or invalidated, each in its place.

        Where the gate only observes, what the Core itself asked for is sent here, whatever was found of it.
        """
        self.is_answering = True
        try:
            self._carry_out(decision)
        finally:
            self.is_answering = False

    def _carry_out(self, decision: Decision) -> None:
        together: frozenset[str] | None = None
        unsent: dict[Outcome, str] = {}
        for each in decision.outcomes:
            if each.result == "sent" or (each.result in _OBSERVED and self._stream.is_own(each.key)):
                if together is None:
                    new = (other.key for other in decision.outcomes if other.result == "sent" and other.kind == "NEW")
                    together = frozenset(new)
                try:
                    self._send(each, together)
                except UnsendableError as error:
                    unsent[each] = str(error)
            else:
                handle = _HANDLERS.get(each.result)
                if handle is not None:
                    handle(self, each)
        self.answers.tell_late()
        if unsent:
            raise DispatchError(tuple(unsent), "; ".join(dict.fromkeys(unsent.values())))

    def set_timer(self, deadline_ns: int) -> None:
        """Call the stream at the deadline, after everything else of that stamp."""
        self._is_timer_set = True
        self._timer.set(deadline_ns)

    def clear_timer(self) -> None:
        """Call nothing any more."""
        self._is_timer_set = False
        self._timer.clear()

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:
        """Return the latest that the engine's cache saw of an instrument's market, or None."""
        return self.market.observed(InstrumentId.from_str(instrument_id), at_ns)

    def recorded(self, event: Any) -> Any:  # noqa: ANN401 - an event of Nautilus's, or ours in its place
        """Return what to record for an event: Nautilus's denial of what was dispatched is a failed dispatch (R60).

        Fills and positions of a Core-native strategy stand under its own name.
        """
        kind = type(event)
        if kind in _OF_A_STRATEGY:
            strategy_id = self._renamed.get(event.strategy_id)
            return event if strategy_id is None else replace(TRANSLATORS[kind](event), strategy_id=strategy_id)
        if kind is OrderSubmitted:
            self._dispatched.discard(event.client_order_id.value)
        elif kind is OrderDenied and event.client_order_id.value in self._dispatched:
            self._dispatched.discard(event.client_order_id.value)
            return DispatchFailed(event.ts_init, event.ts_event, event.client_order_id.value, "NEW", event.reason)
        return event

    def rename(self, strategy_id: Any, name: str) -> None:  # noqa: ANN401 - a Nautilus id
        """Record from now on what belongs to a strategy of Nautilus's as that of a Core-native strategy of this name."""
        self._renamed[strategy_id] = name

    def _rang(self, now_ns: int) -> None:
        """Let the stream realise what is due, unless what waits to be recorded has already settled it."""
        self._recorder.put()
        if self._is_timer_set:
            self._is_timer_set = False
            if self._stream.is_due(now_ns):
                self._recorder.catch_up()  # A ring in vain leaves no trace.
            self._stream.reach(now_ns)

    def _send(self, each: Outcome, together: frozenset[str]) -> None:
        if each.kind == "NEW":
            self._send_new(each.key, together)
            return
        asked = self._ledger.take(each.key, each.kind)
        order = self._cache.order(ClientOrderId(each.key))
        command = None if asked is None else asked.command
        if each.kind == "REPLACE":
            instrument = self._cache.instrument(order.instrument_id)
            self._forward(modify_for(order, each, instrument, command, self._clock.timestamp_ns()), self._to_risk)
        else:
            self._forward(cancel_for(order, command, self._clock.timestamp_ns()), self._to_exec)

    def _send_new(self, key: str, together: frozenset[str]) -> None:
        asked = self._ledger.take(key, "NEW")
        if asked is None:
            self._send_own(key)
            return
        if asked.order is None or key in self._dispatched or asked.order.status not in UNSENT:
            return  # It went with its list.
        orders = [asked.order]
        command = asked.command
        members = getattr(getattr(command, "order_list", None), "orders", orders)
        if all(order.client_order_id.value in together and order.status in UNSENT for order in members):
            orders = members
        else:
            command = submit_one(command, asked.order, self._clock.timestamp_ns())
        self._submit(command, orders, self._to_exec if asked.is_released else self._to_risk)

    def _send_own(self, key: str) -> None:
        terms = self._stream.context.terms(key)
        if terms is None or not self._stream.is_own(key):
            return  # A strategy's order that the strategy itself has ended.
        command, position = submit_for(terms, self._cache, self._trader_id, self._clock.timestamp_ns())
        if position is None:
            self._renamed[command.strategy_id] = terms.strategy_id
        self._cache.add_order(command.order, None if position is None else position.id)
        self._submit(command, [command.order], self._to_risk)

    def _submit(self, command: Any, orders: list[Order], handler: Callable[[Any], None]) -> None:  # noqa: ANN401
        self._dispatched.update(order.client_order_id.value for order in orders)
        self._forward(command, handler)
        if self._is_synchronous:
            for order in orders:
                self.answers.denied(order, _NOT_SENT)

    def _forward(self, command: Any, handler: Callable[[Any], None]) -> None:  # noqa: ANN401
        """Give the command to the engine; where it comes by the gate again, it is known by its id, once."""
        if handler == self._to_risk:
            self.passes.add(command.id)
        handler(command)
        if self._is_synchronous:
            self.passes.discard(command.id)

    def _allowed(self, each: Outcome) -> None:
        self._ledger.allowed(each.key, each.kind)

    def _denied(self, each: Outcome) -> None:
        self._refuse(each, self._ledger.denied(each.key, each.kind))

    def _invalid(self, each: Outcome) -> None:
        asked = self._ledger.take(each.key, each.kind) or self._ledger.denied(each.key, each.kind)
        if each.kind == "NEW" or each.reason != "order_gone":
            self._refuse(each, asked)

    def _superseded(self, each: Outcome) -> None:
        if each.reason == "cancel_beats":
            self._ledger.take(each.key, each.kind)
        elif each.reason == "weaker_newcomer":
            self._refuse(each, self._ledger.take(each.key, each.kind))

    def _annihilated(self, each: Outcome) -> None:
        asked = self._ledger.take(each.key, each.kind)
        if asked is not None and asked.order is not None:
            self.answers.canceled(asked.order)

    def _merged(self, each: Outcome) -> None:
        asked = self._ledger.take(each.key, each.kind)
        if asked is not None:
            self.answers.updated(self._cache.order(ClientOrderId(each.key)), each)

    def _refuse(self, each: Outcome, asked: Asked | None) -> None:
        """Tell the strategy; what the Core itself asked for is nobody's to be told."""
        if asked is None or asked.command is None:
            return
        if asked.order is not None:
            self.answers.denied(asked.order, reason_of(each))
        else:
            self.answers.rejected(each.key, each.kind, reason_of(each))


_HANDLERS: dict[str, Callable[[NautilusAdapter, Outcome], None]] = {
    "allowed": NautilusAdapter._allowed,  # noqa: SLF001 - the class's own table
    "denied": NautilusAdapter._denied,  # noqa: SLF001
    "merged": NautilusAdapter._merged,  # noqa: SLF001
    "superseded": NautilusAdapter._superseded,  # noqa: SLF001
    "annihilated": NautilusAdapter._annihilated,  # noqa: SLF001
    "invalid": NautilusAdapter._invalid,  # noqa: SLF001
}
"""What is done for each result but ``sent``; the others ask for nothing: held commands wait, and what was only observed went."""


def reason_of(each: Outcome) -> str:
    """Return the Core's reason as a strategy is told it, such as ``max_order_notional: 12.5 above 10 (R39)``."""
    detail = f": {each.detail}" if each.detail else ""
    rule = f" ({each.rule})" if each.rule else ""
    return f"{each.reason}{detail}{rule}"
