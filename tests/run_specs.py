"""RunSpecs for tests: a valid one to edit, what is told of broken ones, and a strategy that makes many."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from tc.errors import DocumentError
from tc.spec.connectivity_spec import ConnectivityReadinessSpec
from tc.spec.gate_spec import (
    LIMITS,
    ExecutionSpec,
    OperationSpec,
    RateSpec,
    RiskSpec,
    SessionSpec,
    ThrottleSpec,
    TimingSpec,
)
from tc.spec.grammar import format_instant
from tc.spec.parse import parse_run_spec
from tc.spec.run_spec import (
    LARGEST_INTEGER,
    CoreSpec,
    DataSpec,
    FeesSpec,
    PriceHistorySpec,
    RunSpec,
    StrategySpec,
    VenueSpec,
)

SMOKE = """\
spec_version: 1
name: smoke
mode: backtest
engine: nautilus
venue:
  name: BINANCE
  account_type: margin
  oms_type: netting
  starting_balances: ["100000 USDT"]
  default_leverage: "10"
instrument: BTCUSDT-PERP.BINANCE
strategy:
  scenario: ops_smoke_demo
data:
  dataset: btcusdt-1m-sample
seed: 42
"""

PAPER = """\
spec_version: 1
name: smoke
mode: paper
engine: nautilus
venue:
  name: BINANCE
  account_type: margin
  oms_type: netting
  starting_balances: ["100000 USDT"]
instrument: BTCUSDT-PERP.BINANCE
strategy:
  scenario: ops_smoke_demo
seed: 42
gate: on
risk: {profile: cautious}
node: {venue: embedded}
stop: {duration_s: 60}
"""


ATTACHED = """\
spec_version: 1
name: smoke
mode: attached
engine: nautilus
instrument: BTCUSDT-PERP.BINANCE
risk: {profile: cautious}
"""

DOCUMENTS = Path(__file__).parent / "spec" / "documents"


def wrong_values(name: str) -> list[tuple[str, str, list[str]]]:
    """Return the cases of a file: the lines marked - are replaced by those marked +, which makes the problems marked =."""
    cases = []
    for block in (DOCUMENTS / name).read_text(encoding="utf-8").strip().split("\n\n"):
        lines: dict[str, list[str]] = {"-": [], "+": [], "=": []}
        for line in block.splitlines():
            lines[line[0]].append(line[2:])
        cases.append(("\n".join(lines["-"]), "\n".join(lines["+"]), lines["="]))
    return cases


def edited(*edits: tuple[str, str], text: str = SMOKE) -> str:
    """Return the text with each old part, which must be there once, replaced by the new one."""
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


class _Yaml12(yaml.SafeLoader):
    """PyYAML's loader with the words that YAML 1.2 takes for booleans: `on` and `off` are text."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))


def yaml_tree(text: str) -> Any:
    """Return a YAML text as an editor reads it."""
    return yaml.load(text, _Yaml12)  # noqa: S506 - a SafeLoader


