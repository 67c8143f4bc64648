import pytest

from run_specs import SMOKE, edited, problems_of
from tc.spec.parse import parse_run_spec
from tc.spec.run_spec import FeesSpec, RunSpec


def parsed(*overrides: str, text: str = SMOKE) -> RunSpec:
    return parse_run_spec(text, source="run.yaml", overrides=overrides)


def test_an_override_replaces_one_value() -> None:
    spec = parsed("data.start=2023-04-02", "seed=7", "venue.oms_type=hedging")
    assert (spec.data.start, spec.seed, spec.venue.oms_type) == ("2023-04-02T00:00:00Z", 7, "hedging")


def test_the_last_override_of_a_path_wins() -> None:
    assert parsed("seed=1", "seed=2").seed == 2


def test_an_override_makes_the_mapping_that_it_needs() -> None:
    assert parsed("core.closed_orders_kept=10").core.closed_orders_kept == 10
    without = edited(("  oms_type: netting\n", "  oms_type: netting\n  fees: null\n"))
    fees = parsed("venue.fees.maker=0.0001", "venue.fees.taker=0", text=without).venue.fees
    assert fees == FeesSpec(maker="0.0001", taker="0")


def test_an_override_reaches_into_a_list() -> None:
    assert parsed("venue.starting_balances.0=5 BTC").venue.starting_balances == ("5 BTC",)


def test_an_empty_value_and_null_set_nothing() -> None:
    text = edited(("  dataset: btcusdt-1m-sample\n", "  dataset: btcusdt-1m-sample\n  start: 2023-04-01\n"))
    assert parsed("data.start=", text=text).data.start is None
    assert parsed("data.start=null", text=text).data.start is None


def test_a_whole_mapping_can_be_overridden_in_flow_style() -> None:
    assert parsed("strategy={scenario: ops_smoke_demo, parameters: {x: [1, 2]}}").strategy.parameters == {"x": [1, 2]}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parsed('strategy.parameters.x="a=b"').strategy.parameters == {"x": "a=b"}


def test_decimals_need_no_quotes_in_an_override_since_no_other_reader_sees_it() -> None:
    assert parsed("venue.default_leverage=1.50").venue.default_leverage == "1.5"


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", "--set: value seed: expected PATH=VALUE, such as data.start=2023-04-02"),
        ("=1", "--set: value =1: expected PATH=VALUE, such as data.start=2023-04-02"),
        ("data..start=1", "--set: value data..start=1: expected PATH=VALUE, such as data.start=2023-04-02"),
        (
            "data.strat=2023-04-02",
            "--set data.strat: data.strat: unknown key; expected 'dataset', 'fingerprint', 'start' or 'end'; did you mean 'start'?",  # noqa: E501 - one line as it is told
        ),
        ("a." * 64 + "b=1", f"--set: value {'a.' * 29}a…: its path is deeper than 64 levels"),
        ("seed.x=1", "--set seed.x: 42 has no part 'x'"),
        ("venue.starting_balances.1=5 BTC", "--set venue.starting_balances.1: a list of 1 has no part '1'"),
        ("venue.starting_balances.first=5 BTC", "--set venue.starting_balances.first: a list of 1 has no part 'first'"),
        (
            "seed=forty",
            "--set seed: seed: value 'forty': expected a whole number from 0 to 9223372036854775807",
        ),
        ("name=[", "--set name: this is not YAML: "),
        ("name=*x", "--set name: aliases are not supported: write the value out, in quotes where it begins with *"),
    ],
)
def test_a_wrong_override_is_told_like_a_wrong_line_with_the_option_as_its_place(override: str, problem: str) -> None:
    (told,) = problems_of(SMOKE, override)
    assert told.startswith(problem)
    if not problem.endswith(" "):
        assert told == problem


def test_wrong_overrides_and_wrong_lines_are_told_together() -> None:
    told = problems_of(edited(("seed: 42", "seed: x")), "data.strat=1", "venue.oms_type=neting")
    assert [line.partition(": ")[0] for line in told] == ["run.yaml:16", "--set venue.oms_type", "--set data.strat"]


def test_an_override_of_a_document_that_is_no_yaml_adds_nothing() -> None:
    assert problems_of("a: [", "seed=1")[0].startswith("run.yaml:")
