from pathlib import Path

import pytest

from run_specs import ATTACHED, SMOKE
from tc.errors import DocumentError
from tc.spec.connectivity_rules import BLOCK, load_connectivity
from tc.spec.connectivity_spec import ConnectivityReadinessSpec

SECRET = "sk-9f3c-very-secret"  # noqa: S105 - the canary


def written(folder: Path, block: str, text: str = SMOKE) -> Path:
    path = folder / "run.yaml"
    path.write_text(f"{text}{block}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [SMOKE, ATTACHED], ids=["backtest", "attached"])
def test_a_valid_block_is_read_with_the_names_of_run_and_venue(tmp_path: Path, text: str) -> None:
    stated = load_connectivity(written(tmp_path, f"{BLOCK}: {{venue: BINANCE, required: [A, B], optional: [C]}}", text))
    assert (stated.name, stated.venue, stated.problems) == ("smoke", "BINANCE", ())
    assert stated.block == ConnectivityReadinessSpec(venue="BINANCE", required=("A", "B"), optional=("C",))


def test_a_spec_without_the_block_says_nothing_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    stated = load_connectivity(written(tmp_path, ""))
    assert (stated.name, stated.block, stated.problems) == ("smoke", None, ())


@pytest.mark.parametrize(
    "block",
    [
        f"{{venue: BINANCE, required: ['{SECRET}']}}",
        f"{{venue: BINANCE, required: '{SECRET}'}}",
        f"{{venue: BINANCE, required: [A, {{A: '{SECRET}'}}]}}",
        f"{{venue: BINANCE, optional: {{A: '{SECRET}'}}}}",
        f"{{venue: BINANCE, '{SECRET}': A}}",
        f"{{venue: BINANCE, A: '{SECRET}'}}",
        f"{{venue: BINANCE, required: ['A={SECRET}']}}",
        f"'{SECRET}'",
        f"['{SECRET}']",
        "{venue: BINANCE, required: [A, A]}",
        "{venue: BYBIT}",
        "{required: [A]}",
        "[A]",
    ],
)
def test_a_wrong_block_is_a_value_with_its_problems_and_without_what_stands_there(tmp_path: Path, block: str) -> None:
    stated = load_connectivity(written(tmp_path, f"{BLOCK}: {block}"))
    assert (stated.name, stated.venue, stated.block) == ("smoke", "BINANCE", None)
    assert stated.told
    assert all(each.startswith(BLOCK) for each in stated.told)
    assert SECRET not in "".join(stated.told)
    assert [each for each in stated.problems if SECRET in (each.value or "") + each.message] == []


def test_what_is_wrong_elsewhere_is_an_error_with_every_problem(tmp_path: Path) -> None:
    path = written(tmp_path, f"{BLOCK}: {{venue: BYBIT}}", SMOKE.replace("seed: 42", "seed: -1"))
    with pytest.raises(DocumentError) as caught:
        load_connectivity(path)
    assert "seed" in caught.value.message
    assert f"{BLOCK}.venue" in caught.value.message


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        load_connectivity(tmp_path / "none.yaml")
