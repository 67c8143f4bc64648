"""Tests that no way to the venue goes round the gate: every endpoint of the message bus, every command, every method."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.examples.algorithms.twap import TWAPExecAlgorithm
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderStatus, TriggerType
from nautilus_trader.model.events import OrderAccepted, OrderEmulated, OrderReleased, OrderSubmitted
from nautilus_trader.model.identifiers import AccountId, ClientId, ExecAlgorithmId, StrategyId, VenueOrderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from streams import START_NS
from tc.core import INITIAL, CoreConfiguration, ProcessingContext
from tc.core.decision import Decision, outcome
from tc.core.events import CancelRequested, DispatchFailed, Event, ModifyRequested, OrderModifyRejected, SubmitRequested
from tc.engines.nautilus.adapter import NautilusAdapter
from tc.engines.nautilus.gate import Gate, Mode
from tc.engines.nautilus.instruments import nautilus_instrument
from tc.engines.nautilus.recorder import Recorder
from tc.engines.nautilus.strategy_overrides import override
from tc.errors import EngineError
from tc.ports import ExecutionAdapter
from tc.spec.library import load_instrument
from tc.spec.run_spec import FeesSpec

INSTRUMENT = nautilus_instrument(load_instrument("BTCUSDT-PERP.BINANCE", search=()), FeesSpec(maker="0", taker="0"))
ALGORITHM = ExecAlgorithmId("TWAP")
TAKING = {"RiskEngine.execute", "ExecEngine.execute", "OrderEmulator.execute", f"{ALGORITHM}.execute"}
REQUESTS = (SubmitRequested, ModifyRequested, CancelRequested)


class Subject(Strategy):  # type: ignore[misc]  # Nautilus has no types
    """A strategy that does nothing by itself."""


class Wire(ExecutionClient):  # type: ignore[misc]  # Nautilus has no types
    """The way to a venue: keeps what reaches it."""

    def __init__(self, engine: BacktestEngine) -> None:
        kernel = engine.kernel
        super().__init__(
            client_id=ClientId("WIRE"),
            venue=INSTRUMENT.id.venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            msgbus=kernel.msgbus,
            cache=kernel.cache,
            clock=kernel.clock,
        )
        self.reached: list[Any] = []

    def submit_order(self, command: Any) -> None:
        self.reached.append(command)

    submit_order_list = modify_order = cancel_order = cancel_all_orders = batch_cancel_orders = query_order = submit_order


class Silent:
    """A stream that takes requests and never decides."""

    def __init__(self) -> None:
        self.taken: list[Event] = []
        self.adapter: ExecutionAdapter | None = None
        self.is_waiting = True
        self.context = ProcessingContext(INITIAL, CoreConfiguration(b"", "", 16))

    def emit(self, event: Event) -> None:
        """Keep the event."""
        self.taken.append(event)

    def attach(self, adapter: ExecutionAdapter) -> None:
        """Keep the adapter."""
        self.adapter = adapter

    def reach(self, now_ns: int) -> None:
        """Do nothing."""

    def requests(self) -> list[Any]:
        """Return the requests taken."""
        return [event for event in self.taken if type(event) in REQUESTS]


class Bench:
    """An engine with a strategy, an execution algorithm, a wire instead of a venue, and a gate or none."""

    def __init__(self, mode: Mode | None) -> None:
        self.engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        self.kernel = self.engine.kernel
        self.kernel.cache.add_instrument(INSTRUMENT)
        self.kernel.clock.set_time(START_NS)
        self.strategy = Subject()
        self.engine.add_strategy(self.strategy)
        algorithm = TWAPExecAlgorithm()
        self.engine.add_exec_algorithm(algorithm)
        algorithm.start()
        self.kernel.emulator.start()
        sizes = Quantity.from_str("0.010"), Quantity.from_str("0.020")
        quote = QuoteTick(INSTRUMENT.id, Price.from_str("40000.0"), Price.from_str("40001.0"), *sizes, START_NS - 1, START_NS)
        self.kernel.cache.add_quote_tick(quote)
        self.wire = Wire(self.engine)
        self.kernel.exec_engine.register_client(self.wire)
        self.stream = Silent()
        self.recorder = Recorder(self.engine, self.stream.emit, dataset="d" * 64, first_row=0, batch=1)
        self.recorder.attach()
        self.gate = None if mode is None else Gate(self.engine, self.recorder, self.stream, mode=mode)
        if self.gate is not None:
            self.gate.attach()

    def order(self, **more: Any) -> Any:
        """Return a new order, in the cache, as a strategy leaves it before its command."""
        order = self.strategy.order_factory.limit(
            INSTRUMENT.id, OrderSide.BUY, Quantity.from_str("0.010"), Price.from_str("50000.0"), **more
        )
        self.kernel.cache.add_order(order)
        return order

    def sliced(self) -> Any:
        """Return a new order for the execution algorithm, in the cache."""
        order = self.strategy.order_factory.market(
            INSTRUMENT.id,
            OrderSide.BUY,
            Quantity.from_str("0.010"),
            exec_algorithm_id=ALGORITHM,
            exec_algorithm_params={"horizon_secs": 20, "interval_secs": 10},
        )
        self.kernel.cache.add_order(order)
        return order

    def accepted(self) -> Any:
        """Return an order that is open at the venue."""
        order = self.order()
        ids = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        account, stamps = AccountId("WIRE-1"), (START_NS, START_NS)
        order.apply(OrderSubmitted(*ids, account, UUID4(), *stamps))
        order.apply(OrderAccepted(*ids, VenueOrderId(f"V-{order.client_order_id}"), account, UUID4(), *stamps))
        self.kernel.cache.update_order(order)
        return order

    def common(self) -> dict[str, Any]:
        """Return what all commands have."""
        return {
            "trader_id": self.kernel.trader_id,
            "strategy_id": self.strategy.id,
            "command_id": UUID4(),
            "ts_init": START_NS,
        }

    def close(self) -> None:
        """Dispose of the engine."""
        self.engine.dispose()


def submit(bench: Bench, **more: Any) -> Any:
    """Return the command of one new order."""
    return SubmitOrder(order=bench.order(**more), **bench.common())


def submit_list(bench: Bench) -> Any:
    """Return the command of a new list."""
    orders = [bench.strategy.order_factory.limit(INSTRUMENT.id, OrderSide.BUY, Quantity.from_str("0.010"), Price.from_str(text))
              for text in ("50000.0", "50001.0")]  # fmt: skip
    return SubmitOrderList(order_list=bench.strategy.order_factory.create_list(orders), **bench.common())


def of_order(kind: type, bench: Bench, **more: Any) -> Any:
    """Return a command about an order that is open."""
    order = bench.accepted()
    return kind(
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        **more,
        **bench.common(),
    )


def cancel_all(bench: Bench) -> Any:
    """Return the command that cancels all."""
    bench.accepted()
    return CancelAllOrders(instrument_id=INSTRUMENT.id, order_side=OrderSide.NO_ORDER_SIDE, **bench.common())


def batch(bench: Bench) -> Any:
    """Return the command that cancels a batch."""
    return BatchCancelOrders(instrument_id=INSTRUMENT.id, cancels=[of_order(CancelOrder, bench)], **bench.common())


COMMANDS: dict[str, Callable[[Bench], Any]] = {
    "submit": submit,
    "submit emulated": lambda bench: submit(bench, emulation_trigger=TriggerType.BID_ASK),
    "submit by algorithm": lambda bench: SubmitOrder(order=bench.sliced(), **bench.common()),
    "submit list": submit_list,
    "modify": lambda bench: of_order(ModifyOrder, bench, price=Price.from_str("50001.0"), quantity=None, trigger_price=None),
    "cancel": lambda bench: of_order(CancelOrder, bench),
    "cancel all": cancel_all,
    "cancel batch": batch,
}


@contextmanager
def bench_of(mode: Mode | None) -> Iterator[Bench]:
    """Give a bench, and close it."""
    bench = Bench(mode)
    try:
        yield bench
    finally:
        bench.close()


def endpoints() -> list[str]:
    """Return every endpoint that an engine registers."""
    with bench_of(None) as bench:
        return sorted(bench.kernel.msgbus.endpoints())


def reached(mode: Mode | None, endpoint: str, command: str) -> int:
    """Return how many commands reach the venue when one is sent to an endpoint, whether that takes such a command or not."""
    with bench_of(mode) as bench:
        message = COMMANDS[command](bench)
        with suppress(Exception):
            bench.kernel.msgbus.send(endpoint=endpoint, msg=message)
        return len(bench.wire.reached)


def test_R35_no_endpoint_takes_a_command_to_the_venue_past_the_gate() -> None:
    ways = {(endpoint, name) for endpoint in endpoints() for name in COMMANDS}
    open_ways = {way for way in ways if reached(None, *way)}
    assert {endpoint for endpoint, _ in open_ways} == TAKING
    assert {name for _, name in open_ways} == set(COMMANDS), "each command reaches the venue by some way when there is no gate"
    assert {way for way in ways if reached("on", *way)} == set()


def test_with_observe_every_way_stays_open() -> None:
    ways = {(endpoint, name) for endpoint in endpoints() for name in COMMANDS}
    assert {way: reached("observe", *way) for way in ways} == {way: reached(None, *way) for way in ways}


def test_R35_no_method_of_a_strategy_reaches_the_venue_past_the_gate() -> None:
    with bench_of("on") as bench:
        strategy = bench.strategy
        factory = strategy.order_factory
        terms = (INSTRUMENT.id, OrderSide.BUY, Quantity.from_str("0.010"))
        strategy.submit_order(factory.market(*terms))
        strategy.submit_order(factory.limit(*terms, Price.from_str("50000.0"), emulation_trigger=TriggerType.BID_ASK))
        strategy.submit_order(factory.market(*terms, exec_algorithm_id=ALGORITHM))
        strategy.submit_order_list(factory.create_list([factory.market(*terms), factory.market(*terms)]))
        strategy.submit_order_list(
            factory.bracket(*terms, sl_trigger_price=Price.from_str("40000.0"), tp_price=Price.from_str("60000.0"))
        )
        strategy.modify_order(bench.accepted(), price=Price.from_str("50001.0"))
        strategy.cancel_order(bench.accepted())
        strategy.cancel_orders([bench.accepted()])
        bench.accepted()
        strategy.cancel_all_orders(INSTRUMENT.id)
        assert bench.wire.reached == []
        assert [type(event) for event in bench.stream.requests()] == [
            *[SubmitRequested] * 5,
            ModifyRequested,
            *[CancelRequested] * 6,  # by cancelling all: what was never sent, the algorithm's orders, the emulator's, the rest
        ]


def test_every_endpoint_that_an_execution_algorithm_or_engine_has_is_known() -> None:
    known = {
        *(f"Portfolio.update_{what}" for what in ("account", "order", "position")),
        *(f"DataEngine.{what}" for what in ("execute", "process", "request", "response", "process_historical")),
        "RiskEngine.process",
        "ExecEngine.process",
        "BacktestEngine.execute",
    }
    assert set(endpoints()) == known | TAKING


def test_an_order_that_the_emulator_releases_is_put_to_the_core_and_goes_when_it_says_so() -> None:
    with bench_of("on") as bench:
        command = submit(bench, emulation_trigger=TriggerType.BID_ASK)
        order = command.order
        ids = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        order.apply(OrderEmulated(*ids, UUID4(), START_NS))
        order.apply(OrderReleased(*ids, Price.from_str("50000.0"), UUID4(), START_NS))
        bench.kernel.msgbus.send(endpoint="ExecEngine.execute", msg=command)
        assert bench.wire.reached == []
        key = order.client_order_id.value
        assert [event.client_order_ids for event in bench.stream.requests()] == [(key,)]
        adapter = bench.stream.adapter
        assert adapter is not None
        adapter.carry_out(Decision(2, START_NS, (outcome(key, "NEW", "allowed"), outcome(key, "NEW", "sent"))))
        assert bench.wire.reached == [command]


def test_an_order_that_the_emulator_released_can_be_denied() -> None:
    with bench_of("on") as bench:
        command = submit(bench, emulation_trigger=TriggerType.BID_ASK)
        order = command.order
        ids = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        order.apply(OrderReleased(*ids, Price.from_str("50000.0"), UUID4(), START_NS))
        bench.kernel.msgbus.send(endpoint="ExecEngine.execute", msg=command)
        assert bench.gate is not None
        bench.gate.adapter.carry_out(
            Decision(2, START_NS, (outcome(order.client_order_id.value, "NEW", "denied", "risk_error"),))
        )
        assert order.status == OrderStatus.DENIED


def test_a_command_that_was_sent_is_known_by_its_id_once() -> None:
    with bench_of("on") as bench:
        command = submit(bench)
        key = command.order.client_order_id.value
        bench.kernel.msgbus.send(endpoint="RiskEngine.execute", msg=command)
        assert bench.gate is not None
        bench.gate.adapter.carry_out(Decision(2, START_NS, (outcome(key, "NEW", "allowed"), outcome(key, "NEW", "sent"))))
        assert bench.wire.reached == [command]
        bench.kernel.msgbus.send(endpoint="ExecEngine.execute", msg=command)
        assert bench.wire.reached == [command]
        assert len(bench.stream.requests()) == 2


def asks(bench: Bench, endpoint: str, command: Any) -> NautilusAdapter:
    """Send a command, and return the adapter that is to carry out what is decided about it."""
    bench.kernel.msgbus.send(endpoint=endpoint, msg=command)
    assert bench.gate is not None
    return bench.gate.adapter


def test_R60_an_order_that_nautilus_drops_without_a_word_is_a_failed_dispatch() -> None:
    with bench_of("on") as bench:
        command = submit(bench)
        key = command.order.client_order_id.value
        adapter = asks(bench, "RiskEngine.execute", command)
        adapter.carry_out(Decision(2, START_NS, (outcome(key, "NEW", "allowed"), outcome(key, "NEW", "sent"))))
        assert command.order.status == OrderStatus.DENIED, "the wire does not even say that it was submitted"
        failed = [event for event in bench.stream.taken if type(event) is DispatchFailed]
        assert [(event.client_order_id, event.kind) for event in failed] == [(key, "NEW")]


def test_a_change_that_comes_too_late_is_rejected_and_the_order_stays_as_it_is() -> None:
    with bench_of("on") as bench:
        command = COMMANDS["modify"](bench)
        key = command.client_order_id.value
        adapter = asks(bench, "RiskEngine.execute", command)
        too_weak = outcome(key, "REPLACE", "superseded", "weaker_newcomer")
        adapter.carry_out(Decision(2, START_NS, (outcome(key, "REPLACE", "allowed"), too_weak)))
        rejected = [event for event in bench.stream.taken if type(event) is OrderModifyRejected]
        assert [event.reason for event in rejected] == ["weaker_newcomer (R47)"]


def test_what_came_after_an_orders_end_is_nobodys_to_be_told() -> None:
    with bench_of("on") as bench:
        command = COMMANDS["cancel"](bench)
        key = command.client_order_id.value
        adapter = asks(bench, "ExecEngine.execute", command)
        before = len(bench.stream.taken)
        adapter.carry_out(Decision(2, START_NS, (outcome(key, "CANCEL", "invalid", "order_gone"),)))
        assert len(bench.stream.taken) == before
        assert bench.wire.reached == []


def test_an_order_that_nobody_asked_for_is_not_made_up() -> None:
    with bench_of("on") as bench:
        assert bench.gate is not None
        bench.gate.adapter.carry_out(Decision(2, START_NS, (outcome("unknown", "NEW", "sent"),)))
        assert bench.wire.reached == []


@pytest.mark.parametrize(("mode", "asked"), [("on", 2), ("observe", 0)])
def test_R35_an_algorithm_that_is_not_there_has_its_commands_judged(mode: Mode, asked: int) -> None:
    with bench_of(mode) as bench:
        factory, missing = bench.strategy.order_factory, ExecAlgorithmId("MISSING")
        terms = (INSTRUMENT.id, OrderSide.BUY, Quantity.from_str("0.010"))
        before = set(bench.kernel.msgbus.endpoints())
        bench.strategy.submit_order(factory.market(*terms, exec_algorithm_id=missing))
        bench.strategy.submit_order_list(factory.create_list([factory.market(*terms, exec_algorithm_id=missing)]))
        assert len(bench.stream.requests()) == asked
        assert set(bench.kernel.msgbus.endpoints()) - before == ({f"{missing}.execute"} if asked else set())
        assert bench.wire.reached == []
        assert bench.gate is not None
        bench.gate.detach()
        assert set(bench.kernel.msgbus.endpoints()) == before


def test_a_query_passes() -> None:
    with bench_of("on") as bench:
        bench.kernel.msgbus.send(endpoint="ExecEngine.execute", msg=of_order(QueryOrder, bench))
        assert len(bench.wire.reached) == 1
        assert bench.stream.requests() == []


def test_cancelling_all_of_nothing_asks_for_nothing() -> None:
    with bench_of("on") as bench:
        nothing = CancelAllOrders(instrument_id=INSTRUMENT.id, order_side=OrderSide.NO_ORDER_SIDE, **bench.common())
        bench.kernel.msgbus.send(endpoint="ExecEngine.execute", msg=nothing)
        assert bench.stream.requests() == []


def test_a_detached_gate_leaves_the_engine_as_it_was() -> None:
    with bench_of("on") as bench:
        assert bench.gate is not None
        bench.gate.detach()
        bench.kernel.msgbus.send(endpoint="RiskEngine.execute", msg=submit(bench))
        assert len(bench.wire.reached) == 1


def test_the_market_is_what_the_cache_saw_last() -> None:
    with bench_of("on") as bench:
        assert bench.stream.adapter is not None
        assert bench.stream.adapter.latest("ADABTC.BINANCE", START_NS) is None
        seen = bench.stream.adapter.latest(INSTRUMENT.id.value, START_NS + 5)
        assert seen is not None
        assert (seen.at_ns, seen.event_ns, seen.bid, seen.ask_quantity, seen.last) == (
            START_NS + 5,
            START_NS,
            Decimal(40000),
            Decimal("0.02"),
            None,
        )


def test_a_strategy_that_has_no_room_for_overrides_is_refused() -> None:
    with bench_of(None) as bench, pytest.raises(EngineError, match="cannot stand behind a gate"):
        override(Strategy(), Gate(bench.engine, bench.recorder, bench.stream, mode="on"))


def test_orders_of_another_strategy_are_not_ended_with_those_of_one() -> None:
    with bench_of("on") as bench:
        bench.kernel.msgbus.send(endpoint="RiskEngine.execute", msg=submit(bench))
        assert bench.gate is not None
        assert len(bench.gate.unsent(bench.strategy)) == 1
        bench.strategy.change_id(StrategyId("S-1"))
        assert bench.gate.unsent(bench.strategy) == []
