"""From a request to a sealed run directory, with the real engine; and the same again."""

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from nautilus_runs import request, write_strategy
from tc import wiring
from tc.core import CoreConfiguration
from tc.core.events import OrderCanceled
from tc.data.candles import read_candles
from tc.engines.nautilus.backtest import NautilusEngine
from tc.errors import ArtifactError, DocumentError, EngineError, InvariantViolation, RefusedError
from tc.flows.backtest import prepare_run, run_prepared
from tc.flows.recording.circumstances import circumstances_here, git_commit, versions
from tc.flows.recording.inputs import module_file
from tc.flows.recording.record import LONGEST_REASON, Circumstances, FinishedRun
from tc.flows.recording.usage import usage_now
from tc.flows.runs.diff import diff_runs
from tc.flows.runs.replay import replay_run
from tc.flows.runs.report import report_again, report_run
from tc.flows.runs.reproduce import Reproduction, record_reproduction, reproduce, rerun
from tc.flows.runs.verify import verify_run
from tc.flows.witness import witness_now
from tc.ports import Backtest, BacktestRequest, EngineOutcome, Stream
from tc.spec.parse import load_run_spec
from tc.spec.run_spec import DataSpec, StrategySpec
from tc.store.dataset import load_dataset
from tc.store.facts import StopRequested
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.metadata import read_metadata
from tc.store.ops import append_fact, read_facts

pytestmark = pytest.mark.e2e
SCENARIO = StrategySpec(scenario="ops_smoke_demo")
HOUR = DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T02:00:00Z")


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def circumstances(root: Path, **changes: object) -> Circumstances:
    values = {"artifacts_root": root, "versions": {"tc": "0"}, "host": "here", "pid": 1, "run_id": "a-run", **changes}
    return Circumstances(**values)


def run(
    backtest_request: BacktestRequest,
    root: Path,
    *,
    should_stop: object = lambda: False,
    chunk_rows: int = 16_384,
    **changes: object,
) -> FinishedRun:
    def report(*arguments: object) -> None:
        data = backtest_request.spec.played
        report_run(
            *arguments,
            read_candles=lambda: read_candles(backtest_request.dataset, start_ns=data.start_ns, end_ns=data.end_ns),
        )

    return run_prepared(
        prepare_run(backtest_request, engine=NautilusEngine(chunk_rows=chunk_rows)),
        circumstances=circumstances(root, **changes),
        report=report,
        on_progress=lambda progress: None,
        should_stop=should_stop,
    )


def test_a_run_directory_holds_everything_and_verifies_and_replays(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    directory = finished.run
    names = {str(path.relative_to(directory.path)) for path in directory.path.rglob("*") if path.is_file()}
    assert names == {
        "run_spec.yaml",
        "configuration.json",
        "code/tc/engines/nautilus/scenarios/ops_smoke_demo.py",
        "metadata.json",
        "journal.jsonl",
        "journal.lock",
        "metrics.json",
        "report.md",
        "report.html",
        "seal.json",
    }
    assert finished.status == read_metadata(directory).status == "completed"
    assert finished.error is None
    assert not is_active(directory)
    assert verify_run(directory, data_root=data_root).findings == ()
    assert replay_run(directory).findings == ()
    assert json.loads(directory.metrics.read_bytes())["strategy_counters"] == dict(finished.strategy_counters)


def test_two_runs_of_one_spec_have_the_same_journal_in_different_directories(data_root: Path, tmp_path: Path) -> None:
    backtest_request = request(data_root, tmp_path, strategy=SCENARIO, data=HOUR)
    first = run(backtest_request, tmp_path / "a")
    second = run(backtest_request, tmp_path / "b", run_id="another", is_durable=True)
    assert first.run.journal.read_bytes() == second.run.journal.read_bytes()
    assert first.to_dict()["journal_digest"] == second.to_dict()["journal_digest"]
    assert diff_runs(first.run, second.run).is_same


def test_the_stored_spec_is_complete_and_runs_to_the_same_journal(data_root: Path, tmp_path: Path) -> None:
    first = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path / "a")
    stored = load_run_spec(first.run.spec)
    assert stored.venue.fees is not None
    again = request(data_root, tmp_path, strategy=SCENARIO)
    second = run(BacktestRequest(stored, again.instrument, again.dataset, first.run.path), tmp_path / "b")
    assert second.seal.configuration == first.seal.configuration
    assert second.seal.journal.digest == first.seal.journal.digest