def problems_of(text: str, *overrides: str) -> list[str]:
    """Return the lines of the error that a broken RunSpec raises."""
    with pytest.raises(DocumentError) as caught:
        parse_run_spec(text, source="run.yaml", overrides=overrides)
    lines = caught.value.message.splitlines()
    return lines[1:] if len(lines) > 1 else lines


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=12,
)
_objects = st.dictionaries(_words, _json_values, max_size=4)
_scenarios = st.builds(StrategySpec, scenario=st.just("ops_smoke_demo"), parameters=_objects)
_paths = st.builds(
    StrategySpec,
    path=st.sampled_from(["m:C", "a.b_c:D1"]),
    config_path=st.just("m:Config"),
    config=_objects,
    python_path=st.lists(st.sampled_from([".", "../lib", "a b", "ü"]), max_size=2).map(tuple),
)
_cores = st.builds(StrategySpec, core=st.just("m:C"), parameters=_objects, python_path=st.just((".",)))
_rates = st.sampled_from(["0", "0.0002", "-0.00025", "1"])
_instants = st.integers(0, 9_000_000_000_000_000_000).map(format_instant)
_margin_venues = st.builds(
    VenueSpec,
    name=st.just("BINANCE"),
    account_type=st.just("margin"),
    oms_type=st.sampled_from(["netting", "hedging"]),
    starting_balances=st.sampled_from([("100000 USDT",), ("0.00000001 BTC", "5.25 USDT")]),
    default_leverage=st.sampled_from(["1", "10", "2.5"]),
    fees=st.none() | st.builds(FeesSpec, maker=_rates, taker=_rates),
)
_counts = st.integers(1, 1_000_000_000)
_seconds = st.sampled_from(["0.000000001", "0.5", "1", "31622400"])
_amounts = st.sampled_from(["0.00000001", "1", "10000.5"])
_limits: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(LIMITS, _amounts),
    "price_collar": st.sampled_from(["0.02", "1"]),
    "reference_max_age_s": _seconds,
    "duplicate_window_s": _seconds,
    "throttle": st.builds(ThrottleSpec, executions=_counts, window_s=_seconds),
    "max_daily_messages": _counts,
    "session": st.builds(SessionSpec, start=st.sampled_from(["00:00", "22:30"]), end=st.sampled_from(["08:00", "24:00"])),
}
_or_off = {name: st.none() | values for name, values in _limits.items()}
_profiles = st.sampled_from(["cautious", "research", "standard"])
risks = st.fixed_dictionaries(_or_off).map(lambda limits: RiskSpec(**limits)) | st.builds(
    lambda profile, limits: RiskSpec(profile=profile, **limits), _profiles, st.fixed_dictionaries({}, optional=_or_off)
)
_rate_limits = st.builds(RateSpec, messages=_counts, period_s=_seconds, burst=_counts)
_operations = st.sampled_from(
    [
        (OperationSpec(at="2262-04-09T00:00:00Z", kill_switch="reduce", reason="a rehearsal"),),
        (OperationSpec(at="2262-04-10T00:00:00Z", reset_throttle=True, reason="ü"),),
    ]
)
_readiness = st.builds(
    ConnectivityReadinessSpec,
    venue=st.just("BINANCE"),
    required=st.sampled_from([(), ("TC_KEY", "_SECRET2")]),
    optional=st.sampled_from([(), ("A",)]),
    enabled=st.booleans(),
)
_all_run_specs = st.builds(
    RunSpec,
    spec_version=st.just(1),
    name=st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
    mode=st.just("backtest"),
    engine=st.just("nautilus"),
    venue=_margin_venues,
    instrument=st.just("BTCUSDT-PERP.BINANCE"),
    strategy=_scenarios | _paths | _cores,
    data=st.builds(
        DataSpec, dataset=st.just("btcusdt-1m-sample"), fingerprint=st.none() | st.just("0" * 64), start=_instants | st.none()
    ),
    seed=st.integers(0, LARGEST_INTEGER),
    gate=st.sampled_from(["on", "observe", "off"]),
    risk=risks,
    execution=st.builds(
        ExecutionSpec, rate=st.none() | _rate_limits, priority=st.permutations(["CANCEL", "REPLACE", "NEW"]).map(tuple)
    ),
    timing=st.builds(TimingSpec, **dict.fromkeys(TimingSpec.__struct_fields__, st.none() | _seconds)),
    operations=st.just(()) | _operations,
    connectivity_readiness=st.none() | _readiness,
    core=st.builds(
        CoreSpec,
        closed_orders_kept=st.integers(1, LARGEST_INTEGER),
        price_history=st.builds(PriceHistorySpec, samples=st.integers(0, 100_000), every_s=_seconds),
    ),
)
run_specs = _all_run_specs.filter(lambda spec: spec.gate == "off" or spec.venue.oms_type == "netting")
"""The gate counts one position per instrument: it stands in front of no hedging account."""
