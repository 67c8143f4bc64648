"""Rule R17: which strategy runs, in which version and with which parameters, is part of the configuration's fingerprint."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nautilus_runs import request, write_strategy
from tc.core import CoreConfiguration
from tc.engines.nautilus.backtest import NautilusEngine
from tc.engines.nautilus.scenarios import ops_smoke_demo
from tc.flows.backtest import configuration_document
from tc.ports import BacktestRequest
from tc.spec.run_spec import StrategySpec

pytestmark = pytest.mark.e2e

MODULE = "fingerprinted_strategy"
SIGNALS = "fingerprinted_signals"
BODY = f"    def started(self):\n        import {SIGNALS}\n"


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def strategy(tmp_path: Path) -> StrategySpec:
    (tmp_path / f"{SIGNALS}.py").write_text("LEVEL = 3\n", encoding="utf-8")
    return write_strategy(tmp_path, BODY, module=MODULE, config="    level: int = 1\n    name: str = 'x'")


def configured(backtest_request: BacktestRequest) -> CoreConfiguration:
    """Return what `tc run` would process the run's stream under, in a process that has not imported the strategy yet."""
    for module in (MODULE, SIGNALS):
        sys.modules.pop(module, None)
    engine = NautilusEngine()
    return CoreConfiguration.from_document(configuration_document(backtest_request, engine, engine.prepare(backtest_request)))


def fingerprint(data_root: Path, folder: Path, strategy: StrategySpec, **changes: Any) -> str:
    """Return the fingerprint of a run with the strategy."""
    return configured(request(data_root, folder, strategy=strategy, **changes)).fingerprint


def test_R17_the_same_strategy_has_the_same_fingerprint_wherever_its_files_lie_and_however_old_they_are(
    data_root: Path, tmp_path: Path, strategy: StrategySpec
) -> None:
    before = fingerprint(data_root, tmp_path, strategy)
    assert fingerprint(data_root, tmp_path, strategy) == before
    for name in (MODULE, SIGNALS):
        os.utime(tmp_path / f"{name}.py", (1, 1))
    assert fingerprint(data_root, tmp_path, strategy) == before
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (MODULE, SIGNALS):
        (tmp_path / f"{name}.py").rename(moved / f"{name}.py")
    assert fingerprint(data_root, moved, strategy) == before


@pytest.mark.parametrize("module", [MODULE, SIGNALS])
def test_R17_one_changed_byte_of_a_module_changes_the_fingerprint(
    data_root: Path, tmp_path: Path, strategy: StrategySpec, module: str
) -> None:
    before = fingerprint(data_root, tmp_path, strategy)
    file = tmp_path / f"{module}.py"
    text = file.read_bytes()
    file.write_bytes(text + b"\n")
    changed = fingerprint(data_root, tmp_path, strategy)
    assert changed != before
    file.write_bytes(text)
    assert fingerprint(data_root, tmp_path, strategy) == before


def test_R17_a_changed_parameter_or_default_changes_the_fingerprint(
    data_root: Path, tmp_path: Path, strategy: StrategySpec
) -> None:
    fingerprints = {
        fingerprint(data_root, tmp_path, msgspec.structs.replace(strategy, config=config))
        for config in ({}, {"level": 2}, {"level": 3}, {"name": "y"})
    }
    assert len(fingerprints) == 4


def test_R17_a_changed_seed_changes_the_fingerprint(data_root: Path, tmp_path: Path, strategy: StrategySpec) -> None:
    seeds = {fingerprint(data_root, tmp_path, strategy, seed=seed) for seed in (42, 43, 42)}
    assert len(seeds) == 2


def test_R17_another_strategy_name_changes_the_fingerprint(data_root: Path, tmp_path: Path, strategy: StrategySpec) -> None:
    with (tmp_path / f"{MODULE}.py").open("a", encoding="utf-8") as file:
        file.write("\n\nclass Other(Subject):\n    pass\n")
    other = msgspec.structs.replace(strategy, path=f"{MODULE}:Other")
    assert fingerprint(data_root, tmp_path, other) != fingerprint(data_root, tmp_path, strategy)


def test_R17_a_packaged_scenarios_name_version_digest_and_effective_parameters_are_in_the_document(
    data_root: Path, tmp_path: Path
) -> None:
    scenario = request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo"))
    before = configured(scenario)
    stated = msgspec.json.decode(before.document)["strategy"]
    assert (stated["name"], stated["version"]) == ("ops_smoke_demo", ops_smoke_demo.VERSION)
    digest = hashlib.sha256(Path(str(ops_smoke_demo.__file__)).read_bytes()).hexdigest()
    assert stated["modules"] == {ops_smoke_demo.__name__: digest}
    assert stated["parameters"]["step_every"] == 5
    other = request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo", parameters={"step_every": 6}))
    assert configured(other).fingerprint != before.fingerprint
    reseeded = request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo"), seed=43)
    assert configured(reseeded).fingerprint != before.fingerprint
