import msgspec
import pytest
from hypothesis import given, settings

from run_specs import SMOKE, edited, run_specs
from tc.errors import DocumentError
from tc.spec.canonical import canonical_json, fingerprint
from tc.spec.effective import effective_document, resolved, run_spec_yaml
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.spec.run_spec import FeesSpec, RunSpec

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
data:
  dataset: "btcusdt-1m-sample"
  fingerprint: null
  start: null
  end: null
seed: 42
core:
  closed_orders_kept: 4096
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
            },
            "data": {"dataset": "btcusdt-1m-sample", "fingerprint": None, "start": None, "end": None},
            "seed": 42,
            "core": {"closed_orders_kept": 4096},
        },
        "instrument": msgspec.to_builtins(INSTRUMENT),
    }


def test_R15_a_default_written_out_changes_nothing() -> None:
    written = edited(
        ('  default_leverage: "10"\n', '  default_leverage: "10"\n  base_currency: null\n  fees: null\n'),
        ("seed: 42", "seed: 42\ncore: {closed_orders_kept: 4096}"),
    )
    assert fingerprint(effective_document(parse_run_spec(written, source="x"), INSTRUMENT)) == fingerprint(
        effective_document(SPEC, INSTRUMENT)
    )


def test_fees_of_the_run_spec_replace_those_of_the_instrument() -> None:
    text = edited(('  default_leverage: "10"\n', '  default_leverage: "10"\n  fees: {maker: 0, taker: "0.0001"}\n'))
    assert resolved(parse_run_spec(text, source="x"), INSTRUMENT).venue.fees == FeesSpec(maker="0", taker="0.0001")
    assert resolved(resolved(SPEC, INSTRUMENT), INSTRUMENT) == resolved(SPEC, INSTRUMENT)


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
        "venue.oms_type=hedging",
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
        "data.end=2023-04-01",
        "seed=43",
        "core.closed_orders_kept=1",
    ],
)
def test_R12_every_value_changes_the_fingerprint(override: str) -> None:
    changed = parse_run_spec(SMOKE, source="run.yaml", overrides=[override])
    assert fingerprint(changed) != fingerprint(SPEC)


def test_canonical_json_is_sorted_compact_utf_8() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": {"é": True}}) == '{"a":{"é":true},"b":[1,2.5,null]}'.encode()


def test_the_fingerprint_is_the_sha_256_of_the_canonical_json() -> None:
    assert fingerprint({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
