from pathlib import Path

import pytest
import yaml

from run_specs import ATTACHED, DOCUMENTS, PAPER, SMOKE, edited, problems_of, wrong_values
from tc.errors import DocumentError, ExitCode
from tc.spec.effective import run_spec_yaml
from tc.spec.gate_spec import RiskSpec
from tc.spec.parse import HINT, load_run_spec, parse_run_spec
from tc.spec.run_spec import CoreSpec, DataSpec, FeesSpec, RunSpec, StrategySpec, VenueSpec

SCENARIO = "  scenario: ops_smoke_demo\n"
A_PATH = '  path: "my_strategy:MyStrategy"\n'


def test_a_run_spec_is_read_with_its_defaults() -> None:
    assert parse_run_spec(SMOKE, source="run.yaml") == RunSpec(
        spec_version=1,
        name="smoke",
        mode="backtest",
        engine="nautilus",
        venue=VenueSpec(
            name="BINANCE",
            account_type="margin",
            oms_type="netting",
            starting_balances=("100000 USDT",),
            base_currency=None,
            default_leverage="10",
            fees=None,
        ),
        instrument="BTCUSDT-PERP.BINANCE",
        strategy=StrategySpec(scenario="ops_smoke_demo"),
        data=DataSpec(dataset="btcusdt-1m-sample"),
        seed=42,
        core=CoreSpec(closed_orders_kept=4096),
    )


def test_values_are_stored_in_their_canonical_spelling() -> None:
    text = edited(
        ('  default_leverage: "10"\n', '  default_leverage: 10\n  fees: {maker: "-0.00010", taker: 0}\n'),
        ('["100000 USDT"]', "[100000.50  USDT, 2 BTC]"),
        (
            "  dataset: btcusdt-1m-sample\n",
            "  dataset: btcusdt-1m-sample\n  start: 2023-04-01\n  end: '2023-04-01T12:00:00+02:00'\n",
        ),
    )
    spec = parse_run_spec(text, source="run.yaml")
    assert spec.venue.default_leverage == "10"
    assert spec.venue.fees == FeesSpec(maker="-0.0001", taker="0")
    assert spec.venue.starting_balances == ("100000.5 USDT", "2 BTC")
    assert (spec.data.start, spec.data.end) == ("2023-04-01T00:00:00Z", "2023-04-01T10:00:00Z")
    assert (spec.data.start_ns, spec.data.end_ns) == (1_680_307_200_000_000_000, 1_680_343_200_000_000_000)


@pytest.mark.parametrize("gate", ["on", "off", "observe", '"on"', "'off'"])
def test_the_gate_is_a_plain_word_in_quotes_or_not(gate: str) -> None:
    spec = parse_run_spec(edited(("seed: 42", f"seed: 42\ngate: {gate}\nrisk: {{profile: cautious}}")), source="run.yaml")
    assert spec.gate == gate.strip("'\"")


def test_limits_written_beside_a_profile_are_those_that_replace_it() -> None:
    risk = "risk: {profile: standard, max_position: 2, session: null, duplicate_window_s: '0.50'}"
    spec = parse_run_spec(edited(("seed: 42", f"seed: 42\ngate: on\n{risk}")), source="run.yaml")
    assert spec.risk == RiskSpec(profile="standard", max_position="2", session=None, duplicate_window_s="0.5")


def test_operations_may_share_a_moment_and_are_kept_in_their_order() -> None:
    operations = """\
gate: off
operations:
  - {at: "2024-01-01T10:00", kill_switch: none, reason: "over"}
  - {at: "2024-01-01T12:00:00+02:00", reset_throttle: true, reason: "the cause is known"}
"""
    first, second = parse_run_spec(SMOKE + operations, source="run.yaml").operations
    assert (first.kill_switch, first.reset_throttle, first.reason) == ("none", False, "over")
    assert (second.kill_switch, second.reset_throttle, second.at) == (None, True, "2024-01-01T10:00:00Z")
    assert first.at_ns == second.at_ns == 1_704_103_200_000_000_000


@pytest.mark.parametrize("engine", ["nautilus", "hftbacktest"])
@pytest.mark.parametrize("gate", ["on", "observe", "off"])
def test_a_core_strategy_runs_on_every_engine_with_every_gate(engine: str, gate: str) -> None:
    strategy = '  core: "m:C"\n  parameters: {size: "1"}\n  python_path: [.]\n'
    text = edited((SCENARIO, strategy), ("engine: nautilus", f"engine: {engine}"))
    spec = parse_run_spec(f"{text}gate: {gate}\nrisk: {{profile: research}}\n", source="run.yaml")
    assert (spec.engine, spec.gate, spec.strategy.core) == (engine, gate, "m:C")


def test_an_engine_says_nothing_of_a_strategy_that_cannot_be_read() -> None:
    text = edited(("engine: nautilus", "engine: hftbacktest"), ("strategy:\n" + SCENARIO, "strategy: x\n"))
    (told,) = problems_of(text)
    assert told.startswith("run.yaml:12: strategy: value 'x': expected a mapping")


def test_no_period_has_no_nanoseconds() -> None:
    data = DataSpec(dataset="x")
    assert (data.start_ns, data.end_ns) == (None, None)


def test_a_strategy_config_may_hold_any_json_value() -> None:
    config = '  config_path: "m:C"\n  config: {a: [1, -2.5, true, null, text, "no", {b: {}}, []], "1": 9223372036854775807}\n'
    spec = parse_run_spec(edited((SCENARIO, A_PATH + config + "  python_path: [., ../lib]\n")), source="run.yaml")
    assert spec.strategy.config == {"a": [1, -2.5, True, None, "text", "no", {"b": {}}, []], "1": 9223372036854775807}
    assert spec.strategy.python_path == (".", "../lib")


