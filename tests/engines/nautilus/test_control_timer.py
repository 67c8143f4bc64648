"""Tests for the timers on the engine's clock: when they ring, and in which order, on a real engine that plays ticks in chunks."""

from collections.abc import Callable
from typing import Any

import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from streams import START_NS
from tc.core.events import Event, KillSwitchChanged, ThrottleReset
from tc.engines.nautilus.control_timer import ControlTimer, kill_switch_set, schedule_operations, throttle_reset
from tc.engines.nautilus.instruments import nautilus_instrument
from tc.spec.library import load_instrument
from tc.spec.run_spec import FeesSpec

INSTRUMENT = nautilus_instrument(load_instrument("BTCUSDT-PERP.BINANCE", search=()), FeesSpec(maker="0", taker="0"))
SECOND = 1_000_000_000
SECONDS = (0, 1, 1, 2, 2, 3, 4, 5, 6)
"""When each tick comes."""

type Log = list[tuple[float, str]]
type Hook = Callable[["Played", int], None]


class Ticks(Strategy):  # type: ignore[misc]  # Nautilus has no types
    """Logs each tick and does what the test says; has timers of its own at the second second."""

    def __init__(self, played: "Played", hook: Hook) -> None:
        super().__init__()
        self.played = played
        self.hook = hook
        self.count = 0

    def on_start(self) -> None:
        """Set timers whose names sort before and behind what most are called."""
        self.subscribe_trade_ticks(INSTRUMENT.id)
        for name in ("zzz", "aaa", "\u00e9t\u00e9"):
            self.clock.set_time_alert_ns(name, START_NS + 2 * SECOND, lambda event: self.played.note(event.name))

    def on_trade_tick(self, tick: Any) -> None:
        """Log the tick."""
        self.count += 1
        self.played.note(f"tick {self.count}")
        self.hook(self.played, self.count)


class Played:
    """A run over the ticks, in chunks of a size, with a control timer that logs when it rings."""

    def __init__(self, hook: Hook, *, chunk: int) -> None:
        self.log: Log = []
        self.again: list[int] = []
        self.acted: list[Event] = []
        self.engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
        money = [Money.from_str("1000 USDT")]
        self.engine.add_venue(
            INSTRUMENT.id.venue, oms_type=OmsType.NETTING, account_type=AccountType.MARGIN, starting_balances=money
        )
        self.engine.add_instrument(INSTRUMENT)
        self.engine.add_strategy(Ticks(self, hook))
        self.clock = self.engine.kernel.clock
        self.timer = ControlTimer(self.clock, self.rang)
        hook(self, 0)
        ticks = [_tick(number, second) for number, second in enumerate(SECONDS)]
        for start in range(0, len(ticks), chunk):
            self.engine.add_data(ticks[start : start + chunk])
            self.engine.run(start=None if start else START_NS, streaming=True)
            self.engine.clear_data()
        self.engine.end()
        self.engine.dispose()

    def note(self, what: str) -> None:
        """Log something at the present stamp."""
        self.log.append(((self.clock.timestamp_ns() - START_NS) / SECOND, what))

    def rang(self, now_ns: int) -> None:
        """Log that the control timer rang, and set it to what is planned next."""
        assert now_ns == self.clock.timestamp_ns()
        self.note("RING")
        if self.again:
            self.timer.set(self.again.pop(0))

    def after(self, what: str) -> list[tuple[float, str]]:
        """Return what came from the last thing of that name on."""
        names = [name for _, name in self.log]
        return self.log[len(names) - 1 - names[::-1].index(what) :]


def _tick(number: int, second: int) -> TradeTick:
    at_ns = START_NS + second * SECOND
    price, size = Price.from_str("100.0"), Quantity.from_str("1.000")
    return TradeTick(INSTRUMENT.id, price, size, AggressorSide.BUYER, TradeId(str(number)), at_ns, at_ns)


def seconds(count: float) -> int:
    """Return the stamp so many seconds after the start."""
    return START_NS + int(count * SECOND)


