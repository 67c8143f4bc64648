"""A lab is made so that no document leads out of it, and for every kind of fault there is somebody who can do it."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from documentation import REPOSITORY
from tc.faults.strategy import Commands
from tc.spec.check import load_documents
from tc.spec.drills.drill_spec import DrillSpec, FaultKind, FaultSpec, MutationSpec, ProbeSpec, SteadyStateSpec
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.fault_parameters.transport import Chosen
from tc.spec.drills.words import TARGETS
from tc.store.drills import create_drill
from tc.wiring.drills.faults import fault_of
from tc.wiring.drills.lab import MadeLab, Making, lab_of

SPECS = REPOSITORY / "specs" / "drills"
LAB_URL = "http://127.0.0.1:1"
ELSEWHERE = (
    "node.venue=embedded",
    'node.venue_url="http://127.0.0.1:9"',
    "seed=99",
    'strategy.config.commands="/elsewhere"',
    'strategy.config={instrument_id: BTCUSDT-PERP.BINANCE, commands: "/elsewhere"}',
)
NEEDED: dict[str, dict[str, object]] = {
    "latency": {"latency_s": "1"},
    "bandwidth": {"kb_per_s": "8"},
    "limit_data": {"limit_bytes": 100},
    "slow_close": {"delay_s": "1"},
    "clock_jump": {"seconds": "60"},
}
OF_THE_HOST = {
    "sigterm": "SignalFault",
    "sigkill": "SignalFault",
    "sigstop": "SignalFault",
    "memory_growth": "MemoryFault",
    "disk_full": "DiskFullFault",
    "journal_truncated": "FileFault",
    "journal_bit_flipped": "FileFault",
    "clock_jump": "ClockJumpFault",
    "event_loop_block": "StallFault",
    "runaway_orders": "RunawayFault",
    "kill_switch": "CommandFault",
    "probe": "CommandFault",
    "changed_code": "FileFault",
    "changed_configuration": "FileFault",
}


def making(root: Path, *, sets: tuple[str, ...] = (), mutates: tuple[str, ...] = (), sees_alerts: bool = False) -> Making:
    spec = DrillSpec(
        drill_version=1,
        name="d",
        title="t",
        description="d",
        set=sets,
        steady_state=SteadyStateSpec(before=(ProbeSpec(probe="node_state", equals="trading"),)),
        mutation=MutationSpec(set=mutates),
    )
    return Making(SPECS / "d.yaml", spec, create_drill(root, "d"), 5, sees_alerts, bool(mutates))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeLab]:
    """A real lab of which nothing but proxy and receiver is started."""
    with lab_of(making(tmp_path_factory.mktemp("lab"), sees_alerts=True)) as made:
        yield made


@pytest.mark.parametrize("where", ["sets", "mutates"])
@pytest.mark.parametrize("word", ELSEWHERE)
def test_whatever_a_document_sets_its_run_trades_with_the_lab_by_the_seed_that_was_asked_for(
    tmp_path: Path, where: str, word: str
) -> None:
    made = making(tmp_path, **{where: (word,)})  # type: ignore[arg-type]
    spec, _ = load_documents(made.run_spec, overrides=made.overrides_here(LAB_URL))
    assert spec.node is not None
    assert (spec.node.venue, spec.node.venue_url, spec.seed) == (None, LAB_URL, 5)
    assert spec.strategy is not None
    assert spec.strategy.config["commands"] == str(made.folder / "commands")


def test_two_drills_have_no_run_of_the_same_id(tmp_path: Path) -> None:
    one, two = making(tmp_path), making(tmp_path)
    assert [each.run_id for each in (one, two)] == ["d-1", "d-2"]
    assert one.run.path.name == "d-1"


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_kind_of_fault_is_made_for_each_that_it_can_be_done_to(lab: MadeLab, kind: FaultKind) -> None:
    is_transport = issubclass(FAULT_PARAMETERS[kind], Chosen)
    named = OF_THE_HOST.get(kind, "ProxyFault" if is_transport else "VenueFault")
    for target in TARGETS[kind]:
        fault = fault_of(FaultSpec(kind=kind, target=target, parameters=NEEDED.get(kind, {})), lab)
        is_started_again = named == "SignalFault" and target in {"venue", "metrics", "alertmanager", "prometheus"}
        assert type(fault).__name__ == ("StartedAgain" if is_started_again else named)
        assert all(callable(getattr(fault, each)) for each in ("inject", "proof", "restore"))


def test_what_a_strategy_is_told_lies_where_its_run_looks_for_it(lab: MadeLab) -> None:
    fault_of(FaultSpec(kind="runaway_orders", target="node"), lab).inject()
    folder = lab.made.folder / "commands"
    assert [each.name for each in folder.iterdir()] == ["runaway.json"]
    assert Commands(folder).done("runaway") == 0
