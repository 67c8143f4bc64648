"""`tc reconcile`: what the journal says that a run holds, beside what its venue says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, RUNTIME_ROOT, ArtifactsRoot, AsJson, RuntimeRoot
from tc.cli.show import at, printable, show_fields, show_json, show_table
from tc.errors import ExitCode

if TYPE_CHECKING:
    from tc.checks.reconcile import Kind, Verdict
    from tc.reports.reconciliation import ReconciliationDocument, ToldRow

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the start of one, or latest.", show_default=False)]
Observed = Annotated[
    Path | None,
    typer.Option(
        "--observed",
        metavar="FILE",
        help="What was observed, as a JSON document; left out, the run's venue is asked.",
        dir_okay=False,
    ),
]
MeansTestnet = Annotated[
    bool, typer.Option("--i-mean-testnet", help="Ask a testnet, where the run's spec names one. No live venue is ever asked.")
]

MOST_ROWS = 40
_VERDICTS: "tuple[Verdict, ...]" = ("matched", "missing", "unexpected", "differs", "unknown")
_BEYOND: "dict[Kind, str]" = {
    "orders": "closed orders of the journal are not listed there",
    "fills": "fills of the journal are older than what is stated there",
}
_EXIT = {"clean": ExitCode.OK, "found": ExitCode.FOUND, "unknown": ExitCode.UNREACHABLE}
_ABSENT = {"orders": "no such order", "fills": "no such fill", "positions": "flat", "balances": "none"}


def reconcile(
    run: Run,
    observed: Observed = None,
    means_testnet: MeansTestnet = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    as_json: AsJson = False,
) -> None:
    """Compare orders, fills, positions and balances by a run's journal with those at its venue; every comparison is kept.

    Exit 0 when nothing differs, 1 with every finding when something does, 5 when nothing is found but something could not be
    asked: that is unknown, never flat. The run may be running, crashed or sealed; its sealed part is never written.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    artifact, document = wiring.reconcile_run(
        directory, observed=observed, runtime_root=runtime_root, means_testnet=means_testnet
    )
    show_json(document_of(artifact, document)) if as_json else show_reconciliation(artifact, document)
    raise typer.Exit(_EXIT[document.verdict])


def document_of(artifact: str, document: "ReconciliationDocument") -> "dict[str, object]":
    """Return the JSON object of ``--json``: the artifact's name, and what it holds but for what was observed."""
    shown = document.to_dict()
    del shown["observed"]
    return {"artifact": f"ops/{artifact}", **shown}


def show_reconciliation(artifact: str, document: "ReconciliationDocument") -> None:
    """Print what was compared, what was found, and the verdict."""
    show_fields(
        {
            "run": document.run_id,
            "journal": f"up to position {document.position:,}",
            document.source: document.source_name,
            "at (UTC)": at(document.at_ns),
            "kept as": f"ops/{artifact}",
        }
    )
    typer.echo()
    show_table(("", *_VERDICTS), [(kind, *(counts[each] for each in _VERDICTS)) for kind, counts in document.counts.items()])
    for note in _notes(document):
        typer.echo(printable(f"note: {note}"))
    for row in document.rows[:MOST_ROWS]:
        _show_row(row)
    if len(document.rows) > MOST_ROWS:
        typer.echo(f"and {len(document.rows) - MOST_ROWS:,} more; --json lists all")
    typer.echo(printable(_verdict(document)))


def _show_row(row: "ToldRow") -> None:
    absent = _ABSENT[row.kind]
    verdict = "only the cache" if row.verdict in {"matched", "unknown"} else row.verdict
    typer.echo(printable(f"{verdict}: {row.kind} {row.subject}{f' ({row.note})' if row.note else ''}"))
    for each in row.differences:
        typer.echo(printable(f"  {each.field}: expected {each.expected}, found {each.actual}"))
    if not row.differences:
        typer.echo(printable(f"  expected {row.expected or absent}"))
        typer.echo(printable(f"  found    {row.actual or absent}"))
    if row.cached:
        typer.echo(printable(f"  cached   {row.expected or absent if row.cached == 'matched' else row.cache or absent}"))


def _notes(document: "ReconciliationDocument") -> list[str]:
    notes = [f"{kind} are unknown: {reason}" for kind, reason in document.unknown.items()]
    notes += [f"{number:,} {_BEYOND[kind]}, and not compared" for kind, number in document.not_compared.items()]
    if document.in_flight:
        notes.append(f"{document.in_flight:,} came right in one of {document.looks} looks: they were in flight")
    return [*notes, *document.notes]


def _verdict(document: "ReconciliationDocument") -> str:
    match document.verdict:
        case "clean":
            return "reconciled: what is held is what the journal says"
        case "unknown":
            return "UNKNOWN: nothing was found, but something could not be asked; unknown is not flat"
        case "found":
            number = len(document.findings)
            return f"NOT as the journal says: {number:,} finding{'' if number == 1 else 's'}"
