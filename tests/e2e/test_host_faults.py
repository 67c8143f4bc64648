"""Claims about what is done to a real run: the strategy of the drills trades within its limits, and each fault bites and goes."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from faked_clock import faked
from paper_runs import PaperRun, Place, until
from tc.core.events import OrderDenied, OrderFilled, OrderInitialized
from tc.faults.clock import ClockJumpFault, node_offset_ns
from tc.faults.files import FileFault, bit_flipped
from tc.faults.memory import MemoryFault
from tc.faults.processes import SignalFault
from tc.faults.strategy import Commands, RunawayFault, StallFault
from tc.flows.runs.verify import verify_run
from tc.ports.drills import Fault
from tc.spec.drills.fault_parameters.host import EventLoopBlock, MemoryGrowth, RunawayOrders
from tc.store.heartbeat import NodeHeartbeat, read_node_heartbeat, supervisor_heartbeat_as_written

pytestmark = pytest.mark.e2e

DRILLS = Path(__file__).resolve().parents[2] / "specs" / "drills"
LIMIT = Decimal("0.1")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[PaperRun]:
    """Have the paper run of the drills trade, with a clock that can jump."""
    place = Place(tmp_path)
    place.environment |= faked(tmp_path / "clock")
    for path in DRILLS.glob("drill_trader.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = ("--set", f"strategy.config.commands={json.dumps(str(tmp_path / 'commands'))}")
    with ExitStack() as stack:
        yield stack.enter_context(place.paper("drilled", *told, spec=DRILLS / "paper.yaml")).until("trading")


def said(run: PaperRun) -> NodeHeartbeat:
    heartbeat = read_node_heartbeat(run.directory)
    assert heartbeat is not None
    return heartbeat


def bites(fault: Fault) -> None:
    """Break it, and wait until that is proven."""
    before = fault.proof()
    fault.inject()
    until(lambda: fault.proof() > before)


def test_the_strategy_of_the_drills_trades_and_whatever_is_done_to_its_node_bites_and_is_put_back(run: PaperRun) -> None:
    folder = run.place.folder
    commands = Commands(folder / "commands")
    until(lambda: said(run).open_orders >= 2)
    run.until_recorded(OrderFilled, 2)

    stall = StallFault(commands, EventLoopBlock(seconds="0.6", count=3, every_s="0.7"))
    bites(stall)
    until(lambda: said(run).longest_lag_s > 0.4)
    stall.restore()

    runaway = RunawayFault(commands, RunawayOrders(count=12, quantity="1"))
    bites(runaway)
    run.until_recorded(OrderDenied, 12)
    runaway.restore()

    memory = MemoryFault(lambda: run.node().pid, commands, MemoryGrowth(mb=8, cap_mb=4_000))
    bites(memory)
    memory.restore()

    stopped = SignalFault(lambda: [run.node().pid], "sigstop")
    bites(stopped)
    position = said(run).position
    stopped.restore()
    until(lambda: said(run).position > position)

    jump = ClockJumpFault(folder / "clock", "-3", lambda: node_offset_ns(run.directory))
    bites(jump)
    until(lambda: _supervisor_offset_s(run) < -1)
    messages = said(run).channels[0].messages
    until(lambda: said(run).channels[0].messages > messages)
    jump.restore()
    until(lambda: jump.proof() == 0 and _supervisor_offset_s(run) > -0.5)

    flipped = FileFault(lambda: run.directory.journal, folder / "sidecar.json", bit_flipped(None, 1))
    bites(flipped)
    flipped.restore()

    done = run.send(signal.SIGINT).ended()
    assert (done.json()["reconciliation"], done.json()["status"]) == ("clean", "stopped"), done.err
    assert verify_run(run.directory, data_root=None).findings == ()
    _assert_within_limits(run)


def _supervisor_offset_s(run: PaperRun) -> float:
    found = supervisor_heartbeat_as_written(run.directory)
    assert found is not None
    return found.offset_ns / 1e9


def _assert_within_limits(run: PaperRun) -> None:
    """The strategy quotes both sides and takes from the market, and its position goes up and down within its limit."""
    asked = Counter((each.side, each.order_type) for each in run.events(OrderInitialized))
    assert {side for side, kind in asked if kind == "LIMIT"} == {"BUY", "SELL"}
    position, held = Decimal(0), [Decimal(0)]
    for fill in run.events(OrderFilled):
        position += fill.quantity if fill.side == "BUY" else -fill.quantity
        held.append(position)
    assert 0 < max(map(abs, held)) <= LIMIT
