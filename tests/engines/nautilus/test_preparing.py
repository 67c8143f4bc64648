"""What is checked before an engine starts, how a strategy is identified, and what becomes of one that fails."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pyarrow.parquet as pq
import pytest

from nautilus_runs import record, request, venue, write_strategy
from streams import configuration
from tc.core import INITIAL, ProcessingContext
from tc.engines.nautilus.backtest import NautilusEngine
from tc.engines.nautilus.recorder import Recorder
from tc.engines.nautilus.scenarios import SCENARIOS
from tc.errors import ArtifactError, DocumentError, EngineError, InvariantViolation
from tc.ports import BacktestRequest
from tc.spec.run_spec import DataSpec, StrategySpec

pytestmark = pytest.mark.e2e

SCENARIO = StrategySpec(scenario="ops_smoke_demo")


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_the_settings_name_every_choice_that_could_change_a_result() -> None:
    settings = NautilusEngine().settings()
    assert settings["trader_id"] == "TC-001"
    assert settings["venue"]["use_random_ids"] is False
    assert settings["fill_model"] == {"prob_fill_on_limit": 1.0, "prob_slippage": 0.0}


def test_a_window_without_rows_is_refused(data_root: Path, tmp_path: Path) -> None:
    window = DataSpec(dataset="btcusdt-1m-sample", start="2031-01-01T00:00:00Z")
    with pytest.raises(DocumentError, match="no row of dataset btcusdt-1m-sample lies between"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, data=window))


def test_the_first_stamp_is_the_windows_start_or_the_first_row(data_root: Path, tmp_path: Path) -> None:
    whole = NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO))
    assert whole.first_ns == 1_736_121_660_000_000_000
    window = DataSpec(dataset="btcusdt-1m-sample", start="2025-01-06T03:00:30Z")
    later = NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, data=window))
    assert later.first_ns == 1_736_132_430_000_000_000
    assert later.rows_total == 1440 - 180


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "ETHUSDT-PERP.BINANCE"}, "holds BTCUSDT-PERP.BINANCE, but the spec trades ETHUSDT-PERP.BINANCE"),
        ({"price_precision": 4}, "was imported with precisions"),
    ],
)
def test_a_dataset_that_does_not_fit_the_instrument_is_refused(
    data_root: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    fitting = request(data_root, tmp_path, strategy=SCENARIO)
    instrument = msgspec.structs.replace(fitting.instrument, **changes)
    with pytest.raises(DocumentError, match=message):
        NautilusEngine().prepare(BacktestRequest(fitting.spec, instrument, fitting.dataset, tmp_path))


def test_a_venue_that_is_not_the_instruments_is_refused(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"venue\.name: 'KRAKEN', but the instrument"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, venue=venue(name="KRAKEN")))


def test_what_nautilus_itself_refuses_is_a_document_error_before_anything_runs(data_root: Path, tmp_path: Path) -> None:
    cash = venue(account_type="cash", default_leverage="1")
    with pytest.raises(
        DocumentError, match="NautilusTrader refuses the venue, the instrument or the strategy: InvalidConfiguration"
    ):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, venue=cash))


def test_a_dataset_that_lost_a_file_is_an_artifact_error(tmp_path: Path) -> None:
    fitting = request(tmp_path / "data", tmp_path, strategy=SCENARIO)
    backtest = NautilusEngine().prepare(fitting)
    fitting.dataset.part_path(fitting.dataset.parts[0]).unlink()
    with pytest.raises(ArtifactError, match="lacks its file"):
        backtest.run(Emitting(lambda event: None), on_progress=lambda progress: None, should_stop=lambda: False)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (StrategySpec(path="no_such_module_here:X"), "module 'no_such_module_here' of 'no_such_module_here:X' is not found"),
        (StrategySpec(path="nautilus_trader.examples.strategies.ema_cross:EMACros"), "'EMACros' in .* is no Strategy"),
        (
            StrategySpec(
                path="nautilus_trader.examples.strategies.ema_cross:EMACross",
                config_path="nautilus_trader.examples.strategies.ema_cross:EMACross",
            ),
            "is no StrategyConfig",
        ),
        (
            StrategySpec(
                path="nautilus_trader.examples.strategies.ema_cross:EMACross",
                config_path="nautilus_trader.examples.strategies.ema_cross:EMACrossConfig",
                config={"instrument_ids": "X.Y"},
            ),
            r"strategy\.config: EMACrossConfig has no field 'instrument_ids'",
        ),
        (
            StrategySpec(
                path="nautilus_trader.examples.strategies.ema_cross:EMACross",
                config_path="nautilus_trader.examples.strategies.ema_cross:EMACrossConfig",
                config={"instrument_id": "X.Y", "bar_type": "nonsense", "trade_size": "1"},
            ),
            r"strategy\.config: EMACrossConfig: ",
        ),
        (
            StrategySpec(scenario="ops_smoke_demo", parameters={"trade_size": "a lot"}),
            r"strategy\.parameters: OpsSmokeDemoConfig: ",
        ),
        (StrategySpec(scenario="ops_smoke_demo", parameters={"spead": 1}), "has no field 'spead'"),
        (StrategySpec(path="x:Y", python_path=("no/such/folder",)), r"strategy\.python_path: 'no/such/folder' is no folder"),
    ],
)
def test_a_strategy_that_does_not_fit_is_a_document_error(
    data_root: Path, tmp_path: Path, strategy: StrategySpec, message: str
) -> None:
    with pytest.raises(DocumentError, match=message):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy))


def test_code_that_raises_while_it_is_imported_or_made_is_an_engine_error(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('no license')\n")
    strategy = StrategySpec(path="raises_on_import:X", python_path=(".",))
    with pytest.raises(EngineError, match="importing 'raises_on_import' raised RuntimeError: no license"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy))
    (tmp_path / "raises_when_made.py").write_text(
        "from nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class X(Strategy):\n    def __init__(self):\n        raise ValueError('not today')\n"
    )
    strategy = StrategySpec(path="raises_when_made:X", python_path=(".",))
    with pytest.raises(EngineError, match="making X raised ValueError: not today"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy))


def test_a_strategy_without_a_config_runs(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / "no_config_at_all.py").write_text(
        "from nautilus_trader.trading.strategy import Strategy\n\n\nclass X(Strategy):\n    pass\n"
    )
    strategy = StrategySpec(path="no_config_at_all:X", python_path=(".",))
    recorded = record(request(data_root, tmp_path, strategy=strategy))
    assert recorded.outcome is not None
    assert recorded.outcome.rows == 1440


def test_a_strategy_is_identified_by_all_its_own_modules_and_by_its_packages_versions(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / "signals_pkg").mkdir()
    (tmp_path / "signals_pkg" / "__init__.py").write_text("from signals_pkg.inner import LEVEL\n")
    (tmp_path / "signals_pkg" / "inner.py").write_text("import json\nLEVEL = 3\n")
    (tmp_path / "unused_module.py").write_text("X = 1\n")
    strategy = write_strategy(tmp_path, "    def started(self):\n        import signals_pkg\n", module="identified_strategy")
    identity = NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy)).identity
    assert [source.module for source in identity.modules] == ["identified_strategy", "signals_pkg", "signals_pkg.inner"]
    for source in identity.modules:
        assert source.sha256 == hashlib.sha256(source.file.read_bytes()).hexdigest()
    assert set(identity.packages) == {"nautilus_trader", "pandas"}
    assert identity.document()["modules"]["signals_pkg.inner"] == identity.modules[2].sha256


def test_own_modules_are_found_wherever_they_lie_but_installed_packages_are_not_copied(tmp_path: Path) -> None:
    work = tmp_path / "work"
    elsewhere, packages = tmp_path / "elsewhere", work / ".venv" / "lib" / "site-packages"
    (work / "space").mkdir(parents=True)
    elsewhere.mkdir()
    packages.mkdir(parents=True)
    (packages / "some_package.py").write_text("X = 1\n")
    (elsewhere / "own_signals.py").write_text("Y = 2\n")
    (work / "space" / "linked_target.py").write_text("Z = 3\n")
    (work / "linked_module.py").symlink_to(work / "space" / "linked_target.py")
    (work / "namespaced").mkdir()
    (work / "namespaced" / "strategy.py").write_text(
        "import linked_module, own_signals, some_package\nfrom nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class S(Strategy):\n    pass\n"
    )
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; from pathlib import Path; "
        "from nautilus_runs import request; from tc.spec.run_spec import StrategySpec; "
        "from tc.engines.nautilus.backtest import NautilusEngine; "
        "sys.path[:0] = sys.argv[3:5]; "
        "spec = StrategySpec(path='namespaced.strategy:S', python_path=('.',)); "
        "found = NautilusEngine().prepare(request(Path(sys.argv[6]), Path(sys.argv[5]), strategy=spec)).identity; "
        "print([source.module for source in found.modules])"
    )
    tests = Path(__file__).resolve().parents[2]
    arguments = [tests, tests.parent / "src", elsewhere, packages, work, tmp_path / "data"]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['linked_module', 'namespaced.strategy', 'own_signals']", done.stderr


def test_a_hostile_python_path_is_a_document_error(data_root: Path, tmp_path: Path) -> None:
    for text in ("a\0b", "x" * 5000):
        strategy = StrategySpec(path="x:Y", python_path=(text,))
        with pytest.raises(DocumentError, match=r"strategy\.python_path"):
            NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy))


def test_an_unknown_currency_is_refused(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="knows no currency 'XXQ'"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, venue=venue(starting_balances=("1 XXQ",))))


def test_fewer_rows_than_the_manifest_names_fail_the_run(tmp_path: Path) -> None:
    fitting = request(tmp_path / "data", tmp_path, strategy=SCENARIO)
    file = fitting.dataset.part_path(fitting.dataset.parts[0])
    pq.write_table(pq.read_table(file).slice(0, 1000), file)
    with pytest.raises(EngineError, match="1000 rows were played, but the dataset has 1440"):
        record(fitting)


def test_a_file_that_is_no_parquet_is_an_artifact_error(tmp_path: Path) -> None:
    window = DataSpec(dataset="btcusdt-1m-sample", start="2025-01-06T03:00:00Z")
    fitting = request(tmp_path / "data", tmp_path, strategy=SCENARIO, data=window)
    fitting.dataset.part_path(fitting.dataset.parts[0]).write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match="cannot be read"):
        NautilusEngine().prepare(fitting)


def test_the_identity_holds_every_parameter_with_its_effective_value(data_root: Path, tmp_path: Path) -> None:
    identity = NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO)).identity
    assert identity.parameters["trade_size"] == "0.010"
    assert identity.parameters["step_every"] == 5
    assert identity.parameters["seed"] == 42
    assert [source.module for source in identity.modules] == ["tc.engines.nautilus.scenarios.ops_smoke_demo"]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("    def started(self):\n        raise ValueError('boom')\n", 0),
        ("    def bar(self, bar):\n        if self.bars == 3:\n            raise ValueError('boom')\n", 3),
        (
            (
                "    def bar(self, bar):\n        if self.bars == 3:\n            self.market(OrderSide.BUY, '0.010')\n\n"
                "    def on_order_filled(self, event):\n        raise ValueError('boom')\n"
            ),
            3,
        ),
        ("    def on_stop(self):\n        raise ValueError('boom')\n", 1440),
    ],
    ids=["start", "bar", "fill", "stop"],
)
def test_a_strategy_that_raises_fails_the_run_and_the_rows_before_it_are_recorded(
    data_root: Path, tmp_path: Path, body: str, rows: int, request_id: str
) -> None:
    strategy = write_strategy(tmp_path, body, module=f"raises_{request_id}")
    entries = []
    backtest = NautilusEngine().prepare(request(data_root, tmp_path, strategy=strategy))
    with pytest.raises(EngineError, match="ValueError: boom") as caught:
        backtest.run(Emitting(entries.append), on_progress=lambda progress: None, should_stop=lambda: False)
    assert isinstance(caught.value.__cause__, ValueError)
    taken = [event.last_row + 1 for event in entries if type(event).__name__ == "MarketDataRows"]
    assert (taken[-1] if taken else 0) == rows


@pytest.fixture
def request_id(request: pytest.FixtureRequest) -> str:
    return request.node.callspec.id


def test_an_engine_that_stops_by_itself_fails_the_run(data_root: Path, tmp_path: Path) -> None:
    body = "    def bar(self, bar):\n        if self.bars == 30:\n            self.shutdown_system('enough')\n"
    strategy = write_strategy(tmp_path, body, module="shuts_down")
    with pytest.raises(EngineError, match=r"the engine stopped by itself after 30 of the [0-9]+ rows"):
        record(request(data_root, tmp_path, strategy=strategy))


class Emitting:
    """A stream that is one function, and no gate."""

    context = ProcessingContext(INITIAL, configuration())
    is_waiting = False

    def __init__(self, emit: Callable[[object], None]) -> None:
        self.emit = emit


def test_a_violation_found_while_the_engine_stops_is_raised_as_it_is(data_root: Path, tmp_path: Path) -> None:
    backtest = NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO))
    seen = []

    def emit(event: object) -> None:
        seen.append(event)
        if type(event).__name__ == "ComponentStateChanged" and event.component_state == "STOPPING":
            raise InvariantViolation("no more")

    with pytest.raises(InvariantViolation, match="no more"):
        backtest.run(Emitting(emit), on_progress=lambda progress: None, should_stop=lambda: False)


def test_a_violation_found_while_rows_are_played_is_raised_as_it_is(data_root: Path, tmp_path: Path) -> None:
    backtest = NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO))

    def emit(event: object) -> None:
        if type(event).__name__ == "OrderFilled":
            raise InvariantViolation("too much")

    with pytest.raises(InvariantViolation, match="too much"):
        backtest.run(Emitting(emit), on_progress=lambda progress: None, should_stop=lambda: False)


def test_stored_copies_of_the_code_are_used_instead_of_the_python_path(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    strategy = write_strategy(tmp_path / "copies", "", module="only_in_copies")
    stored = msgspec.structs.replace(strategy, python_path=("gone",))
    found = request(data_root, tmp_path, strategy=stored)
    with_copies = BacktestRequest(found.spec, found.instrument, found.dataset, tmp_path, code_folder=tmp_path / "copies")
    identity = NautilusEngine().prepare(with_copies).identity
    assert [source.module for source in identity.modules] == ["only_in_copies"]
    scenario = request(data_root, tmp_path, strategy=SCENARIO)
    without = BacktestRequest(scenario.spec, scenario.instrument, scenario.dataset, tmp_path, code_folder=tmp_path / "none")
    assert NautilusEngine().prepare(without).rows_total == 1440


def test_the_scenarios_that_a_spec_may_name_are_the_ones_there_are() -> None:
    annotation = get_type_hints(StrategySpec)["scenario"]
    names = next(part for part in get_args(annotation) if get_args(part))
    assert set(get_args(names)) == set(SCENARIOS)


def test_a_balance_finer_than_its_currency_is_refused_not_rounded(data_root: Path, tmp_path: Path) -> None:
    fine = venue(starting_balances=("1000.123 USD",))
    with pytest.raises(DocumentError, match=r"1000\.123 USD is finer than the 2 decimal places of USD"):
        NautilusEngine().prepare(request(data_root, tmp_path, strategy=SCENARIO, venue=fine))


def test_an_event_that_the_recorder_does_not_know_is_an_error_not_a_loss() -> None:
    class Strange:
        pass

    recorder = Recorder(engine=None, emit=lambda event: None, dataset="d" * 64, first_row=0, batch=1)
    with pytest.raises(EngineError, match="published Strange"):
        recorder.record(Strange())
    recorder.record(type("PositionAdjusted", (), {})())
