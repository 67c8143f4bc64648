import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hft_runs import BOOK, INSTRUMENT, request, ticks
from tc.engines.core_strategies import load_core_strategy
from tc.engines.sources import importable, python_path
from tc.errors import DocumentError, EngineError
from tc.ports import StrategyIdentity
from tc.spec.run_spec import StrategySpec

OWN = """
import msgspec
from own_helper_{name} import LIMIT


class Own(msgspec.Struct, frozen=True):
    level: int = LIMIT

    def evaluate(self, context):
        return ()


class Loose(msgspec.Struct):
    def evaluate(self, context):
        return ()


class Blind(msgspec.Struct, frozen=True):
    pass


class Broken(msgspec.Struct, frozen=True):
    def __post_init__(self):
        raise SystemExit(3)

    def evaluate(self, context):
        return ()


class Other:
    pass
"""


def load(folder: Path, strategy: StrategySpec) -> tuple[Any, StrategyIdentity]:
    asked = request((*BOOK, *ticks(10)), spec_folder=folder, strategy=strategy)
    folders = python_path(asked)
    with importable(folders):
        return load_core_strategy(asked, folders)


def write(folder: Path, name: str) -> StrategySpec:
    (folder / f"own_{name}.py").write_text(OWN.format(name=name))
    (folder / f"own_helper_{name}.py").write_text("LIMIT = 4\n")
    return StrategySpec(core=f"own_{name}:Own", python_path=(".",))


def test_R17_a_strategy_of_one_s_own_is_identified_by_the_digests_of_its_modules(tmp_path: Path) -> None:
    strategy, identity = load(tmp_path, write(tmp_path, "digests"))
    assert strategy.evaluate(None) == ()
    assert identity.parameters == {"level": 4}
    assert identity.document()["modules"] == {
        name: hashlib.sha256((tmp_path / f"{name}.py").read_bytes()).hexdigest() for name in ("own_digests", "own_helper_digests")
    }
    assert "msgspec" in identity.packages


def test_R17_a_packaged_strategy_is_identified_by_its_module_and_version(tmp_path: Path) -> None:
    parameters = {"tick": "0.1", "quantity": "1", "max_position": "2"}
    strategy, identity = load(tmp_path, StrategySpec(core="tc.strategies.quoter:TwoSidedQuoter", parameters=parameters))
    assert strategy.instrument_id == INSTRUMENT
    assert [source.module for source in identity.modules] == ["tc.strategies.quoter"]
    assert identity.version == "1"
    assert identity.parameters["half_spread_ticks"] == 2


@pytest.mark.parametrize("name", ["Loose", "Blind", "Other", "Missing"])
def test_what_is_no_core_native_strategy_is_refused(tmp_path: Path, name: str) -> None:
    spec = write(tmp_path, f"refused_{name.lower()}")
    with pytest.raises(DocumentError, match=r"strategy\.core"):
        load(tmp_path, StrategySpec(core=(spec.core or "").replace("Own", name), python_path=(".",)))


def test_a_module_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="is not found"):
        load(tmp_path, StrategySpec(core="nowhere_at_all:Own"))


@pytest.mark.parametrize(("parameters", "problem"), [({"depth": 1}, "no parameter 'depth'"), ({"level": "x"}, "level")])
def test_parameters_that_do_not_fit_are_refused(tmp_path: Path, parameters: dict[str, Any], problem: str) -> None:
    spec = write(tmp_path, f"parameters_{len(problem)}")
    with pytest.raises(DocumentError, match=problem):
        load(tmp_path, StrategySpec(core=spec.core, parameters=parameters, python_path=(".",)))


def test_a_strategy_that_raises_when_it_is_made_is_an_engine_error(tmp_path: Path) -> None:
    spec = write(tmp_path, "broken")
    with pytest.raises(EngineError, match="making Broken raised SystemExit"):
        load(tmp_path, StrategySpec(core=(spec.core or "").replace("Own", "Broken"), python_path=(".",)))


def test_no_engine_is_imported_to_load_a_strategy() -> None:
    code = "import sys, tc.engines.core_strategies; print([name for name in sys.modules if 'nautilus' in name or 'hft' in name])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
