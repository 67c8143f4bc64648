import msgspec
import pytest
from hypothesis import given, settings
from msgspec import UNSET
from msgspec.structs import replace

from run_specs import ATTACHED, SMOKE, edited, run_specs
from tc.core import CoreConfiguration
from tc.core.configuration import CONFIGURATION_VERSION
from tc.errors import DocumentError
from tc.spec.canonical import canonical_json, fingerprint
from tc.spec.effective import core_document, effective_document, resolved, run_spec_yaml
from tc.spec.gate import gate_configuration
from tc.spec.gate_spec import LIMITS, RiskSpec, ThrottleSpec
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.spec.run_spec import FeesSpec, RunSpec

GATED = f"""\
{SMOKE}
gate: on
risk:
  profile: cautious
  max_order_quantity: "0.5"
  throttle: {{executions: 5, window_s: 1}}
execution:
  rate: {{messages: 10, period_s: 1, burst: 5}}
operations:
  - {{at: "2024-01-01", kill_switch: reduce, reason: a rehearsal}}
"""
SPEC = parse_run_spec(SMOKE, source="run.yaml")
INSTRUMENT = load_instrument(SPEC.instrument, search=())


@settings(deadline=None)
@given(run_specs)
def test_R15_the_stored_form_reads_back_as_an_equal_run_spec(spec: RunSpec) -> None:
    assert parse_run_spec(run_spec_yaml(spec), source="run_spec.yaml") == spec


def test_R15_the_stored_form_holds_every_field() -> None:
    stored = run_spec_yaml(SPEC)
    assert (
        stored
        == """\
spec_version: 1
name: "smoke"
mode: "backtest"
engine: "nautilus"
venue:
  name: "BINANCE"
  account_type: "margin"
  oms_type: "netting"
  starting_balances:
    - "100000 USDT"
  base_currency: null
  default_leverage: "10"
  fees: null
instrument: "BTCUSDT-PERP.BINANCE"
strategy:
  scenario: "ops_smoke_demo"
  parameters: {}
  path: null
  config_path: null
  config: {}
  python_path: []
  core: null
data:
  dataset: "btcusdt-1m-sample"
  fingerprint: null
  start: null
  end: null
seed: 42
gate: "off"
risk: null
execution:
  rate: null
  priority:
    - "CANCEL"
    - "REPLACE"
    - "NEW"
timing:
  acknowledgement_timeout_s: null
  stale_feed_s: null
  heartbeat_s: null
  kill_switch_review_s: null
operations: []
node: null
stop: null
connectivity_readiness: null
core:
  closed_orders_kept: 4096
  price_history:
    samples: 0
    every_s: "1"
"""
    )


def test_R15_the_effective_document_holds_every_value_with_the_fees_resolved() -> None:
    document = effective_document(SPEC, INSTRUMENT)
    assert document == {
        "run_spec": {
            "spec_version": 1,
            "name": "smoke",
            "mode": "backtest",
            "engine": "nautilus",
            "venue": {
                "name": "BINANCE",
                "account_type": "margin",
                "oms_type": "netting",
                "starting_balances": ["100000 USDT"],
                "base_currency": None,
                "default_leverage": "10",
                "fees": {"maker": "0.0002", "taker": "0.0005"},
            },
            "instrument": "BTCUSDT-PERP.BINANCE",
            "strategy": {
                "scenario": "ops_smoke_demo",
                "parameters": {},
                "path": None,
                "config_path": None,
                "config": {},
                "python_path": [],
                "core": None,
            },
            "data": {"dataset": "btcusdt-1m-sample", "fingerprint": None, "start": None, "end": None},
            "seed": 42,
            "gate": "off",
            "risk": None,
            "execution": {"rate": None, "priority": ["CANCEL", "REPLACE", "NEW"]},
            "timing": {
                "acknowledgement_timeout_s": None,
                "stale_feed_s": None,
                "heartbeat_s": None,
                "kill_switch_review_s": None,
            },
            "operations": [],
            "node": None,
            "stop": None,
            "connectivity_readiness": None,
            "core": {"closed_orders_kept": 4096, "price_history": {"samples": 0, "every_s": "1"}},
        },
        "instrument": msgspec.to_builtins(INSTRUMENT),
    }


