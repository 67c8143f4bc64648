"""A drill without its detector must fail by what that detector stands for, and every document says which parts these are."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tc.checks.drills.facts import Part
from tc.spec.drills.drill_spec import MutationSpec
from tc.spec.drills.parse import drill_names, load_drill

REPOSITORY = Path(__file__).resolve().parents[3]
SPECS = REPOSITORY / "specs" / "drills"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("mutate_drills", REPOSITORY / "scripts" / "mutate_drills.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", drill_names(SPECS))
def test_every_drill_that_is_no_control_says_by_what_it_fails_without_its_detector(name: str) -> None:
    drill = load_drill(SPECS / f"{name}.yaml")
    if drill.mutation is None:
        assert "control" in drill.tags
        return
    expect = drill.expect
    gates = expect.gates + expect.reasons
    demanded = {"alerts": expect.alerts, "gates": gates, "events": expect.events, "findings": expect.findings}
    assert drill.mutation.fails != ()
    assert {part for part in drill.mutation.fails if not demanded.get(part, True)} == set()


@pytest.mark.parametrize(
    ("verdict", "parts", "held", "is_caught"),
    [
        ("failed", {"gates": "failed", "events": "failed", "recovery": "passed"}, (), True),
        ("failed", {"gates": "failed", "events": "passed"}, ("events",), False),
        ("failed", {"recovery": "failed", "gates": "inconclusive"}, ("gates", "events"), False),
        ("inconclusive", {"gates": "inconclusive", "events": "inconclusive"}, ("gates", "events"), False),
        (None, {}, ("gates", "events"), False),
    ],
)
def test_a_mutation_is_caught_only_by_all_of_the_parts_that_it_names(
    script: ModuleType, verdict: str | None, parts: dict[str, str], held: tuple[str, ...], *, is_caught: bool
) -> None:
    told = None
    if verdict is not None:
        told = SimpleNamespace(verdict=verdict, parts=[Part(part, outcome, "why") for part, outcome in parts.items()])  # type: ignore[arg-type]
    mutated = script.Mutated("disconnect", MutationSpec(set=("gate=observe",), fails=("gates", "events")), told, 1.0)
    assert (mutated.held, mutated.is_caught) == (held, is_caught)
