"""`tc run` and `tc demo` in this process: what they show, as text and as JSON."""

from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer

pytestmark = pytest.mark.e2e
SPEC = Path(__file__).resolve().parents[2] / "specs" / "ops_smoke_demo.yaml"

Command = Callable[..., Answer]


@pytest.fixture
def prepared(command: Command) -> Command:
    assert command("data", "prepare", "btcusdt-1m-sample").code == 0
    return command


def test_a_run_shows_what_it_is_known_by_as_json_of_its_schema(prepared: Command) -> None:
    answer = prepared("run", SPEC, "--run-id", "shown", "--set", "data.end=2025-01-06T02:00:00Z", "--json")
    assert answer.code == 0
    document = answer.json("run")
    assert document["status"] == "completed"
    assert document["strategy_counters"]["OrderDenied"] == 1


def test_a_dry_run_shows_what_would_run_as_json_of_its_schema_and_writes_nothing(prepared: Command, tmp_path: Path) -> None:
    answer = prepared("run", SPEC, "--dry-run", "--json")
    assert answer.code == 0
    assert answer.json("run-dry-run")["rows"] == 1440
    assert not (tmp_path / "artifacts").exists()


def test_a_failed_run_says_so_on_stderr_with_a_hint(prepared: Command, tmp_path: Path) -> None:
    (tmp_path / "fails_in_cli.py").write_text(
        "from nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class Fails(Strategy):\n    def on_start(self):\n        raise ValueError('boom')\n"
    )
    text = SPEC.read_text().replace("  scenario: ops_smoke_demo\n", '  path: "fails_in_cli:Fails"\n  python_path: ["."]\n')
    (tmp_path / "fails.yaml").write_text(text)
    answer = prepared("run", "fails.yaml", "--run-id", "failed", "--json")
    assert answer.code == 4
    assert answer.json("run")["status"] == "failed"
    assert "error: ValueError: boom" in answer.err
    assert "hint: " in answer.err


def test_the_demo_says_where_to_look(command: Command) -> None:
    answer = command("demo")
    assert answer.code == 0
    assert "verified and replayed" in answer.out
