"""A run's facts, its last comparison and its history as its page; what is read for that is kept while its files stay."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Lock

import msgspec

from tc.checks.attention import Vitals
from tc.reports.metrics import amount
from tc.reports.page.words import brief as brief_amount
from tc.reports.page.words import exact, rate, seconds, size
from tc.reports.reconciliation import ReconciliationDocument
from tc.reports.status.content import Gauge, Readiness, RunBrief, RunDetail
from tc.store.layout import RunDirectory
from tc.telemetry.figures import Figures
from tc.telemetry.ops_facts import read_small
from tc.telemetry.pages.kept import Kept
from tc.telemetry.pages.processes import processes_of
from tc.telemetry.pages.timeline import Timelines
from tc.telemetry.run_facts import RunFacts


class Details:
    """Makes what a run's page shows; any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._timelines = Timelines()
        self._documents: Kept[ReconciliationDocument | None] = Kept()

    def of(self, facts: RunFacts, run: RunDirectory, brief: RunBrief, vitals: Vitals, now_ns: int) -> RunDetail:
        """Return a run in full."""
        figures, identity = facts.figures, facts.identity
        artifact = facts.compared.artifact if facts.compared else ""
        with self._lock:
            timeline, untold = self._timelines.of(run, facts)
            compared = self._compared(run.ops_folder / artifact) if artifact and Path(artifact).name == artifact else None
        return RunDetail(
            brief=brief,
            engine=identity.engine,
            instrument=identity.instrument,
            venue=identity.venue,
            tc_version=identity.tc_version,
            reason=facts.problem or facts.reason,
            started_ns=facts.started_ns or 0,
            ended_ns=facts.ended_ns or 0,
            figures=() if figures is None else tuple(_figures(figures, facts)),
            processes=processes_of(facts, now_ns) if facts.is_active else (),
            feeds=vitals.feeds,
            gauges=tuple(_gauges(figures, facts)),
            kill_steps=() if figures is None or figures.kill is None else tuple(figures.kill.steps_ns.items()),
            compared=compared,
            artifact=artifact,
            probes=vitals.probes,
            readiness=tuple(Readiness(each.spec, each.state) for each in facts.readiness),
            timeline=timeline,
            untold=untold,
            has_report=not run.report_html.is_symlink() and run.report_html.is_file(),
            is_read=facts.is_read,
        )

    def _compared(self, path: Path) -> ReconciliationDocument | None:
        return self._documents.of(path, lambda: _decoded(read_small(path)))


def _decoded(data: bytes | None) -> ReconciliationDocument | None:
    try:
        return None if data is None else msgspec.json.decode(data, type=ReconciliationDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _figures(figures: Figures, facts: RunFacts) -> Iterator[tuple[str, str]]:
    orders = figures.orders
    for name, number in (
        ("Orders", orders.total),
        ("Filled", orders.filled),
        ("Cancelled", orders.canceled + orders.partly_filled),
        ("Denied", orders.denied),
        ("Rejected", orders.rejected),
        ("Open", orders.open_at_end),
        ("Fills", figures.fills.total),
        ("Journal entries", figures.journal.entries),
        ("Rows of market data", figures.data.rows),
        ("Went on after a crash", facts.resumes),
    ):
        if number or name in {"Orders", "Fills", "Journal entries"}:
            yield name, exact(number)
    for title, amounts in (("Turnover", figures.turnover), ("Commissions", figures.commissions)):
        if amounts:
            yield title, _amounts(amounts)
    yield from _used(figures, facts)


def _amounts(amounts: dict[str, Decimal]) -> str:
    return ", ".join(f"{brief_amount(value)} {currency}" for currency, value in amounts.items())


def _used(figures: Figures, facts: RunFacts) -> Iterator[tuple[str, str]]:
    process, usage = figures.process, facts.usage
    cpu_s = usage.cpu_s if usage else process.cpu_s if process else None
    memory = usage.peak_memory_bytes if usage else process.peak_rss_bytes if process else None
    if cpu_s is not None:
        yield "Processor time", seconds(cpu_s)
    if memory is not None:
        yield "Peak memory", size(memory)
    if process and process.rows_per_s:
        yield "Market data", rate(process.rows_per_s, "rows")


def _gauges(figures: Figures | None, facts: RunFacts) -> Iterator[Gauge]:
    for each in figures.limits if figures else ():
        if each.used is not None and each.value:
            yield Gauge(
                each.limit.replace("_", " "), f"{_rounded(each.used)} of {_rounded(each.value)}", float(each.used / each.value)
            )
    supervisor = facts.supervisor
    if facts.is_active and supervisor and supervisor.request_weight is not None and supervisor.request_weight_limit:
        weight, most = supervisor.request_weight, supervisor.request_weight_limit
        yield Gauge("Venue's request weight", f"{weight:,} of {most:,} per minute", weight / most)


def _rounded(value: Decimal) -> str:
    """Return a figure without more places than it has."""
    text = amount(value)
    return exact(value) if len(text) <= _LONGEST_EXACT else brief_amount(value).rstrip()


_LONGEST_EXACT = 12
