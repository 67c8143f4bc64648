"""Rules R32, R41, R45, R46, R51, R53 to R55 and R76 to R79 under random commands and feedback, against brute force."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gated import INSTRUMENT, SECOND, GatedStream
from tc.core import INITIAL, State, decode_state, encode_state, state_digest, step_event_entry
from tc.core.control import earliest, next_obligation
from tc.core.decision import Outcome
from tc.core.events import (
    ControlTimeReached,
    DispatchFailed,
    Event,
    KillMode,
    OrderCancelRejected,
    OrderDenied,
    OrderModifyRejected,
    OrderRejected,
)
from tc.core.gate import RateLimit
from tc.core.state import slots
from tc.core.state.exposure import worst_case

TIMEOUT_NS = 3 * SECOND
RATES = st.one_of(st.none(), st.tuples(st.integers(1, 3), st.just(SECOND), st.integers(1, 3)))
QUANTITIES = st.integers(1, 5).map(str)
ENDS = ("sent", "merged", "superseded", "annihilated", "invalid")


class Commands(RuleBasedStateMachine):
    """A strategy, an operator and a venue, each doing anything at any time."""

    @initialize(rate=RATES)
    def begin(self, rate: tuple[int, int, int] | None) -> None:
        self.stream = GatedStream(rate=rate, timing={"acknowledgement_timeout_ns": TIMEOUT_NS})
        self.rate = None if rate is None else RateLimit(*rate)
        self.tokens = Decimal(0 if rate is None else rate[2])
        self.tokens_ns = self.stream.now
        self.keys: list[str] = []
        self.counts: Counter[str] = Counter()

    # What a strategy asks for

    @rule(size=st.integers(1, 3), side=st.sampled_from(["BUY", "SELL"]), quantity=QUANTITIES)
    def ask_for_orders(self, size: int, side: str, quantity: str) -> None:
        size = size if self.rate is None else min(size, self.rate.burst)
        keys = [f"K{len(self.keys) + number}" for number in range(size)]
        self.keys += keys
        before = self.stream.state
        if size == 1:
            outcomes = self.stream.new(keys[0], side, quantity)
        else:
            outcomes = self.stream.group(*keys, quantity=quantity)
            sent = {each.key for each in outcomes if each.result == "sent"}
            assert sent in (set(), set(keys)), "an atomic group goes together"
        self._check(before, outcomes, is_request=True)

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), quantity=st.one_of(st.none(), QUANTITIES), price=st.one_of(st.none(), st.just("90")))
    def ask_for_a_change(self, data: st.DataObject, quantity: str | None, price: str | None) -> None:
        key = data.draw(st.sampled_from(self.keys))
        order = self.stream.context.order(key)
        if quantity is not None and order is not None and order.filled >= Decimal(quantity):
            quantity = None
        before = self.stream.state
        self._check(before, self.stream.replace(key, quantity, price), is_request=True)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def ask_for_cancels(self, data: st.DataObject) -> None:
        keys = data.draw(st.lists(st.sampled_from(self.keys), min_size=1, max_size=3, unique=True))
        before = self.stream.state
        self._check(before, self.stream.cancel(*keys), is_request=True)

    @rule(number=st.integers(0, 99), side=st.sampled_from(["BUY", "SELL"]), is_reducing=st.booleans())
    def ask_with_a_key_of_the_flattens(self, number: int, side: str, is_reducing: bool) -> None:
        key = f"FLATTEN-{number}"
        before = self.stream.state.execution.queue
        outcomes = self.stream.new(key, side, "1", reduce_only=is_reducing, tags=("tc.core",))
        assert [(each.result, each.reason) for each in outcomes] == [("denied", "reserved_key")]
        assert self.stream.state.execution.queue is before, "R44"
        self._emit(OrderDenied(self.stream.now, self.stream.now, key, "reserved_key"))

    # What an operator does, and time

    @rule(mode=st.sampled_from(["none", "none", "none", "reduce", "halt", "halt_all", "flatten"]))
    def set_the_kill_switch(self, mode: KillMode) -> None:
        before = self.stream.state
        self._check(before, self.stream.kill(mode))

    @rule(wait_ns=st.integers(0, 2 * SECOND))
    def wait(self, wait_ns: int) -> None:
        self.stream.now += wait_ns

    @precondition(lambda self: next_obligation(self.stream.state, self.stream.configuration) is not None)
    @rule()
    def realise_what_is_due(self) -> None:
        due = next_obligation(self.stream.state, self.stream.configuration)
        assert due is not None
        self.stream.now = max(self.stream.now, due.deadline_ns)
        self._emit(ControlTimeReached(self.stream.now, due.deadline_ns, due.reason, due.scope))
        after = next_obligation(self.stream.state, self.stream.configuration)
        assert after != due, "one deadline is realised once"

    # What the venue and its adapter do

    @precondition(lambda self: self._flying("NEW"))
    @rule(data=st.data())
    def answer_a_new(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self._flying("NEW")))
        if self.stream.context.order(key) is None:
            if data.draw(st.booleans()):
                self._emit(DispatchFailed(self.stream.now, self.stream.now, key, "NEW", "no line"))
                return
            before = self.stream.state
            self._check(before, self.stream.submitted(key))
        answer = data.draw(st.sampled_from(["accepted", "rejected", "filled", "none"]))
        before = self.stream.state
        if answer == "accepted":
            self._check(before, self.stream.accepted(key))
        elif answer == "rejected":
            self._emit(OrderRejected(self.stream.now, self.stream.now, key, "price"))
        elif answer == "filled":
            self._fill(key, data)

    @precondition(lambda self: self._flying("REPLACE"))
    @rule(data=st.data(), answer=st.sampled_from(["updated", "rejected", "failed"]), quantity=QUANTITIES)
    def answer_a_change(self, data: st.DataObject, answer: str, quantity: str) -> None:
        key = data.draw(st.sampled_from(self._flying("REPLACE")))
        order = self.stream.context.order(key)
        assert order is not None
        now = self.stream.now
        before = self.stream.state
        if answer == "updated":
            self._check(before, self.stream.updated(key, str(max(Decimal(quantity), order.filled + 1))))
        elif answer == "rejected":
            self._emit(OrderModifyRejected(now, now, key, "too late"))
        else:
            self._emit(DispatchFailed(now, now, key, "REPLACE", "no line"))

    @precondition(lambda self: self._flying("CANCEL"))
    @rule(data=st.data(), is_rejected=st.booleans())
    def answer_a_cancel(self, data: st.DataObject, is_rejected: bool) -> None:
        key = data.draw(st.sampled_from(self._flying("CANCEL")))
        before = self.stream.state
        if is_rejected:
            self._emit(OrderCancelRejected(self.stream.now, self.stream.now, key, "too late"))
        else:
            self._check(before, self.stream.canceled(key))

    @precondition(lambda self: self._open())
    @rule(data=st.data(), what=st.sampled_from(["fill", "cancel", "update"]), quantity=QUANTITIES)
    def let_the_venue_act_by_itself(self, data: st.DataObject, what: str, quantity: str) -> None:
        key = data.draw(st.sampled_from(self._open()))
        order = self.stream.context.order(key)
        assert order is not None
        before = self.stream.state
        if what == "fill":
            self._fill(key, data)
        elif what == "cancel":
            self._check(before, self.stream.canceled(key))
        else:
            self._check(before, self.stream.updated(key, str(max(Decimal(quantity), order.filled + 1))))

    # What must hold

    @invariant()
    def R45_R46_one_waits_and_one_flies_under_a_key(self) -> None:
        queue = self.stream.state.execution.queue
        waiting = slots.items(queue.pending)
        assert len(waiting) == queue.size
        lanes: list[list[tuple[int, str]]] = [[], [], []]
        for key, each in waiting:
            assert each.key == key
            if slots.get(queue.in_flight, key) is None:
                lanes[("CANCEL", "REPLACE", "NEW").index(each.kind)].append((each.admission, key))
        assert queue.lanes == tuple(tuple(sorted(lane)) for lane in lanes)
        watched = [(each.sent_ns + TIMEOUT_NS, key) for key, each in slots.items(queue.in_flight) if not each.is_overdue]
        assert queue.watch == tuple(sorted(watched))

    @invariant()
    def R32_every_admitted_command_waits_or_has_one_end(self) -> None:
        assert self.counts["allowed"] == sum(self.counts[each] for each in ENDS) + self.stream.state.execution.queue.size
        assert self.counts["allowed"] == self.stream.state.execution.queue.admissions

    @invariant()
    def R41_exposure_equals_a_recount_and_covers_what_may_still_be_filled(self) -> None:
        execution = self.stream.state.execution
        sums = {"BUY": [Decimal(0), Decimal(0)], "SELL": [Decimal(0), Decimal(0)]}
        covered: defaultdict[str, Decimal] = defaultdict(Decimal)
        for key, order in slots.items(execution.orders.open):
            sums[order.terms.side][0] += order.quantity - order.filled
            covered[key] += order.quantity - order.filled
        context = self.stream.context
        held = [(each.key, each.side, each.reserved) for each in context.pending_commands()]
        held += [(each.key, each.side, each.reserved) for each in context.commands_in_flight()]
        for key, side, reserved in held:
            sums[side][1] += reserved
            covered[key] += reserved
        exposure = self.stream.context.exposure(INSTRUMENT)
        assert [exposure.buy_open, exposure.buy_reserved] == sums["BUY"]
        assert [exposure.sell_open, exposure.sell_reserved] == sums["SELL"]
        assert exposure.position == sum((each.signed_quantity for each in self.stream.context.positions()), Decimal(0))
        assert worst_case(exposure)[0] == exposure.position + sum(sums["BUY"])
        for key, waiting in slots.items(execution.queue.pending):
            order_now = self.stream.context.order(key)
            filled = Decimal(0) if order_now is None else order_now.filled
            if waiting.quantity is not None:
                assert covered[key] >= waiting.quantity - filled

    @invariant()
    def R79_a_rate_deadline_is_set_only_while_something_waits_for_the_rate(self) -> None:
        queue = self.stream.state.execution.queue
        assert bool(queue.rate_deadline_ns) == any(queue.lanes)
        assert self.rate is not None or not any(queue.lanes)

    def teardown(self) -> None:
        """Replay the stream, each entry on a State that was written and read: R55, R24, R89."""
        if not hasattr(self, "stream"):
            return
        state, decisions = INITIAL, []
        for entry in self.stream.entries:
            step = step_event_entry(decode_state(encode_state(state)), entry, configuration=self.stream.configuration)
            state = step.state
            decisions += [] if step.decision is None else [step.decision]
        assert state_digest(state) == state_digest(self.stream.state)
        assert decisions == self.stream.decisions

    def _emit(self, event: Event) -> None:
        before = self.stream.state
        self._check(before, self.stream.emit(event))

    def _fill(self, key: str, data: st.DataObject) -> None:
        order = self.stream.context.order(key)
        assert order is not None
        left = int(order.quantity - order.filled)
        before = self.stream.state
        quantity = str(data.draw(st.integers(1, left)))
        self._check(before, self.stream.filled(key, quantity, trade_id=str(len(self.stream.entries))))

    def _check(self, before: State, outcomes: tuple[Outcome, ...], *, is_request: bool = False) -> None:
        """Check one step, and record for the engine what became of orders that were never sent."""
        event = self.stream.entries[-1].event
        is_released = isinstance(event, ControlTimeReached) and event.reason == "rate_window"
        allowed = {each.key for each in outcomes if each.result == "allowed"}
        for each in outcomes:
            # A change of an order that has ended already was never admitted.
            if each.result != "invalid" or not is_request or each.key in allowed:
                self.counts[each.result] += 1
        self._check_sends(before, [each for each in outcomes if each.result == "sent"], is_released=is_released)
        for each in outcomes:
            if each.kind == "NEW" and each.result in {"denied", "invalid"} and self.stream.context.terms(each.key):
                self._emit(OrderDenied(self.stream.now, self.stream.now, each.key, each.reason))
            elif each.kind == "NEW" and each.result == "annihilated":
                nested = self.stream.state
                self._check(nested, self.stream.canceled(each.key))
            elif each.result == "merged":
                nested = self.stream.state
                price = None if each.price is None else str(each.price)
                self._check(nested, self.stream.updated(each.key, str(each.quantity), price))

    def _check_sends(self, before: State, sent: list[Outcome], *, is_released: bool) -> None:
        queue = self.stream.state.execution.queue
        ranks = [("CANCEL", "REPLACE", "NEW").index(each.kind) for each in sent]
        assert ranks == sorted(ranks), "R54: by kind"
        waited = [slots.get(before.execution.queue.pending, each.key) for each in sent]
        for rank, was in zip(ranks, waited, strict=True):
            for lane in queue.lanes[:rank]:
                assert not lane, "R54: nothing overtakes a kind that stands before it"
            if queue.lanes[rank] and was is not None:
                assert was.admission < queue.lanes[rank][0][0], "R54: nor what was admitted before it"
        if self.rate is None:
            return
        assert not sent or is_released or not before.execution.queue.rate_deadline_ns, "R76"
        now_ns = self.stream.state.stream_time_ns
        earned = Decimal((now_ns - self.tokens_ns) * self.rate.messages) / self.rate.period_ns
        self.tokens, self.tokens_ns = min(Decimal(self.rate.burst), self.tokens + earned), now_ns
        assert self.tokens >= len(sent), "R53: never above the rate"
        self.tokens -= len(sent)
        if is_released and any(queue.lanes):
            assert queue.rate_deadline_ns > now_ns, "R51: the longest prefix that the rate allows"
            assert earliest(queue.arrival, self.rate, self._first_size(), now_ns) == queue.rate_deadline_ns
            assert self.tokens < self._first_size()

    def _first_size(self) -> int:
        queue = self.stream.state.execution.queue
        lane = next(lane for lane in queue.lanes if lane)
        first: Any = slots.get(queue.pending, lane[0][1])
        return max(1, sum(slots.get(queue.pending, key) is not None for key in first.group))

    def _flying(self, kind: str) -> list[str]:
        return [each.key for each in self.stream.context.commands_in_flight() if each.kind == kind]

    def _open(self) -> list[str]:
        return [each.terms.client_order_id for each in self.stream.context.open_orders() if each.status != "SUBMITTED"]


Commands.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestR32R41R45R46R51R53R54R55R76R79 = Commands.TestCase