def test_a_strategy_path_needs_no_config() -> None:
    assert parse_run_spec(edited((SCENARIO, A_PATH)), source="run.yaml").strategy.path == "my_strategy:MyStrategy"


def test_all_problems_of_a_document_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (DOCUMENTS / "many_problems.yaml").read_text(encoding="utf-8")
    assert problems_of(text) == (DOCUMENTS / "many_problems.txt").read_text(encoding="utf-8").splitlines()


def test_the_error_counts_the_problems_and_says_what_to_do() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_run_spec(edited(("seed: 42", "seed: x"), ("mode: backtest", "mode: live")), source="run.yaml")
    assert caught.value.message.startswith("2 problems\nrun.yaml:3: mode: ")
    assert caught.value.hint == HINT
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(("old", "new", "problems"), wrong_values("wrong_paper_specs.txt"))
def test_what_a_paper_run_cannot_be_is_told_with_its_line(old: str, new: str, problems: list[str]) -> None:
    assert parse_run_spec(PAPER, source="run.yaml").mode == "paper"
    assert problems_of(edited((old, new), text=PAPER)) == problems


@pytest.mark.parametrize(("old", "new", "problems"), wrong_values("wrong_attached_specs.txt"))
def test_what_an_attached_run_cannot_have_is_told_with_its_line(old: str, new: str, problems: list[str]) -> None:
    assert problems_of(edited((old, new), text=ATTACHED)) == problems


def test_an_attached_run_observes_unless_it_says_otherwise_and_states_neither_venue_nor_strategy() -> None:
    assert parse_run_spec(ATTACHED, source="run.yaml").gate == "observe"
    assert parse_run_spec(ATTACHED + "gate: on\n", source="run.yaml").gate == "on"
    spec = parse_run_spec(ATTACHED + 'node: {environment: testnet, venue_url: "http://127.0.0.1:1"}\n', source="run.yaml")
    assert parse_run_spec(run_spec_yaml(spec), source="stored.yaml") == spec
    for read in (lambda: spec.stated_venue, lambda: spec.stated_strategy, lambda: spec.played):
        with pytest.raises(DocumentError):
            read()
    smoke = parse_run_spec(SMOKE, source="run.yaml")
    assert (smoke.stated_venue, smoke.stated_strategy, smoke.played) == (smoke.venue, smoke.strategy, smoke.data)


@pytest.mark.parametrize(("old", "new", "problems"), wrong_values("wrong_run_specs.txt"))
def test_a_wrong_value_is_told_with_its_line_what_was_expected_and_the_nearest(old: str, new: str, problems: list[str]) -> None:
    assert problems_of(edited((old, new))) == problems


def test_a_cash_account_has_no_leverage() -> None:
    text = edited(("account_type: margin", "account_type: cash"), ("BTCUSDT-PERP.BINANCE", "BTCUSDT.BINANCE"))
    (told,) = problems_of(text)
    assert told.startswith("run.yaml:10: venue.default_leverage: value '10': a cash account has no leverage; remove the line")
    assert parse_run_spec(edited(('  default_leverage: "10"\n', ""), text=text), source="run.yaml").venue.default_leverage == "1"


@pytest.mark.parametrize("version", ["2", "0", "99"])
def test_of_another_version_only_that_is_told_with_what_to_do(version: str) -> None:
    text = edited(("spec_version: 1", f"spec_version: {version}"), ("seed: 42", "shape: round"))
    (told,) = problems_of(text)
    assert told.startswith(f"run.yaml:1: spec_version: value {version}: this tc reads spec_version 1 only; rewrite the document")


@pytest.mark.parametrize("version", ["[1]", "1.0", "'1'", "null"])
def test_a_version_that_is_no_whole_number_is_one_problem_among_others(version: str) -> None:
    told = problems_of(edited(("spec_version: 1", f"spec_version: {version}"), ("seed: 42", "seed: x")))
    assert [line.partition(" ")[0] for line in told] == ["run.yaml:1:", "run.yaml:16:"]


@pytest.mark.parametrize("key", ["venue", "strategy"])
def test_what_every_run_states_is_not_stated_by_nothing(key: str) -> None:
    document = yaml.safe_load(edited())
    (told,) = problems_of(yaml.safe_dump({**document, key: None}, sort_keys=False))
    assert f" {key}: value null: expected " in told


def test_what_is_missing_is_told_at_the_mapping_that_lacks_it() -> None:
    assert problems_of(edited(("  dataset: btcusdt-1m-sample\n", "  start: null\n"))) == [
        "run.yaml:15: data.dataset: missing; expected the id of a dataset, such as btcusdt-1m-sample"
    ]
    assert [line.split()[1] for line in problems_of("{}")] == [
        f"{name}:" for name in ("spec_version", "name", "mode", "engine", "instrument", "venue", "strategy", "seed")
    ]


@pytest.mark.parametrize("text", ["just words", "[1, 2]", "42"])
def test_a_document_that_is_no_mapping_is_one_problem(text: str) -> None:
    (told,) = problems_of(text)
    assert "expected a mapping with the keys spec_version, name, mode" in told


def test_a_hundred_problems_are_told_and_the_rest_is_counted() -> None:
    told = problems_of(SMOKE + "".join(f"x{index}: 1\n" for index in range(150)))
    assert len(told) == 101
    assert told[-1] == "… and 50 more"


def test_a_file_is_read_with_its_overrides(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(SMOKE, encoding="utf-8")
    assert load_run_spec(path, overrides=["seed=7"]).seed == 7


def test_a_missing_file_is_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the file cannot be read: No such file or directory"):
        load_run_spec(tmp_path / "missing.yaml")