def test_R15_a_default_written_out_changes_nothing() -> None:
    written = edited(
        ('  default_leverage: "10"\n', '  default_leverage: "10"\n  base_currency: null\n  fees: null\n'),
        ("seed: 42", "seed: 42\ngate: off\nrisk: null\nexecution: {rate: null}\ncore: {closed_orders_kept: 4096}"),
    )
    assert fingerprint(effective_document(parse_run_spec(written, source="x"), INSTRUMENT)) == fingerprint(
        effective_document(SPEC, INSTRUMENT)
    )


def test_fees_of_the_run_spec_replace_those_of_the_instrument() -> None:
    text = edited(('  default_leverage: "10"\n', '  default_leverage: "10"\n  fees: {maker: 0, taker: "0.0001"}\n'))
    assert resolved(parse_run_spec(text, source="x"), INSTRUMENT).venue.fees == FeesSpec(maker="0", taker="0.0001")
    assert resolved(resolved(SPEC, INSTRUMENT), INSTRUMENT) == resolved(SPEC, INSTRUMENT)


def test_R15_a_profile_is_written_out_into_every_limit() -> None:
    risk = resolved(parse_run_spec(GATED, source="x"), INSTRUMENT).risk
    assert risk == RiskSpec(
        profile=None,
        max_order_quantity="0.5",
        max_order_notional="10000",
        max_position=None,
        max_gross_exposure="50000",
        price_collar="0.02",
        reference_max_age_s="60",
        duplicate_window_s="1",
        throttle=ThrottleSpec(executions=5, window_s="1"),
        max_daily_messages=5000,
        session=None,
    )


@settings(deadline=None)
@given(run_specs)
def test_R15_the_resolved_form_states_every_limit_names_no_profile_and_reads_back(spec: RunSpec) -> None:
    complete = resolved(spec, INSTRUMENT)
    assert complete.risk is not None
    assert complete.risk.profile is None
    assert UNSET not in [getattr(complete.risk, limit) for limit in LIMITS]
    assert parse_run_spec(run_spec_yaml(complete), source="stored") == resolved(complete, INSTRUMENT) == complete
    assert msgspec.convert(effective_document(spec, INSTRUMENT)["run_spec"], RunSpec) == complete


def test_R15_limits_of_a_profile_written_out_by_hand_change_nothing() -> None:
    stored = run_spec_yaml(resolved(parse_run_spec(GATED, source="x"), INSTRUMENT))
    by_hand = parse_run_spec(stored, source="by hand")
    assert effective_document(by_hand, INSTRUMENT) == effective_document(parse_run_spec(GATED, source="x"), INSTRUMENT)


def test_a_profile_in_dollars_is_refused_for_an_instrument_quoted_in_another_currency() -> None:
    instrument = replace(INSTRUMENT, quote_currency="BTC")
    spec = parse_run_spec(GATED, source="x")
    with pytest.raises(DocumentError) as caught:
        resolved(spec, instrument)
    assert caught.value.message == (
        "smoke: risk.profile: value 'cautious': its values are meant in dollars, and BTCUSDT-PERP.BINANCE is quoted in BTC; "
        "write max_order_notional and max_gross_exposure out"
    )
    written = parse_run_spec(GATED, source="x", overrides=["risk.max_order_notional=1", "risk.max_gross_exposure=null"])
    assert resolved(written, instrument).risk is not None


def test_the_core_is_told_everything_that_it_needs() -> None:
    assert core_document(SPEC, INSTRUMENT) == {
        "closed_orders_kept": 4096,
        "history": {"samples": 0, "every_ns": 1_000_000_000},
        "gate": None,
    }
    gated = parse_run_spec(GATED, source="x", overrides=["gate=observe", "core.price_history={samples: 20, every_s: '0.25'}"])
    core = core_document(gated, INSTRUMENT)
    assert core["history"] == {"samples": 20, "every_ns": 250_000_000}
    document = {"configuration_version": CONFIGURATION_VERSION, "core": core}
    configuration = CoreConfiguration.from_document(document)
    assert configuration.gate == gate_configuration(gated, INSTRUMENT, mode="observe")


