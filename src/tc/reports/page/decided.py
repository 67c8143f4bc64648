"""The section about the gate: what it decided or would have decided, the first examples, and deadlines left over."""

from tc.reports.gate import EXAMPLES_KEPT, GateSummary
from tc.reports.page.content import Column, Section, Table
from tc.reports.page.reasons import OBLIGATIONS, REASONS, RESULTS
from tc.reports.page.words import NONE, exact, utc

_NOTES = {
    "on": "Every command was judged, and sent only when the gate let it go.",
    "observe": "The gate only observed: every command went on untouched, and this is what the gate would have done with it.",
}


def decided(gate: GateSummary) -> Section:
    """Return what a gate decided."""
    tables = (_outcomes(gate), _examples(gate), _unrealised(gate))
    return Section("gate", "Decisions of the gate", tuple(table for table in tables if table.rows), _NOTES.get(gate.mode, ""))


def _outcomes(gate: GateSummary) -> Table:
    columns = (
        Column("Result", "code"),
        Column("Reason", "code"),
        Column("Times", "number"),
        Column("First at", "number"),
        Column("First order"),
        Column("Meaning"),
    )
    rows = tuple(
        (each.result, each.reason, exact(each.count), exact(each.position), each.key, _meaning(each.result, each.reason))
        for each in gate.outcomes
    )
    return Table("gate-outcomes", "Commands by result and reason", columns, rows, is_wide=True, has_sentences=True)


def _examples(gate: GateSummary) -> Table:
    columns = (
        Column("Position", "number"),
        Column("Time (UTC)", "time"),
        Column("Order"),
        Column("Command"),
        Column("Result", "code"),
        Column("Reason", "code"),
        Column("Figures"),
        Column("Until (UTC)", "time"),
    )
    rows = tuple(
        (
            exact(each.position),
            utc(each.at_ns),
            each.outcome.key,
            each.outcome.kind,
            each.outcome.result,
            each.outcome.reason,
            each.outcome.detail,
            utc(each.outcome.until_ns) if each.outcome.until_ns else NONE,
        )
        for each in gate.examples
    )
    title = "What would have been denied or held" if gate.mode == "observe" else "What was denied, held or dropped"
    return Table("gate-examples", title, columns, rows, f"The first {EXAMPLES_KEPT} of each result.", is_wide=True)


def _unrealised(gate: GateSummary) -> Table:
    columns = (Column("Deadline (UTC)", "time"), Column("Reason", "code"), Column("About"), Column("Meaning"))
    rows = tuple((utc(each.deadline_ns), each.reason, each.scope, OBLIGATIONS.get(each.reason, "")) for each in gate.unrealised)
    return Table("gate-unrealised", "Deadlines that lay behind the run's end", columns, rows, has_sentences=True)


def _meaning(result: str, reason: str) -> str:
    parts = (RESULTS.get(result, result), REASONS.get(reason, reason))
    return ": ".join(part for part in parts if part)
