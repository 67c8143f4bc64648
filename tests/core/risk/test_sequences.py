"""Any sequence of allowed commands, answers and fills: exposures equal a recount, and neither limit nor reduce-only is broken."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from candidates import INSTRUMENT, gate_with, new, reference_of, replacement, state_with
from tc.core.events import KillMode, OrderInitialized
from tc.core.gate import GateConfiguration
from tc.core.risk import judge
from tc.core.risk.reduction import added
from tc.core.state.exact import ZERO
from tc.core.state.exposure import filled, moved, reserved, worst_case
from tc.core.state.model import NO_EXPOSURE, Exposure, Order, State

QUANTITIES = st.decimals("0.1", 8, places=1)
SIDES = st.sampled_from(("BUY", "SELL"))
WHICH = st.integers(0, 1000)
MAXIMUM = Decimal(10)


@dataclass
class _Live:
    """An order as a venue and the queue hold it: ``asked`` is the total of a REPLACE that was not yet answered."""

    side: str
    is_reduce_only: bool
    total: Decimal
    order: Order | None = None
    asked: Decimal | None = None
    held: Decimal = ZERO

    @property
    def open_quantity(self) -> Decimal:
        return ZERO if self.order is None else self.order.quantity - self.order.filled

    @property
    def filled(self) -> Decimal:
        return ZERO if self.order is None else self.order.filled


class _Trading(RuleBasedStateMachine):
    """Asks for orders at random, and sends, answers and fills what Risk allows; ``exposures`` are kept by increments."""

    gate: GateConfiguration = gate_with()
    kill_switch: KillMode = "none"

    def __init__(self) -> None:
        super().__init__()
        self.exposures: dict[str, Exposure] = {}
        self.live: list[_Live] = []
        self.position = ZERO

    @property
    def held(self) -> Exposure:
        return self.exposures.get(INSTRUMENT, NO_EXPOSURE)

    @property
    def state(self) -> State:
        return state_with(self.exposures, reference_of(), kill_switch=self.kill_switch)

    def ask(self, side: str, quantity: Decimal, *, is_reduce_only: bool) -> None:
        candidate = new(side, str(quantity), reduce_only=is_reduce_only)
        if judge(self.state, candidate, self.gate).reason:
            return
        self.exposures = reserved(self.exposures, INSTRUMENT, side, quantity)
        self.live.append(_Live(side, is_reduce_only, quantity, held=quantity))

    @precondition(lambda self: self.live)
    @rule(which=WHICH)
    def send(self, which: int) -> None:
        live = self.live[which % len(self.live)]
        if live.order is not None:
            return
        terms = OrderInitialized(0, 0, "O", "S-1", INSTRUMENT, live.side, "LIMIT", live.total, "GTC")  # type: ignore[arg-type]
        live.order = Order(terms, "ACCEPTED", live.total, None, None, ZERO, "", None, ())
        self.exposures = moved(self.exposures, None, live.order)
        self._release(live)

    @precondition(lambda self: self.live)
    @rule(which=WHICH, quantity=QUANTITIES, price=st.sampled_from((None, "101")))
    def change(self, which: int, quantity: Decimal, price: str | None) -> None:
        live = self.live[which % len(self.live)]
        if live.asked is not None:
            return
        counted = live.open_quantity + live.held
        candidate = replacement(
            str(quantity),
            price,
            side=live.side,
            reduce_only=live.is_reduce_only,
            counted=counted,
            wanted=quantity - live.filled,
        )
        if judge(self.state, candidate, self.gate).reason:
            return
        if live.order is None:
            self.exposures = reserved(self.exposures, INSTRUMENT, live.side, quantity - live.held)
            live.total = live.held = quantity
            return
        live.asked, live.held = quantity, added(candidate)
        self.exposures = reserved(self.exposures, INSTRUMENT, live.side, live.held)

    @precondition(lambda self: self.live)
    @rule(which=WHICH, is_accepted=st.booleans())
    def answer(self, which: int, is_accepted: bool) -> None:
        live = self.live[which % len(self.live)]
        if live.order is None or live.asked is None:
            return
        if is_accepted and live.asked > live.filled:
            self._move(live, replace(live.order, quantity=live.asked))
        live.asked = None
        self._release(live)

    @precondition(lambda self: self.live)
    @rule(which=WHICH, quantity=QUANTITIES)
    def fill(self, which: int, quantity: Decimal) -> None:
        live = self.live[which % len(self.live)]
        if live.order is None:
            return
        some = min(quantity, live.open_quantity)
        before = self.position
        self.position += some if live.side == "BUY" else -some
        self._move(live, replace(live.order, filled=live.filled + some))
        self.exposures = filled(self.exposures, INSTRUMENT, live.side, some)
        self.after_fill(live, before)
        if not live.open_quantity:
            self._end(live)

    @precondition(lambda self: self.live)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        live = self.live[which % len(self.live)]
        if live.order is not None:
            self._move(live, replace(live.order, status="CANCELED"))
        self._end(live)

    def after_fill(self, live: _Live, before: Decimal) -> None:
        """Check what a fill did."""

    @invariant()
    def increments_equal_a_recount(self) -> None:
        for side, is_open, is_held in (
            ("BUY", self.held.buy_open, self.held.buy_reserved),
            ("SELL", self.held.sell_open, self.held.sell_reserved),
        ):
            assert is_open == sum((live.open_quantity for live in self.live if live.side == side), ZERO)
            assert is_held == sum((live.held for live in self.live if live.side == side), ZERO)
        assert self.held.position == self.position

    def _move(self, live: _Live, order: Order) -> None:
        self.exposures = moved(self.exposures, live.order, order)
        live.order = order

    def _release(self, live: _Live) -> None:
        self.exposures = reserved(self.exposures, INSTRUMENT, live.side, -live.held)
        live.held = ZERO

    def _end(self, live: _Live) -> None:
        self._release(live)
        self.live.remove(live)


class _Limited(_Trading):
    gate = gate_with(max_position=str(MAXIMUM), max_gross_exposure="900")

    @rule(side=SIDES, quantity=QUANTITIES, is_reduce_only=st.booleans())
    def submit(self, side: str, quantity: Decimal, is_reduce_only: bool) -> None:
        self.ask(side, quantity, is_reduce_only=is_reduce_only)

    @invariant()
    def worst_case_is_within_the_limits(self) -> None:
        longest, shortest = worst_case(self.held)
        assert -MAXIMUM <= shortest <= self.position <= longest <= MAXIMUM
        assert max(longest, -shortest) * 100 <= 900


class _Reducing(_Trading):
    """Starts from a position; whatever is allowed may only shrink it, though the venue knows of no reduce-only."""

    def start(self, position: Decimal) -> None:
        self.position = position
        self.exposures = filled({}, INSTRUMENT, "BUY", position)

    def after_fill(self, live: _Live, before: Decimal) -> None:
        assert before * self.position >= 0
        assert abs(self.position) <= abs(before)


class _ReduceOnly(_Reducing):
    @initialize(position=st.decimals(-12, 12, places=1))
    def begin(self, position: Decimal) -> None:
        self.start(position)

    @rule(side=SIDES, quantity=QUANTITIES)
    def submit(self, side: str, quantity: Decimal) -> None:
        self.ask(side, quantity, is_reduce_only=True)


class _KillSwitchReduce(_Reducing):
    kill_switch: KillMode = "reduce"

    @initialize(position=st.decimals(-12, 12, places=1))
    def begin(self, position: Decimal) -> None:
        self.start(position)

    @rule(side=SIDES, quantity=QUANTITIES, is_reduce_only=st.booleans())
    def submit(self, side: str, quantity: Decimal, is_reduce_only: bool) -> None:
        self.ask(side, quantity, is_reduce_only=is_reduce_only)


class _ReduceOnlyAmongOthers(_Trading):
    """A long position that plain orders build up while reduce-only orders take it down."""

    @initialize(position=st.decimals(0, 12, places=1))
    def begin(self, position: Decimal) -> None:
        self.position = position
        self.exposures = filled({}, INSTRUMENT, "BUY", position)

    @rule(quantity=QUANTITIES)
    def build(self, quantity: Decimal) -> None:
        self.ask("BUY", quantity, is_reduce_only=False)

    @rule(quantity=QUANTITIES)
    def submit(self, quantity: Decimal) -> None:
        self.ask("SELL", quantity, is_reduce_only=True)

    @invariant()
    def never_short(self) -> None:
        assert self.position >= 0


_FEWER = settings(max_examples=60, stateful_step_count=40)


def test_R41_the_worst_case_is_never_above_the_limit() -> None:
    run_state_machine_as_test(_Limited, settings=_FEWER)


def test_R42_what_reduce_lets_through_only_shrinks_the_position() -> None:
    run_state_machine_as_test(_KillSwitchReduce, settings=_FEWER)


def test_reduce_only_orders_neither_open_nor_flip_in_any_sequence() -> None:
    run_state_machine_as_test(_ReduceOnly, settings=_FEWER)


def test_reduce_only_orders_never_flip_a_position_that_others_build_up() -> None:
    run_state_machine_as_test(_ReduceOnlyAmongOthers, settings=_FEWER)