@settings(deadline=None)
@given(run_specs)
def test_R15_whatever_is_specified_the_core_can_be_configured_with_it(spec: RunSpec) -> None:
    core = core_document(spec, INSTRUMENT)
    configuration = CoreConfiguration.from_document({"configuration_version": CONFIGURATION_VERSION, "core": core})
    assert (configuration.gate is None) == (spec.gate == "off")
    assert core == core_document(resolved(spec, INSTRUMENT), INSTRUMENT)


def test_a_perpetual_on_a_cash_account_is_refused() -> None:
    cash = edited(("account_type: margin", "account_type: cash"), ('  default_leverage: "10"\n', ""))
    with pytest.raises(DocumentError) as caught:
        effective_document(parse_run_spec(cash, source="x"), INSTRUMENT)
    assert caught.value.message == (
        "smoke: venue.account_type: value 'cash': BTCUSDT-PERP.BINANCE is a perpetual and needs a margin account"
    )


def test_R12_the_fingerprint_does_not_depend_on_the_order_of_keys_or_on_whitespace() -> None:
    lines = SMOKE.splitlines()
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith(" "):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    shuffled = "\n\n".join("\n".join([block[0], *reversed(block[1:])]) for block in reversed(blocks)) + "\n# a comment\n"
    assert shuffled.index("seed") < shuffled.index("name")
    other = parse_run_spec(shuffled, source="other")
    assert fingerprint(other) == fingerprint(SPEC)


@settings(deadline=None)
@given(run_specs, run_specs)
def test_R12_two_run_specs_have_one_fingerprint_only_if_they_are_equal(one: RunSpec, other: RunSpec) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (canonical_json(one) == canonical_json(other))
    assert fingerprint(one) == fingerprint(msgspec.json.decode(canonical_json(one)))
    if one != other:
        assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    "override",
    [
        "name=other",
        "venue.starting_balances=[1 USDT]",
        "venue.base_currency=USDT",
        "venue.default_leverage=9",
        "venue.fees={maker: 0, taker: 0}",
        "instrument=FILUSDT-PERP.BINANCE",
        "strategy.parameters.x=1",
        "strategy.parameters.x=1.0",
        "data.dataset=other",
        f"data.fingerprint='{'0' * 64}'",
        "data.start=2023-04-01",
        "data.end=2024-04-01",
        "seed=43",
        "gate=observe",
        "gate=off",
        "risk.profile=standard",
        "risk.max_position=1",
        "risk.max_position=null",
        "risk.throttle.executions=1",
        "execution.rate.messages=9",
        "execution.rate=null",
        "execution.priority=[NEW, REPLACE, CANCEL]",
        "timing.heartbeat_s=60",
        "operations.0.kill_switch=halt",
        "operations=[]",
        "connectivity_readiness={venue: BINANCE}",
        "core.closed_orders_kept=1",
        "core.price_history.samples=1",
    ],
)
def test_R12_every_value_changes_the_fingerprint(override: str) -> None:
    changed = parse_run_spec(GATED, source="run.yaml", overrides=[override])
    assert fingerprint(changed) != fingerprint(parse_run_spec(GATED, source="run.yaml"))


def test_R12_how_positions_are_kept_changes_the_fingerprint() -> None:
    assert fingerprint(parse_run_spec(SMOKE, source="run.yaml", overrides=["venue.oms_type=hedging"])) != fingerprint(
        parse_run_spec(SMOKE, source="run.yaml")
    )


def test_canonical_json_is_sorted_compact_utf_8() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": {"é": True}}) == '{"a":{"é":true},"b":[1,2.5,null]}'.encode()


def test_the_fingerprint_is_the_sha_256_of_the_canonical_json() -> None:
    assert fingerprint({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_run_that_only_watches_has_no_fees_to_resolve() -> None:
    attached = parse_run_spec(ATTACHED, source="run.yaml")
    assert attached.venue is None
    whole = resolved(attached, load_instrument(attached.instrument, search=()))
    assert whole.venue is None
    assert replace(whole, risk=None) == replace(attached, risk=None)
