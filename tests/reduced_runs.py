"""A gated run and its venue, side by side: what is sent arrives later, answers and fills may be lost, others trade as well."""

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as changed
from decimal import Decimal
from functools import partial
from typing import Literal

from hypothesis import strategies as st

from drill_evidence import POSITIONS, venue_order
from gated import INSTRUMENT, SECOND, GatedStream
from tc.checks.invariants.evidence import Evidence
from tc.checks.invariants.venue_log import VenueLog, VenueOrder, VenueRequest, VenueTrade
from tc.core.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
    SubmitRequested,
)
from tc.core.state import slots

MS = 1_000_000
SIDES = ("BUY", "SELL")
OPEN = {"NEW", "PARTIALLY_FILLED"}

type Answer = Literal["accept", "refuse", "lose"]


@dataclass
class ReducedRun:
    """A run whose venue does what it is told to; every call takes a millisecond.

    ``gate`` is the gate's mode; ``wire`` is what was sent and has not arrived, ``updates`` what the venue has not told yet.
    """

    gate: str = "on"
    rate: tuple[int, int, int] | None = None
    wire: list[tuple[str, str, Decimal | None]] = field(default_factory=list)
    updates: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stream = GatedStream(mode=self.gate, rate=self.rate)
        self.orders: dict[str, VenueOrder] = {}
        self.trades: list[VenueTrade] = []
        self.requests: list[VenueRequest] = []
        self._taken_up = 0

    @property
    def evidence(self) -> Evidence:
        """What is left of both."""
        net = sum((each.signed for each in self.trades), Decimal(0))
        venue = VenueLog(
            requests=tuple(self.requests),
            orders=tuple(self.orders.values()),
            trades=tuple(self.trades),
            positions={POSITIONS: net},
        )
        return Evidence(
            entries=self.stream.entries,
            damage="",
            configuration=self.stream.configuration,
            venue=venue,
            foreign=frozenset(self.foreign),
        )

    def ask(self, side: str, quantity: str = "1") -> str:
        """Ask for an order; return its key."""
        key = f"O-{sum(isinstance(each.event, SubmitRequested) for each in self.stream.entries) + 1}"
        self._then(lambda: self.stream.new(key, side, quantity))
        return key

    def change(self, key: str, quantity: str) -> None:
        """Ask for another quantity."""
        self._then(lambda: self.stream.replace(key, quantity))

    def cancel(self, key: str) -> None:
        """Ask for the order's end."""
        self._then(lambda: self.stream.cancel(key))

    def reduce(self) -> None:
        """Set the kill switch."""
        self._then(lambda: self.stream.kill("reduce"))

    def wait(self) -> None:
        """Let the rate's deadline come, should something wait for it."""
        due = self.stream.decisions[-1].obligation if self.stream.decisions else None
        if due is not None:
            self._then(self.stream.reach)

    def arrive(self, answer: Answer = "accept") -> None:
        """Let what was sent first arrive at the venue."""
        self.stream.now += MS
        kind, key, quantity = self.wire.pop(0)
        {"NEW": self._placed, "REPLACE": self._changed, "CANCEL": self._ended}[kind](key, quantity, answer)

    def trade(self, key: str, quantity: str | None = None, *, is_lost: bool = False) -> None:
        """Fill an order at the venue."""
        self.stream.now += MS
        order = self.orders[key]
        part = order.quantity - order.filled if quantity is None else min(Decimal(quantity), order.quantity - order.filled)
        filled = order.filled + part
        self.orders[key] = changed(order, filled=filled, status="FILLED" if filled == order.quantity else "PARTIALLY_FILLED")
        trade = self._traded(key, order.order_id, order.side, part)
        if not is_lost:
            self.updates.append(("trade", partial(self._fill, trade)))

    def others_trade(self, side: str, quantity: str) -> VenueTrade:
        """Let somebody else trade on the account, without a word."""
        self.stream.now += MS
        key = f"web-{len(self.foreign) + 1}"
        self.foreign.add(key)
        return self._traded(key, 500 + len(self.foreign), side, Decimal(quantity))

    def heal(self, trade: VenueTrade) -> None:
        """Let the run take over somebody else's trade."""
        self.stream.now += MS
        self.stream.initialize(trade.client_order_id, trade.side, str(trade.quantity), strategy_id="EXTERNAL")
        self.stream.accepted(trade.client_order_id)
        self._fill(trade)

    def tell(self, *, everything: bool = False) -> None:
        """Tell what the venue has to tell first; or all of it."""
        while self.updates:
            self.stream.now += MS
            self.updates.pop(0)[1]()
            self._take_up()
            if not everything:
                break

    def settle(self) -> None:
        """Let everything arrive, and be told."""
        while self.wire or self.updates:
            if self.wire:
                self.arrive()
            self.tell(everything=True)

    def hold(self, side: str, quantity: str) -> None:
        """Come to a position."""
        key = self.ask(side, quantity)
        self.wait()
        self.settle()
        self.trade(key)
        self.settle()

    def _then(self, ask: Callable[[], object]) -> None:
        self.stream.now += MS
        ask()
        self._take_up()

    def _take_up(self) -> None:
        """Send what the gate has selected; past one that only observes everything goes."""
        outcomes = (each for decision in self.stream.decisions for each in decision.outcomes)
        sent = [each for each in outcomes if each.result in ("sent", "would_send", "would_deny")]
        for each in sent[self._taken_up :]:
            flying = slots.get(self.stream.state.execution.queue.in_flight, each.key)
            self.wire.append((each.kind, each.key, each.quantity if flying is None else flying.quantity))
            if each.kind == "NEW":
                self.stream.submitted(each.key)
        self._taken_up = len(sent)

    def _placed(self, key: str, _quantity: Decimal | None, answer: Answer) -> None:
        terms = self.stream.context.terms(key)
        assert terms is not None
        now = self.stream.now
        if answer != "refuse":
            order = venue_order(key, side=terms.side, quantity=terms.quantity, accepted_ns=now)
            self.orders[key] = order
            self._asked("POST", key)
        said = OrderAccepted(now, now, key, f"V-{key}", "A-1") if answer == "accept" else OrderRejected(now, now, key, "NO")
        self._told(said)

    def _changed(self, key: str, quantity: Decimal | None, answer: Answer) -> None:
        order, now = self.orders[key], self.stream.now
        assert quantity is not None
        if answer == "refuse" or order.status not in OPEN or quantity == order.quantity:
            self._told(OrderModifyRejected(now, now, key, "NO"))
            return
        self._asked("PUT", key)
        if quantity <= order.filled:
            self.orders[key] = changed(order, status="CANCELED")
            self._told(OrderCanceled(now, now, key, f"V-{key}"))
            return
        self.orders[key] = changed(order, quantity=quantity, changes=order.changes + 1)
        self._told(OrderUpdated(now, now, key, quantity))

    def _ended(self, key: str, _quantity: Decimal | None, answer: Answer) -> None:
        order, now = self.orders[key], self.stream.now
        if answer == "refuse" or order.status not in OPEN:
            self._told(OrderCancelRejected(now, now, key, "NO"))
            return
        self.orders[key] = changed(order, status="CANCELED")
        self._told(OrderCanceled(now, now, key, f"V-{key}"))

    def _asked(self, method: str, key: str) -> None:
        self.requests.append(
            VenueRequest(
                time_ns=self.stream.now, method=method, path="/fapi/v1/order", client_order_id=key, status=200, error_code=0
            )
        )

    def _told(self, event: object) -> None:
        self.updates.append(("answer", partial(self.stream.emit, event)))  # type: ignore[arg-type]

    def _traded(self, key: str, order_id: int, side: str, quantity: Decimal) -> VenueTrade:
        trade = VenueTrade(
            trade_id=len(self.trades) + 1,
            order_id=order_id,
            client_order_id=key,
            symbol=POSITIONS,
            side="BUY" if side == "BUY" else "SELL",
            price=Decimal(100),
            quantity=quantity,
            time_ns=self.stream.now,
        )
        self.trades.append(trade)
        return trade

    def _fill(self, trade: VenueTrade) -> None:
        now, key = self.stream.now, trade.client_order_id
        where = (key, str(trade.order_id), "A-1", str(trade.trade_id), "P-1", "S-1", INSTRUMENT)
        money = (trade.price, "USDT", Decimal(0), "USDT", "TAKER")
        self.stream.emit(OrderFilled(now, now, *where, trade.side, trade.quantity, *money))


