"""The text of a small run's report and metrics, compared byte for byte; `make golden` rewrites them."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from report_samples import small_report
from tc.reports.markdown import render_markdown
from tc.reports.metrics import run_metrics
from tc.reports.report import ReportInput

FOLDER = Path(__file__).parent / "reports"


def metrics_text(report: ReportInput) -> str:
    """Return metrics.json as it is written."""
    return msgspec.json.format(msgspec.json.encode(run_metrics(report.summary, report.process)), indent=2).decode() + "\n"


@pytest.mark.parametrize(("name", "render"), [("report.md", render_markdown), ("metrics.json", metrics_text)])
def test_a_small_runs_report_is_the_one_that_was_read(name: str, render: Callable[[ReportInput], str]) -> None:
    path = FOLDER / name
    text = render(small_report())
    if os.environ.get("TC_REWRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
