import re
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from report_samples import DOCUMENT, small_summary
from tc.core.decision import Obligation
from tc.reports.figures import Exposed, LimitUse, Oddity, Safety
from tc.reports.gate import GateSummary, OutcomeCount
from tc.reports.metrics import METRICS, amount, run_metrics
from tc.reports.reconciliation import KeptReconciliation, compared_metrics
from tc.reports.report import ProcessUsage
from tc.reports.summary import summarize

SAFETY = Safety(
    "halt",
    {"blocked": 5},
    0,
    (Exposed("BTCUSDT.X", Decimal("0.50"), None, "USDT"),),
    (LimitUse("max_position", Decimal(2), None),),
)
PROCESS = ProcessUsage(2.0, 1.5, 1024, None, 10, "durable")
KEYED = (
    "journal.events_by_type",
    "data.rows_by_dataset",
    "turnover",
    "commissions",
    "profit",
    "kill_switch.steps_ns",
    "strategy_counters",
)


def names_in(value: object, path: str = "") -> set[str]:
    """Return the names in metrics.json, as the table writes them."""
    if isinstance(value, dict) and path in KEYED:
        return set().union(*(names_in(inner, f"{path}.*") for inner in value.values()))
    if isinstance(value, dict):
        own = {path} if path in {"equity", "gate", "process"} else set()
        return own.union(*(names_in(inner, f"{path}.{name}".lstrip(".")) for name, inner in value.items()))
    if isinstance(value, list):
        return set().union(*(names_in(inner, f"{path}[]") for inner in value)) if value else {f"{path}[]"}
    return {path}


def test_every_name_is_in_the_table_and_every_name_of_the_table_is_there() -> None:
    gate = GateSummary("on", 1, (OutcomeCount("held", "rate_capacity", "R53", 1, 7, "O-1"),), (), (Obligation(1, "heartbeat"),))
    summary = replace(small_summary(), oddities=(Oddity("late_fill", 1, 7, "O-1"),), gate=gate, safety=SAFETY)
    compared = compared_metrics((KeptReconciliation("reconciliation-0001.json", None),), is_over=False)
    metrics = run_metrics(summary, PROCESS, strategy_counters={"OrderDenied": 1}, compared=compared)
    assert names_in(metrics) == {metric.name for metric in METRICS}


def test_every_name_is_said_once_with_its_meaning() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.meaning for metric in METRICS)


def test_figures_are_those_of_the_run() -> None:
    metrics = msgspec.json.decode(msgspec.json.encode(run_metrics(small_summary(), PROCESS)))
    assert metrics["schema"] == 1
    assert metrics["orders"]["total"] == 5
    assert metrics["fills"] == {"total": 4, "compat": 0, "repeated": 0}
    assert metrics["turnover"] == {"USDT": "433.75"}
    assert metrics["equity"]["net_profit"] == "4.085"
    assert metrics["equity"]["max_drawdown_fraction"] == "0.000144"
    assert metrics["process"]["rows_per_s"] == 9.0
    assert metrics["process"]["read_bytes"] is None


def test_amounts_are_strings_and_never_floats() -> None:
    text = msgspec.json.encode({key: value for key, value in run_metrics(small_summary(), PROCESS).items() if key != "process"})
    assert not re.search(rb"[:\[,]-?\d+\.\d", text)


def test_what_was_not_measured_is_null() -> None:
    metrics = run_metrics(summarize([], document=DOCUMENT), None)
    assert (metrics["process"], metrics["equity"]) == (None, None)


def test_no_time_gives_no_rate() -> None:
    process = run_metrics(small_summary(), replace(PROCESS, wall_s=0.0))["process"]
    assert isinstance(process, dict)
    assert (process["rows_per_s"], process["events_per_s"]) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1E+3", "1000"), ("1.500", "1.5"), ("-0.0", "0"), ("100", "100"), ("-2.50", "-2.5"), ("1E+99", "1E+99"), ("NaN", "NaN")],
)
def test_an_amount_is_written_in_full(value: str, expected: str) -> None:
    assert amount(Decimal(value)) == expected
