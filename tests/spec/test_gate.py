from decimal import Decimal
from typing import get_args

import pytest
from msgspec.structs import replace

from run_specs import SMOKE
from tc.core.events.control import KillMode
from tc.core.events.requests import Kind
from tc.core.gate import GateConfiguration, InstrumentTerms, RateLimit, RiskLimits, Session, Throttle, Timing
from tc.errors import DocumentError
from tc.spec.gate import gate_configuration
from tc.spec.gate_spec import LIMITS, CommandKind, KillSwitch
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec

INSTRUMENT = load_instrument("BTCUSDT-PERP.BINANCE", search=())
SECOND = 1_000_000_000
WRITTEN_OUT = f"""\
{SMOKE}
gate: on
risk:
  max_order_quantity: "1.50"
  max_order_notional: 10000
  max_position: 5
  max_gross_exposure: "50000"
  price_collar: "0.05"
  reference_max_age_s: 60
  duplicate_window_s: "0.5"
  throttle: {{executions: 20, window_s: 60}}
  max_daily_messages: 50000
  session: {{start: "22:30", end: "24:00"}}
execution:
  rate: {{messages: 10, period_s: 1, burst: 20}}
  priority: [NEW, CANCEL, REPLACE]
timing:
  acknowledgement_timeout_s: 5
  stale_feed_s: "0.25"
  heartbeat_s: 3600
  kill_switch_review_s: 900
"""


def test_every_value_of_the_blocks_reaches_the_core() -> None:
    spec = parse_run_spec(WRITTEN_OUT, source="run.yaml")
    assert gate_configuration(spec, INSTRUMENT, mode="on") == GateConfiguration(
        mode="on",
        limits=RiskLimits(
            max_order_quantity=Decimal("1.5"),
            max_order_notional=Decimal(10000),
            max_position=Decimal(5),
            max_gross_exposure=Decimal(50000),
            price_collar=Decimal("0.05"),
            reference_max_age_ns=60 * SECOND,
            duplicate_window_ns=SECOND // 2,
            throttle=Throttle(20, 60 * SECOND),
            max_daily_messages=50000,
            session=Session(81_000 * SECOND, 86_400 * SECOND),
        ),
        rate=RateLimit(10, SECOND, 20),
        timing=Timing(5 * SECOND, SECOND // 4, 3600 * SECOND, 900 * SECOND),
        kind_priority=("NEW", "CANCEL", "REPLACE"),
        instruments={"BTCUSDT-PERP.BINANCE": InstrumentTerms(Decimal(1), is_inverse=False, max_quantity=Decimal(1000))},
    )


@pytest.mark.parametrize(
    ("most", "step", "largest"),
    [(None, "0.001", None), ("1000", "0.001", "1000"), ("10.0005", "0.001", "10"), ("7.5", "2", "6"), ("0.5", "1", None)],
)
def test_R42_the_largest_order_reaches_the_core_in_whole_steps(most: str | None, step: str, largest: str | None) -> None:
    spec = parse_run_spec(WRITTEN_OUT, source="run.yaml")
    instrument = replace(INSTRUMENT, max_quantity=most, size_increment=step)
    terms = gate_configuration(spec, instrument, mode="on").instruments[INSTRUMENT.id]
    assert terms.max_quantity == (None if largest is None else Decimal(largest))


@pytest.mark.parametrize("mode", ["on", "observe"])
def test_a_gate_in_front_of_a_hedging_account_is_refused(mode: str) -> None:
    hedging = WRITTEN_OUT.replace("oms_type: netting", "oms_type: hedging").replace("gate: on", f"gate: {mode}")
    with pytest.raises(DocumentError) as refused:
        parse_run_spec(hedging, source="run.yaml")
    assert refused.value.message == (
        "run.yaml:8: venue.oms_type: value 'hedging': the gate counts one position per instrument and cannot close two sides "
        "of one; write netting, or gate: off"
    )


def test_a_hedging_account_without_a_gate_is_taken() -> None:
    assert parse_run_spec(SMOKE.replace("netting", "hedging"), source="run.yaml").venue.oms_type == "hedging"


def test_R39_a_limit_that_is_null_is_knowingly_off_and_nothing_else_is() -> None:
    off = "".join(f"  {limit}: null\n" for limit in LIMITS)
    spec = parse_run_spec(f"{SMOKE}gate: observe\nrisk:\n{off}", source="run.yaml")
    gate = gate_configuration(spec, INSTRUMENT, mode="observe")
    assert gate.mode == "observe"
    assert gate.limits == RiskLimits(*[None] * 10)
    assert (gate.rate, gate.timing) == (None, Timing(None, None, None, None))


def test_R39_a_gate_without_limits_is_refused() -> None:
    spec = parse_run_spec(SMOKE, source="run.yaml")
    with pytest.raises(DocumentError, match="smoke: gate: value 'on': it needs limits to judge by; write a risk block"):
        gate_configuration(spec, INSTRUMENT, mode="on")


def test_the_words_of_the_spec_are_those_of_the_core() -> None:
    assert set(get_args(CommandKind)) == set(get_args(Kind))
    assert set(get_args(KillSwitch)) == set(get_args(KillMode))
    spec_names = [name.removesuffix("_s") for name in LIMITS]
    assert spec_names == [name.removesuffix("_ns") for name in RiskLimits.__struct_fields__]
