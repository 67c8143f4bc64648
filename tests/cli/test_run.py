"""`tc run` in this process: what it shows, as text and as JSON."""

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


@pytest.mark.parametrize("as_json", [False, True])
def test_a_core_native_strategy_that_fails_at_every_step_is_said_with_the_place_of_its_traceback(
    prepared: Command, tmp_path: Path, as_json: bool
) -> None:
    (tmp_path / "raises_in_cli.py").write_text(
        "import msgspec\n\n\nclass Raises(msgspec.Struct, frozen=True):\n"
        "    def evaluate(self, context):\n        raise ValueError('boom')\n"
    )
    text = SPEC.read_text().replace("  scenario: ops_smoke_demo\n", '  core: "raises_in_cli:Raises"\n  python_path: ["."]\n')
    (tmp_path / "raises.yaml").write_text(text + "gate: on\nrisk: {profile: research}\n")
    answer = prepared("run", "raises.yaml", "--run-id", "raising", *(["--json"] if as_json else []))
    assert answer.code == 0
    if as_json:
        assert answer.json("run")["strategy_failures"] > 1_000
    else:
        assert "strategy failed" in answer.out
        assert str(Path("runs") / "raising" / "error.txt") in answer.out.replace("\n", "")
        assert "note: the strategy failed" in prepared("runs", "explain", "raising").out


def test_nothing_to_run_and_nothing_to_go_on_with_is_said(command: Command) -> None:
    answer = command("run")
    assert answer.code == 2
    assert "there is nothing to run" in answer.err


PAPER = SPEC.with_name("btcusdt_paper.yaml")
THERE = ("--venue-url", "http://127.0.0.1:18080")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TC_VENUE_API_KEY", "key")
    monkeypatch.setenv("TC_VENUE_API_SECRET", "secret")


@pytest.mark.usefixtures("keys")
def test_a_venue_url_replaces_the_embedded_venue_of_the_packaged_example(command: Command) -> None:
    assert command("run", PAPER, "--dry-run", "--json", *THERE).json("run-dry-run")["venue"] == THERE[1]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("spec", "arguments", "code", "said"),
    [
        (PAPER, ("--venue-url", "https://fapi.binance.com"), 3, "fapi.binance.com"),
        (PAPER, ("--venue-url", "null}\nseed: 5"), 3, "is"),
        (PAPER, ("--venue-url", ""), 2, "node.venue_url"),
        (PAPER, (*THERE, "--set", "node.market_data.speed=2"), 2, "only the embedded venue is given its market"),
        (SPEC, THERE, 2, "only a paper run has a node"),
    ],
)
def test_a_venue_url_opens_no_way_round_a_rule(
    command: Command, spec: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    answer = command("run", spec, "--dry-run", *arguments)
    assert answer.code == code
    assert said in answer.err


@pytest.mark.parametrize("other", [(str(SPEC),), ("--set", "seed=1"), ("--run-id", "a"), ("--durable",), ("--dry-run",), THERE])
def test_a_run_that_goes_on_takes_nothing_that_it_was_begun_with(command: Command, other: tuple[str, ...]) -> None:
    answer = command("run", "--resume", "some-run", *other)
    assert answer.code == 2
    assert "the run goes on as it was begun" in answer.err


def test_a_run_that_is_not_there_cannot_go_on(command: Command) -> None:
    answer = command("run", "--resume", "some-run")
    assert answer.code == 6
    assert "there is no run 'some-run'" in answer.err
