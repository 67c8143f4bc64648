"""The tables about what happened: events, orders, refusals, and what an operator should look at."""

from collections.abc import Sequence
from decimal import Decimal

from tc.checks.finding import Finding
from tc.core.events import CATEGORIES
from tc.reports.figures import OrderOutcomes, RunSummary
from tc.reports.metrics import rates
from tc.reports.page.content import Column, Section, Table
from tc.reports.page.words import exact, percent, rate, ratio, seconds, size
from tc.reports.report import ProcessUsage
from tc.reports.venue_reason import venue_reason

_CATEGORY = {kind.__name__: category for kind, category in CATEGORIES.items()}
_OUTCOMES = (
    ("filled", "Filled"),
    ("partly_filled", "Partly filled, then ended"),
    ("canceled", "Cancelled"),
    ("rejected", "Rejected by the venue"),
    ("denied", "Denied before sending"),
    ("expired", "Expired"),
    ("open_at_end", "Open at the end"),
    ("not_sent", "Never sent"),
)
_ODDITIES = {
    "late_fill": "a fill came after its order had ended; it counts",
    "unknown_order_fill": "a fill named an order that is not known (any more); it counts",
    "position_mismatch": "the engine stated another quantity than the fills add up to",
    "repeated_event": "an event said once more what its order was already; it changes nothing",
    "late_event": "an event came after its order had ended; it changes nothing",
    "duplicate_key": "a second order was created under an id that was used already; it was not sent, and the first goes on",
    "rule_broken": "the journal breaks a rule here; figures end before it",
}


def orders(summary: RunSummary) -> Section:
    """Return outcomes and reasons for refusals."""
    outcomes = summary.outcomes
    rows = tuple(_outcome(outcomes, name, title) for name, title in _OUTCOMES if getattr(outcomes, name))
    total = (("All orders", exact(outcomes.total), ""),) if rows else ()
    columns = (Column("Outcome"), Column("Orders", "number"), Column("Share", "number"))
    outcome_table = Table("outcomes", "Orders by outcome", columns, (*rows, *total))
    tables = (outcome_table, _refusals(summary), _events(summary))
    return Section("orders", "Orders and events", tuple(table for table in tables if table.rows))


def alerts(summary: RunSummary, findings: Sequence[Finding]) -> tuple[Table, ...]:
    """Return what an operator should look at, empty tables left out."""
    return tuple(table for table in (_findings(findings), _oddities(summary)) if table.rows)


def throughput(summary: RunSummary, process: ProcessUsage | None) -> Section:
    """Return what the run took of the machine."""
    rows: list[tuple[str, str]] = []
    if process is not None:
        per_s = rates(summary, process)
        rows = [
            ("Wall-clock time", seconds(process.wall_s)),
            ("Processor time", seconds(process.cpu_s)),
            ("Market data", rate(per_s["rows_per_s"], "rows")),
            ("Recorded events", rate(per_s["events_per_s"], "events")),
            ("Peak memory", size(process.peak_rss_bytes)),
            ("Read from storage", size(process.read_bytes)),
            ("Written to storage", size(process.written_bytes)),
            ("Journal", process.recording),
        ]
    rows += [
        ("Rows of market data", exact(summary.rows)),
        ("Journal entries", exact(summary.entries)),
        ("Positions in the stream", exact(summary.positions)),
    ]
    table = Table("throughput-figures", "Throughput", (Column("Figure"), Column("Value", "number")), tuple(rows), is_figures=True)
    return Section("throughput", "Throughput", (table,))


def _findings(findings: Sequence[Finding]) -> Table:
    columns = (Column("Finding", "code"), Column("Subject"), Column("Expected"), Column("Actual"))
    rows = tuple((finding.code, finding.subject, finding.expected, finding.actual) for finding in findings)
    return Table("findings", "Findings", columns, rows, is_wide=True, has_sentences=True)


def _oddities(summary: RunSummary) -> Table:
    columns = (
        Column("Anomaly", "code"),
        Column("Times", "number"),
        Column("First at", "number"),
        Column("About"),
        Column("Meaning"),
    )
    rows = tuple(
        (each.code, exact(each.count), exact(each.position) if each.position else "", each.subject, _ODDITIES.get(each.code, ""))
        for each in summary.oddities
    )
    return Table("anomalies", "Anomalies", columns, rows, is_wide=True, has_sentences=True)


def _outcome(outcomes: OrderOutcomes, name: str, title: str) -> tuple[str, str, str]:
    number = getattr(outcomes, name)
    return title, exact(number), percent(ratio(Decimal(number), Decimal(outcomes.total)))


def _events(summary: RunSummary) -> Table:
    columns = (Column("Event"), Column("Category"), Column("Entries", "number"))
    by_number = sorted(summary.events.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple((name, _CATEGORY[name], exact(number)) for name, number in by_number)
    note = "Rows of market data are in the journal by reference: one entry stands for many rows."
    return Table("events", "Events by type", columns, rows, note if "MarketDataRows" in summary.events else "")


def _refusals(summary: RunSummary) -> Table:
    columns = (Column("Event"), Column("Times", "number"), Column("First such reason"), Column("Position", "number"))
    rows = tuple(
        (refusal.event, exact(refusal.count), venue_reason(refusal.example), exact(refusal.position))
        for refusal in summary.refusals
    )
    note = "Reasons that differ only in their numbers are counted together; position is where the first one is in the journal."
    return Table("refusals", "Denials and rejections", columns, rows, note, has_sentences=True)