def test_the_configuration_holds_every_effective_value_and_its_digest_is_the_fingerprint(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    document = json.loads(finished.run.configuration.read_bytes())
    assert set(document) == {"configuration_version", "core", "dataset", "engine", "instrument", "run_spec", "strategy"}
    assert document["strategy"]["parameters"]["step_every"] == 5
    assert document["engine"]["version"] == "1.231.0"
    assert CoreConfiguration.from_document(document).fingerprint == finished.seal.configuration
    first = next(iter(read_entries(finished.run.journal)))
    assert first.event.configuration == finished.seal.configuration


def again(finished: FinishedRun, data_root: Path, tmp_path: Path) -> Reproduction:
    return reproduce(
        finished.run, data_root=data_root, artifacts_root=tmp_path, rerun=wiring.rerun, differ=lambda *_: {"parted": True}
    )


def test_a_strategys_own_modules_are_copied_and_the_copies_reproduce_the_run(data_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    body = "    def bar(self, bar):\n        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
    strategy = write_strategy(folder, body, module="copied_strategy")
    finished = run(request(data_root, folder, strategy=strategy, data=HOUR), tmp_path)
    copy = finished.run.code / "copied_strategy.py"
    assert copy.read_bytes() == (folder / "copied_strategy.py").read_bytes()
    (folder / "copied_strategy.py").unlink()
    reproduction = again(finished, data_root, tmp_path)
    assert reproduction.is_equal
    assert reproduction.difference is None
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_reproducing_refuses_when_code_no_longer_matches(data_root: Path, tmp_path: Path) -> None:
    strategy = write_strategy(tmp_path, "", module="altered_strategy")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    copy = finished.run.code / "altered_strategy.py"
    copy.write_text(copy.read_text() + "# altered\n")
    with pytest.raises(RefusedError, match=r"cannot be reproduced here: strategy\.modules\.altered_strategy was"):
        again(finished, data_root, tmp_path)


def test_a_run_that_does_not_come_out_the_same_is_said_to_part(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        import os\n"
        "        if self.bars == 2 and os.getppid() != int(os.environ['NOT_SAME']):\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
    )
    strategy = write_strategy(tmp_path, body, module="not_same")
    os.environ["NOT_SAME"] = str(os.getppid())
    try:
        finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
        reproduction = again(finished, data_root, tmp_path)
    finally:
        del os.environ["NOT_SAME"]
    assert not reproduction.is_equal
    assert reproduction.difference == {"parted": True}


def test_a_second_run_whose_process_dies_is_an_engine_error(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    with pytest.raises(EngineError, match="the process that ran the spec again died"):
        reproduce(finished.run, data_root=data_root, artifacts_root=tmp_path, rerun=die, differ=lambda *_: {})


def test_a_damaged_journal_is_not_reproduced(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    text = bytearray(finished.run.journal.read_bytes())
    text[len(text) // 2] ^= 1
    finished.run.journal.write_bytes(text)
    with pytest.raises(ArtifactError, match=r"journal\.jsonl, line [0-9]+"):
        again(finished, data_root, tmp_path)


def die(*_: object) -> None:
    os._exit(9)


def test_reproducing_needs_the_spec_in_the_configuration(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    document = json.loads(finished.run.configuration.read_bytes())
    del document["run_spec"]
    finished.run.configuration.write_bytes(CoreConfiguration.from_document(document).document)
    with pytest.raises(ArtifactError, match="run_spec"):
        rerun(
            finished.run,
            read_dataset=lambda name: load_dataset(data_root, name),
            engine=NautilusEngine(),
            circumstances=circumstances(tmp_path / "again"),
        )


def test_a_dataset_that_is_not_the_demanded_one_is_refused_before_anything_is_written(data_root: Path, tmp_path: Path) -> None:
    other = DataSpec(dataset="btcusdt-1m-sample", fingerprint="0" * 64)
    with pytest.raises(RefusedError, match=r"data\.fingerprint: the spec demands 0000"):
        run(request(data_root, tmp_path, strategy=SCENARIO, data=other), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_demanded_fingerprint_is_accepted(data_root: Path, tmp_path: Path) -> None:
    found = request(data_root, tmp_path, strategy=SCENARIO).dataset.fingerprint
    demanded = DataSpec(dataset="btcusdt-1m-sample", fingerprint=found, end="2025-01-06T00:30:00Z")
    assert run(request(data_root, tmp_path, strategy=SCENARIO, data=demanded), tmp_path).status == "completed"


def test_a_run_id_that_is_taken_or_hostile_is_refused(data_root: Path, tmp_path: Path) -> None:
    backtest_request = request(data_root, tmp_path, strategy=SCENARIO, data=HOUR)
    run(backtest_request, tmp_path)
    with pytest.raises(RefusedError, match="a-run"):
        run(backtest_request, tmp_path)
    for hostile in ("../escape", "/etc/x", "a/b", "a\0b", "", "latest", "x" * 300):
        with pytest.raises(DocumentError):
            run(backtest_request, tmp_path, run_id=hostile) if hostile else run(backtest_request, tmp_path, run_id="..")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["a-run"]


def test_a_strategy_that_raises_leaves_a_failed_sealed_run_with_its_traceback(data_root: Path, tmp_path: Path) -> None:
    body = "    def bar(self, bar):\n        if self.bars == 30:\n            raise ValueError('boom \\ud800')\n"
    strategy = write_strategy(tmp_path, body, module="fails_in_flow")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    assert finished.status == "failed"
    assert isinstance(finished.error, EngineError)
    assert "in bar" in finished.run.error.read_text()
    assert "ValueError" in finished.run.error.read_text()
    assert verify_run(finished.run, data_root=data_root).findings == ()
    replay = replay_run(finished.run)
    assert replay.findings == ()
    entries = list(read_entries(finished.run.journal))
    assert type(entries[-1].event).__name__ == "RunFailed"
    assert entries[-1].event.error == "ValueError"
    assert entries[-2].event.last_row == 29
    assert "boom" not in finished.run.journal.read_text()
    again = report_again(finished.run, data_root=data_root, read_candles=lambda *_: None)
    assert again.error is not None
    assert again.findings[0].code == "run_failed"


def test_a_run_that_is_asked_to_stop_from_another_process_is_stopped_and_sealed(data_root: Path, tmp_path: Path) -> None:
    backtest_request = request(data_root, tmp_path, strategy=SCENARIO)
    directory = RunDirectory(tmp_path / "runs" / "a-run")
    asked = []

    def should_stop() -> bool:
        if len(asked) == 2:
            append_fact(directory, StopRequested(at_ns=1, tc="0", reason="enough seen"))
        asked.append(1)
        return False

    finished = run(backtest_request, tmp_path, should_stop=should_stop, chunk_rows=200)
    assert (finished.status, finished.reason) == ("stopped", "enough seen")
    assert verify_run(finished.run, data_root=data_root).findings == ()
    assert replay_run(finished.run).findings == ()


def test_an_interrupt_stops_the_run(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO), tmp_path, should_stop=lambda: True)
    assert (finished.status, finished.reason) == ("stopped", "interrupted")


class _Engine:
    """An engine of one line: what its backtest emits is given."""

    name, version = "none", "0"

    def __init__(self, *events: object, error: Exception | None = None) -> None:
        self._events, self._error = events, error

    def settings(self) -> dict[str, object]:
        return {}

    def prepare(self, backtest_request: BacktestRequest) -> Backtest:
        inner = NautilusEngine().prepare(backtest_request)
        events, error = self._events, self._error

        class Fixed:
            identity, first_ns, rows_total = inner.identity, inner.first_ns, inner.rows_total
            core_strategy = None

            def close(self) -> None:
                inner.close()

            def run(self, stream: Stream, **_: object) -> EngineOutcome:
                for event in events:
                    try:
                        stream.emit(event)
                    except InvariantViolation:
                        if error is None:
                            continue
                        raise
                if error is not None:
                    raise error
                return EngineOutcome(0, False, inner.first_ns, {})

        return Fixed()


def _run_with(engine: object, backtest_request: BacktestRequest, root: Path) -> FinishedRun:
    return run_prepared(
        prepare_run(backtest_request, engine=engine),
        circumstances=circumstances(root),
        report=lambda *_: None,
        on_progress=lambda progress: None,
        should_stop=lambda: False,
    )


def test_R07_R87_a_violation_is_the_last_entry_of_a_failed_run_even_when_the_engine_swallows_it(
    data_root: Path, tmp_path: Path
) -> None:
    broken = _Engine(OrderCanceled(1, 1, "O-404"), OrderCanceled(1, 1, "O-405"))
    finished = _run_with(broken, request(data_root, tmp_path, strategy=SCENARIO), tmp_path)
    assert finished.status == "failed"
    assert isinstance(finished.error, InvariantViolation)
    entries = list(read_entries(finished.run.journal))
    assert [type(entry.event).__name__ for entry in entries] == ["RunStarted", "OrderCanceled"]
    assert verify_run(finished.run, data_root=data_root).findings == ()
    assert replay_run(finished.run).findings == ()


def test_a_disk_that_is_full_leaves_a_readable_unsealed_run(data_root: Path, tmp_path: Path) -> None:
    failing = _Engine(error=ArtifactError("journal.jsonl cannot be written: No space left on device"))
    with pytest.raises(ArtifactError, match="No space left"):
        _run_with(failing, request(data_root, tmp_path, strategy=SCENARIO), tmp_path)
    directory = RunDirectory(tmp_path / "runs" / "a-run")
    assert not directory.seal.exists()
    assert not is_active(directory)
    verification = verify_run(directory, data_root=data_root)
    assert not verification.is_sealed


def test_a_dry_run_says_what_would_run_and_writes_nothing(data_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    said = prepare_run(request(data_root, folder, strategy=SCENARIO, data=HOUR), engine=NautilusEngine()).to_dict()
    assert said["rows"] == 119
    assert said["strategy"] == "ops_smoke_demo"
    assert list(folder.iterdir()) == []
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path / "real")
    assert said["configuration"] == finished.seal.configuration


def test_a_crashed_runs_report_can_be_made_from_what_there_is(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    directory = finished.run
    directory.seal.unlink()
    directory.metrics.unlink()
    whole = directory.journal.read_bytes().splitlines(keepends=True)
    directory.journal.write_bytes(b"".join(whole[:50]) + whole[50][:20])
    report = report_again(directory, data_root=tmp_path / "nowhere", read_candles=lambda *_: None)
    assert report.status == "crashed"
    assert report.process is None
    assert report.candles is None
    assert any("line 51" in finding.subject for finding in report.findings)


def test_a_report_made_again_shows_prices_only_of_the_runs_own_dataset(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    asked = []

    def read(*arguments: object) -> None:
        asked.append(arguments)

    report_again(finished.run, data_root=data_root, read_candles=read)
    assert len(asked) == 1
    document = json.loads(finished.run.configuration.read_bytes())
    document["dataset"]["fingerprint"] = "0" * 64
    finished.run.configuration.write_bytes(CoreConfiguration.from_document(document).document)
    finished.run.seal.unlink()
    report = report_again(finished.run, data_root=data_root, read_candles=read)
    assert len(asked) == 1
    assert report.digests is not None


def test_circumstances_name_versions_host_and_commit(tmp_path: Path) -> None:
    here = circumstances_here(artifacts_root=tmp_path, run_id=None, is_durable=True)
    assert here.versions == versions()
    assert set(here.versions) >= {"tc", "python", "platform", "nautilus_trader"}
    assert here.host
    assert here.is_durable
    assert git_commit(tmp_path) is None


def test_the_commit_of_a_repository_and_whether_it_has_changes_are_named(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    git("init", "-q")
    assert git_commit(tmp_path) is None
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "x")
    clean = git_commit(tmp_path)
    assert clean is not None
    assert len(clean.commit) == 40
    assert not clean.is_dirty
    (tmp_path / "a").write_text("2")
    changed = git_commit(tmp_path)
    assert changed is not None
    assert changed.is_dirty


def test_usage_counts_what_this_process_did(tmp_path: Path) -> None:
    before = usage_now()
    (tmp_path / "x").write_bytes(b"x" * 100_000)
    sum(range(200_000))
    after = usage_now()
    assert after.cpu_s >= before.cpu_s
    assert after.peak_rss_bytes > 1_000_000
    assert before.written_bytes is None or after.written_bytes >= before.written_bytes + 100_000


def test_copies_of_modules_stand_as_packages_do() -> None:
    assert module_file("a.b", Path("/x/a/b.py")) == Path("a/b.py")
    assert module_file("a", Path("/x/a/__init__.py")) == Path("a/__init__.py")
    assert module_file("a.fast", Path("/x/a/fast.cpython-313.so")) == Path("a/fast.cpython-313.so")


def test_a_stored_instrument_that_was_no_packaged_one_reproduces(data_root: Path, tmp_path: Path) -> None:
    found = request(data_root, tmp_path, strategy=SCENARIO, data=HOUR)
    own = msgspec.structs.replace(found.instrument, taker_fee="0.0007")
    finished = run(BacktestRequest(found.spec, own, found.dataset, tmp_path), tmp_path)
    rerun(
        finished.run,
        read_dataset=lambda name: load_dataset(data_root, name),
        engine=NautilusEngine(),
        circumstances=circumstances(tmp_path / "again"),
    )
    assert (tmp_path / "again" / "runs" / "a-run" / "journal.jsonl").read_bytes() == finished.run.journal.read_bytes()


def test_a_strategy_that_draws_when_it_is_imported_reproduces(data_root: Path, tmp_path: Path) -> None:
    strategy = write_strategy(tmp_path, "", module="draws_at_import")
    file = tmp_path / "draws_at_import.py"
    body = "    def bar(self, bar):\n        if self.bars == LUCKY:\n            self.market(OrderSide.BUY, '0.010')\n"
    file.write_text(f"import random\nLUCKY = random.randint(2, 90)\n{file.read_text()}{body}")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    assert again(finished, data_root, tmp_path).is_equal


@pytest.mark.parametrize("leaving", ["sys.exit(0)", "raise GeneratorExit", "raise BaseException('x')"])
def test_a_strategy_that_leaves_the_process_is_a_failed_sealed_run(data_root: Path, tmp_path: Path, leaving: str) -> None:
    name = "leaves_" + "".join(filter(str.isalpha, leaving)).lower()
    body = f"    def bar(self, bar):\n        import sys\n        if self.bars == 30:\n            {leaving}\n"
    finished = run(request(data_root, tmp_path, strategy=write_strategy(tmp_path, body, module=name), data=HOUR), tmp_path)
    assert finished.status == "failed"
    assert finished.seal.journal.positions > 30
    assert verify_run(finished.run, data_root=data_root).findings == ()


def test_an_exception_while_the_strategy_is_disposed_of_changes_nothing(data_root: Path, tmp_path: Path) -> None:
    body = "    def on_dispose(self):\n        raise ValueError('late')\n"
    strategy = write_strategy(tmp_path, body, module="raises_on_dispose")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    assert finished.status == "completed"
    assert verify_run(finished.run, data_root=data_root).findings == ()


def test_a_second_interrupt_ends_the_run_as_stopped_and_sealed(data_root: Path, tmp_path: Path) -> None:
    body = "    def bar(self, bar):\n        if self.bars == 30:\n            raise KeyboardInterrupt\n"
    strategy = write_strategy(tmp_path, body, module="interrupted_twice")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    assert (finished.status, finished.reason) == ("stopped", "interrupted at once")
    assert replay_run(finished.run).findings == ()


def test_a_long_reason_is_shortened_where_it_is_shown(data_root: Path, tmp_path: Path) -> None:
    body = "    def bar(self, bar):\n        raise ValueError('x' * 1_000_000)\n"
    strategy = write_strategy(tmp_path, body, module="long_reason")
    finished = run(request(data_root, tmp_path, strategy=strategy, data=HOUR), tmp_path)
    assert len(finished.reason) < LONGEST_REASON + 50
    assert len(finished.run.error.read_bytes()) > 1_000_000


def test_an_altered_dataset_is_not_run_verified_or_reproduced(tmp_path: Path) -> None:
    wiring.prepare_data("btcusdt-1m-sample", data_root=tmp_path)
    spec = Path(__file__).resolve().parents[2] / "specs" / "ops_smoke_demo.yaml"

    def start(run_id: str) -> FinishedRun:
        return wiring.run_spec(
            spec,
            overrides=(),
            artifacts_root=tmp_path,
            data_root=tmp_path,
            run_id=run_id,
            is_durable=False,
            on_progress=lambda progress: None,
            should_stop=lambda: False,
        )

    finished = start("good")
    dataset = load_dataset(tmp_path, "btcusdt-1m-sample")
    file = dataset.part_path(dataset.parts[0])
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 1000), file)
    with pytest.raises(ArtifactError, match="1000 rows"):
        start("bad")
    assert not (tmp_path / "runs" / "bad").exists()
    verification = wiring.verify_run("good", artifacts_root=tmp_path, data_root=tmp_path, expected_root=None, is_recorded=False)
    assert verification.findings != ()
    with pytest.raises(ArtifactError, match="1000 rows"):
        again(finished, tmp_path, tmp_path)


def test_a_reproduction_and_a_report_made_later_are_recorded_beside_the_seal(data_root: Path, tmp_path: Path) -> None:
    finished = run(request(data_root, tmp_path, strategy=SCENARIO, data=HOUR), tmp_path)
    record_reproduction(finished.run, Reproduction("a" * 64, "a" * 64, None), by=witness_now())
    kept = wiring.record_report(finished.run, "# Again\n", as_html=False)
    assert kept.read_text() == "# Again\n"
    assert [type(fact).__name__ for fact in read_facts(finished.run)] == ["RunReproduced", "ReportWritten"]
    assert verify_run(finished.run, data_root=data_root).findings == ()