@st.composite
def reduced_runs(draw: st.DrawFn, *, max_steps: int = 40) -> ReducedRun:
    """Draw a run that is set to ``reduce`` at some moment, whatever its venue does meanwhile."""
    run = ReducedRun(rate=draw(st.sampled_from([None, (1, SECOND // 100, 1)])))
    for _ in range(draw(st.integers(0, 2))):
        run.hold(draw(st.sampled_from(SIDES)), draw(st.sampled_from("357")))
    before = draw(st.integers(0, max_steps // 4))
    unheard: list[VenueTrade] = []
    for step in range(before + draw(st.integers(1, max_steps))):
        if step == before:
            run.reduce()
        _step(draw, run, unheard)
    return run


def _step(draw: st.DrawFn, run: ReducedRun, unheard: list[VenueTrade]) -> None:
    alive = sorted(key for key, order in run.orders.items() if order.status in OPEN)
    moves = ["ask", "ask", "wait", "others"]
    moves += ["arrive"] * 3 * bool(run.wire) + ["tell"] * 3 * bool(run.updates) + ["heal"] * bool(unheard)
    moves += ["trade", "trade", "change", "change", "change", "cancel"] * bool(alive)
    quantity = draw(st.sampled_from("123"))
    match draw(st.sampled_from(moves)):
        case "ask":
            run.ask(draw(st.sampled_from(SIDES)), quantity)
        case "wait":
            run.wait()
        case "arrive":
            # A change whose answer is lost is of no drill: only orders' answers are.
            answers = ["accept", "accept", "refuse", "lose"] if run.wire[0][0] == "NEW" else ["accept", "refuse"]
            run.arrive(draw(st.sampled_from(answers)))
        case "tell":
            run.tell()
        case "trade":
            run.trade(draw(st.sampled_from(alive)), quantity, is_lost=draw(st.integers(0, 3)) == 0)
        case "change":
            run.change(draw(st.sampled_from(alive)), quantity)
        case "cancel":
            run.cancel(draw(st.sampled_from(alive)))
        case "others":
            unheard.append(run.others_trade(draw(st.sampled_from(SIDES)), quantity))
        case _:
            run.heal(unheard.pop())
