"""Claims about what a report says of a gate: counts, examples, deadlines left over."""

from dataclasses import replace
from typing import Any

import pytest

from gated import GatedStream, gate_document
from gated_directories import ONE_A_SECOND, document_with, gated, play
from report_samples import HOSTILE, INSTRUMENT, RUN_SPEC, small_report
from tc.core.decision import Decision, Obligation, outcome
from tc.reports.gate import EXAMPLES_KEPT, Example, GateTally
from tc.reports.html import render_html
from tc.reports.markdown import plain, render_markdown
from tc.reports.metrics import run_metrics
from tc.reports.report import ReportInput
from tc.reports.summary import RunSummary, summarize


def summary_of(gate: dict[str, Any]) -> RunSummary:
    parts: dict[str, object] = {"instrument": INSTRUMENT, "run_spec": RUN_SPEC}
    stream = play(gated(gate, **parts))
    return summarize(stream.entries, document=document_with(gate, **parts))


def report_of(gate: dict[str, Any]) -> ReportInput:
    return replace(small_report(), summary=summary_of(gate))


ON = gate_document(rate=ONE_A_SECOND, max_order_quantity="5")
OBSERVE = {**ON, "mode": "observe"}


def test_what_a_gate_decided_is_counted_by_result_and_reason() -> None:
    gate = summary_of(ON).gate
    assert gate is not None
    assert (gate.mode, gate.decisions) == ("on", 9)
    assert [(each.result, each.reason, each.count) for each in gate.outcomes][:2] == [
        ("allowed", "", 6),
        ("held", "rate_capacity", 3),
    ]
    assert [(each.outcome.key, each.outcome.result) for each in gate.examples][:2] == [("O-LARGE", "denied"), ("O-2", "held")]
    assert [each.reason for each in gate.unrealised] == ["rate_window"]


def test_a_run_without_a_gate_says_nothing_of_one() -> None:
    assert small_report().summary.gate is None
    assert "Decisions of the gate" not in render_markdown(small_report())
    assert "tc runs explain" not in render_markdown(small_report())


def test_the_report_shows_decisions_examples_and_deadlines() -> None:
    text = render_markdown(report_of(ON))
    assert "## Decisions of the gate" in text
    assert "Every command was judged, and sent only when the gate let it go." in text
    assert (
        "| `denied` | `max_order_quantity` | 1 | 18 | O-LARGE | denied by Risk: the order's quantity is above the limit |" in text
    )
    assert "### What was denied, held or dropped" in text
    assert "12.5 above 5" in text
    assert "### Deadlines that lay behind the run's end" in text
    assert "- `tc runs explain " in text


def test_an_observing_gate_is_reported_as_what_would_have_been() -> None:
    text = render_markdown(report_of(OBSERVE))
    assert "The gate only observed" in text
    assert "### What would have been denied or held" in text
    assert "| `would_deny` | `max_order_quantity` | 1 |" in text
    assert "| `would_hold` | `rate_capacity` |" in text


def test_the_page_shows_the_same_section() -> None:
    page = render_html(report_of(OBSERVE))
    assert "Decisions of the gate" in page
    assert "would_deny" in page


def test_hostile_words_in_decisions_stay_text() -> None:
    report = report_of(ON)
    gate = report.summary.gate
    assert gate is not None
    hostile = replace(
        gate,
        mode=HOSTILE,
        outcomes=tuple(replace(each, result=HOSTILE, reason=HOSTILE, key=HOSTILE) for each in gate.outcomes),
        examples=(Example(1, 1, outcome(HOSTILE, "NEW", "denied", "risk_error", detail=HOSTILE)),),
        unrealised=(Obligation(1, "heartbeat", HOSTILE),),
    )
    report = replace(report, summary=replace(report.summary, gate=hostile))
    assert "<img" not in render_html(report)
    assert plain(HOSTILE) in render_markdown(report)


def test_metrics_hold_the_counts_and_the_deadlines() -> None:
    metrics = run_metrics(summary_of(ON), None)
    gate = metrics["gate"]
    assert isinstance(gate, dict)
    assert gate["outcomes"][0] == {"result": "allowed", "reason": "", "rule": "", "count": 6, "position": 14, "key": "O-1"}
    assert gate["unrealised"] == [{"deadline_ns": 1_700_000_002_000_000_000, "reason": "rate_window", "scope": ""}]
    assert run_metrics(small_report().summary, None)["gate"] is None


def test_only_the_first_examples_of_each_result_are_kept() -> None:
    tally = GateTally("on")
    for position in range(1, 21):
        results = (outcome("A", "NEW", "denied", "price_collar"), outcome("B", "NEW", "allowed"))
        tally.take(Decision(position, position, results))
    examples = tally.summary().examples
    assert [each.position for each in examples] == list(range(1, EXAMPLES_KEPT + 1))


@pytest.mark.parametrize("mode", ["on", "observe"])
def test_a_gate_that_decided_nothing_has_no_tables(mode: str) -> None:
    parts: dict[str, object] = {"instrument": INSTRUMENT, "run_spec": RUN_SPEC}
    gate = gate_document(mode=mode)
    entries = GatedStream(gated(gate, **parts)).entries
    report = replace(small_report(), summary=summarize(entries, document=document_with(gate, **parts)))
    text = render_markdown(report)
    assert "Decisions of the gate" in text
    assert "Commands by result and reason" not in text
