"""Claims about the commands that the drill strategy obeys: each is carried out once, counted, and stops when it is taken back."""

import importlib.util
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tc.faults.strategy import Commands, RunawayFault, StallFault
from tc.spec.drills.fault_parameters.host import EventLoopBlock, RunawayOrders

STRATEGY = Path(__file__).resolve().parents[2] / "specs" / "drills" / "drill_trader.py"


@pytest.fixture(scope="module")
def drill_trader() -> Any:
    """Import the strategy as a run does: by its file."""
    spec = importlib.util.spec_from_file_location("drill_trader", STRATEGY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "commands")


def test_it_stalls_as_often_as_it_is_told_and_no_sooner(drill_trader: Any, commands: Commands, tmp_path: Path) -> None:
    told = drill_trader.Misbehaviour(tmp_path / "commands", lambda _: None)
    told.look()
    fault = StallFault(commands, EventLoopBlock(seconds="0.05", count=2, every_s="0.1"))
    fault.restore()
    fault.inject()
    assert fault.proof() == 0
    began = time.monotonic()
    told.look()
    assert time.monotonic() - began >= 0.05
    assert fault.proof() == 1
    told.look()
    assert fault.proof() == 1
    while fault.proof() == 1:
        told.look()
    assert time.monotonic() - began >= 0.15
    time.sleep(0.1)
    told.look()
    assert fault.proof() == 2
    fault.restore()
    assert fault.proof() == 2


def test_it_runs_away_once_and_stops_when_that_is_taken_back(drill_trader: Any, commands: Commands, tmp_path: Path) -> None:
    bought: list[Decimal] = []
    told = drill_trader.Misbehaviour(tmp_path / "commands", bought.append)
    fault = RunawayFault(commands, RunawayOrders(count=25, quantity="1.5"))
    fault.inject()
    for _ in range(9):
        told.look()
    assert bought == [Decimal("1.5")] * 25
    assert fault.proof() == 25
    fault.inject()
    told.look()
    fault.restore()
    fault.restore()
    for _ in range(3):
        told.look()
    assert len(bought) == fault.proof() == 35


def test_it_takes_memory_and_lets_go_of_it(drill_trader: Any, commands: Commands, tmp_path: Path) -> None:
    told = drill_trader.Misbehaviour(tmp_path / "commands", lambda _: None)
    commands.give("allocate", mb=20)
    for _ in range(3):
        told.look()
    assert commands.done("allocate") == 20
    assert sum(map(len, told._taken)) == 20 << 20
    commands.take_back("allocate")
    told.look()
    assert told._taken == []


def test_what_was_counted_before_a_crash_is_counted_on(drill_trader: Any, commands: Commands, tmp_path: Path) -> None:
    fault = RunawayFault(commands, RunawayOrders(count=5, quantity="1"))
    for times in (1, 2):
        told = drill_trader.Misbehaviour(tmp_path / "commands", lambda _: None)
        fault.inject()
        told.look()
        assert fault.proof() == 5 * times


def test_what_nobody_has_counted_or_could_not_is_nothing(commands: Commands, tmp_path: Path) -> None:
    assert commands.done("stall") == 0
    commands.take_back("stall")
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "stall.count").write_text("", encoding="ascii")
    assert commands.done("stall") == 0