# A chunk never ends between two rows of one stamp; each of these sizes keeps equal stamps together.
@pytest.mark.parametrize("chunk", [9, 3, 5])
class TestControlTimer:
    """How the timer rings, however the ticks are cut into chunks."""

    def test_a_deadline_that_is_now_rings_after_all_data_of_the_stamp(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(1)) if tick == 2 else None, chunk=chunk)
        assert played.after("tick 2")[:4] == [(1, "tick 2"), (1, "tick 3"), (1, "RING"), (2, "tick 4")]

    def test_a_past_deadline_rings_at_the_end_of_the_present_stamp(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(-5)) if tick == 2 else None, chunk=chunk)
        assert played.after("tick 2")[:3] == [(1, "tick 2"), (1, "tick 3"), (1, "RING")]

    def test_it_rings_after_all_other_timers_of_its_stamp(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(2)) if tick == 1 else None, chunk=chunk)
        assert [name for at, name in played.log if at == 2] == ["tick 4", "tick 5", "aaa", "zzz", "\u00e9t\u00e9", "RING"]

    def test_set_while_it_rings_it_rings_again_in_the_same_stamp_or_later(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick == 1:
                run.again = [seconds(2), seconds(2), seconds(2.5)]
                run.timer.set(seconds(2))

        assert [entry for entry in Played(hook, chunk=chunk).log if entry[1] == "RING"] == [(2, "RING")] * 3 + [(2.5, "RING")]

    def test_a_deadline_between_two_data_rings_at_its_own_stamp(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(2.75)) if tick == 1 else None, chunk=chunk)
        assert played.after("RING")[0] == (2.75, "RING")
        assert (3, "tick 6") in played.after("RING")

    def test_a_deadline_behind_the_last_datum_never_rings(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(6.1)) if tick == 1 else None, chunk=chunk)
        assert "RING" not in [name for _, name in played.log]

    def test_a_deadline_at_the_last_datum_rings(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(6)) if tick == 9 else None, chunk=chunk)
        assert played.log[-1] == (6, "RING")

    def test_setting_it_anew_replaces_the_deadline(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick == 1:
                run.timer.set(seconds(2))
                run.timer.set(seconds(4))

        assert [at for at, name in Played(hook, chunk=chunk).log if name == "RING"] == [4]

    def test_cleared_in_the_stamp_at_which_it_is_due_it_does_not_ring(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick == 1:
                run.timer.set(seconds(2))
            if tick == 4:
                run.timer.clear()

        assert "RING" not in [name for _, name in Played(hook, chunk=chunk).log]

    def test_set_anew_in_the_stamp_at_which_it_is_due_it_rings_once(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick == 1:
                run.timer.set(seconds(2))
            if tick == 4:
                run.timer.set(seconds(2))

        assert [at for at, name in Played(hook, chunk=chunk).log if name == "RING"] == [2]

    def test_moved_back_in_the_stamp_at_which_it_is_due_it_rings_later(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick == 1:
                run.timer.set(seconds(2))
            if tick == 4:
                run.timer.set(seconds(5))

        assert [at for at, name in Played(hook, chunk=chunk).log if name == "RING"] == [5]

    def test_set_before_the_run_it_rings_when_the_first_datum_is_due(self, chunk: int) -> None:
        played = Played(lambda run, tick: run.timer.set(seconds(0)) if tick == 0 else None, chunk=chunk)
        assert played.log[:2] == [(0, "tick 1"), (0, "RING")]

    def test_operations_come_after_all_other_timers_and_before_the_control_timer(self, chunk: int) -> None:
        def hook(run: Played, tick: int) -> None:
            if tick:
                return
            run.timer.set(seconds(2))
            operations = [
                (seconds(2), kill_switch_set("reduce", "first")),
                (seconds(2), kill_switch_set("none", "second")),
                (seconds(4), throttle_reset("S-1", "third")),
            ]

            def act(event: Event) -> None:
                run.acted.append(event)
                run.note(str(getattr(event, "reason", "")))

            schedule_operations(run.clock, operations, act)

        played = Played(hook, chunk=chunk)
        assert [name for at, name in played.log if at == 2] == [
            "tick 4", "tick 5", "aaa", "zzz", "\u00e9t\u00e9", "first", "second", "RING",
        ]  # fmt: skip
        assert played.acted == [
            KillSwitchChanged(seconds(2), "reduce", "spec", "first"),
            KillSwitchChanged(seconds(2), "none", "spec", "second"),
            ThrottleReset(seconds(4), "S-1", "spec", "third"),
        ]
