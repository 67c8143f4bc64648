"""A run under a gate: its decisions are written beside its journal, sealed with it, and end with what lies behind the run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from adapters import Adapter
from gated import SECOND
from native import Says, new
from nautilus_runs import INSTRUMENT, request
from tc.core import INITIAL, CoreConfiguration, step_event_entry
from tc.core.decision import Decision
from tc.core.events import MarketObserved
from tc.errors import ArtifactError
from tc.flows.backtest import prepare_run, run_prepared
from tc.flows.recording.record import Circumstances, FinishedRun
from tc.flows.runs.verify import verify_run
from tc.ports import Backtest, BacktestRequest, EngineOutcome, StrategyIdentity, Stream
from tc.runtime.refeed import refeed
from tc.spec.gate_spec import ExecutionSpec, RateSpec, RiskSpec, TimingSpec
from tc.spec.run_spec import DataSpec, StrategySpec
from tc.store.decisions import decision_line, read_decisions
from tc.store.journal import read_entries

SCENARIO = StrategySpec(scenario="ops_smoke_demo")
HOUR = DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T02:00:00Z")


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


class Engine:
    """An engine that shows a market for some seconds, and whose venue answers at once."""

    name, version = "none", "0"

    def __init__(self, strategy: Any, *, at_end: Callable[[], None] = lambda: None) -> None:
        self.strategy = strategy
        self.at_end = at_end

    def settings(self) -> dict[str, Any]:
        return {}

    def prepare(self, backtest_request: BacktestRequest) -> Backtest:
        engine, first_ns = self, backtest_request.dataset.first_ns

        class Prepared:
            identity = StrategyIdentity("made-up", "1", {}, (), {})
            core_strategy = engine.strategy
            rows_total = 1

            def __init__(self) -> None:
                self.first_ns = first_ns

            def run(self, stream: Stream, **_: object) -> EngineOutcome:
                adapter = Adapter(stream, [], now=first_ns)  # type: ignore[arg-type]
                stream.attach(adapter)
                for second in range(4):
                    adapter.at(first_ns + second * SECOND)
                    stream.emit(MarketObserved(adapter.now, adapter.now, INSTRUMENT))
                engine.at_end()
                return EngineOutcome(1, is_stopped=False, at_ns=adapter.now, strategy_counters={})

            def close(self) -> None:
                pass

        return Prepared()


def run(data_root: Path, root: Path, strategy: Any, *, gate: str = "on", **engine: Any) -> FinishedRun:
    backtest_request = request(
        data_root,
        root,
        strategy=SCENARIO,
        data=HOUR,
        gate=gate,
        risk=RiskSpec(**dict.fromkeys(LIMITS)),
        execution=ExecutionSpec(rate=RateSpec(messages=1, period_s="1", burst=1), priority=("CANCEL", "REPLACE", "NEW")),
        timing=TimingSpec(heartbeat_s="60"),
    )
    return run_prepared(
        prepare_run(backtest_request, engine=Engine(strategy, **engine)),
        circumstances=Circumstances(root, versions={"tc": "0"}, host="here", pid=1, run_id="a-run"),
        report=lambda *_: None,
        on_progress=lambda progress: None,
        should_stop=lambda: False,
    )


LIMITS = (
    "max_order_quantity",
    "max_order_notional",
    "max_position",
    "max_gross_exposure",
    "price_collar",
    "reference_max_age_s",
    "duplicate_window_s",
    "throttle",
    "max_daily_messages",
    "session",
)


def asks_for(count: int) -> Says:
    """Return a strategy that asks for so many orders at its first evaluation."""

    def answer(context: Any) -> list[Any]:
        if context.terms("O-0") is not None:
            return []
        return [replace(new(f"O-{number}"), instrument_id=INSTRUMENT) for number in range(count)]

    return Says(answer)


def derived(finished: FinishedRun) -> list[Decision]:
    configuration = CoreConfiguration.from_document(_document(finished))
    state, decisions = INITIAL, []
    for entry in read_entries(finished.run.journal):
        state, decision = step_event_entry(state, entry, configuration=configuration)
        decisions += [] if decision is None else [decision]
    return decisions


def _document(finished: FinishedRun) -> Any:
    return msgspec.json.decode(finished.run.configuration.read_bytes())


def test_decisions_are_written_sealed_and_those_that_replay_derives(data_root: Path, tmp_path: Path) -> None:
    finished = run(data_root, tmp_path, asks_for(3))
    assert finished.status == "completed"
    recorded = list(read_decisions(finished.run.decisions))
    assert recorded == derived(finished)
    results = [each.result for decision in recorded for each in decision.outcomes]
    assert results.count("sent") == 3
    assert "decisions.jsonl" in finished.seal.files
    assert verify_run(finished.run, data_root=data_root).findings == ()


def test_R83_the_last_decision_lists_the_deadlines_behind_the_run(data_root: Path, tmp_path: Path) -> None:
    finished = run(data_root, tmp_path, asks_for(9))
    last = list(read_decisions(finished.run.decisions))[-1]
    assert last.position == finished.seal.journal.positions
    assert {each.reason for each in last.unrealised} == {"rate_window", "heartbeat"}
    assert {each.reason for each in last.outcomes} == {"run_ended"}


def test_R89_a_recorded_run_is_refed_from_its_directory(data_root: Path, tmp_path: Path) -> None:
    finished = run(data_root, tmp_path, asks_for(3))
    refed = refeed(
        read_entries(finished.run.journal),
        configuration=CoreConfiguration.from_document(_document(finished)),
        strategy=asks_for(3),
    )
    assert refed.difference is None
    assert refed.state_digest == finished.seal.state_digest
    assert refed.decision_digest == finished.seal.files["decisions.jsonl"].sha256


def test_without_a_gate_there_is_no_file_of_decisions(data_root: Path, tmp_path: Path) -> None:
    finished = run(data_root, tmp_path, None, gate="off")
    assert not finished.run.decisions.exists()


def test_R34_the_traceback_of_a_strategy_that_fails_is_kept_for_people(data_root: Path, tmp_path: Path) -> None:
    finished = run(data_root, tmp_path, Says(lambda context: 1 // 0))
    assert finished.status == "completed"
    assert "ZeroDivisionError" in finished.run.error.read_text()


def test_decisions_that_cannot_be_written_end_the_run_unsealed(data_root: Path, tmp_path: Path) -> None:
    def fill_the_disk() -> None:
        finished_path = tmp_path / "runs" / "a-run" / "decisions.jsonl"
        assert finished_path.stat().st_size == 0
        raise ArtifactError("the disk is full")

    with pytest.raises(ArtifactError, match="the disk is full"):
        run(data_root, tmp_path, asks_for(1), at_end=fill_the_disk)
    directory = tmp_path / "runs" / "a-run"
    assert not (directory / "seal.json").exists()
    lines = (directory / "decisions.jsonl").read_bytes()
    assert lines == b"".join(decision_line(each) for each in read_decisions(directory / "decisions.jsonl"))
