"""What a run's documents say, wherever they say it; what they do not say is empty."""

from collections.abc import Mapping

from tc.reports.report import ReportInput


def said(values: Mapping[str, object], *path: str) -> str:
    """Return a value inside nested mappings as text; empty when it is not there."""
    value: object = values
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None or isinstance(value, Mapping) else str(value)


def strategy_of(report: ReportInput) -> str:
    """Return the scenario's name or the strategy's path."""
    return said(report.document, "run_spec", "strategy", "scenario") or said(report.document, "run_spec", "strategy", "path")


def instrument_of(report: ReportInput) -> str:
    """Return the instrument's id."""
    return said(report.document, "instrument", "id") or said(report.document, "run_spec", "instrument")


def dataset_of(report: ReportInput) -> str:
    """Return the dataset's id."""
    return said(report.document, "run_spec", "data", "dataset") or said(report.metadata, "dataset_id")
