"""`tc reconcile`: what the journal says that a run holds, beside what its venue says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, RUNTIME_ROOT, ArtifactsRoot, AsJson, RuntimeRoot
from tc.cli.show import at, printable, show_fields, show_json, show_table
from tc.errors import DocumentError, ExitCode

if TYPE_CHECKING:
    from tc.checks.reconcile import Kind, Verdict
    from tc.flows.reconciliation.heal import Healed
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
Heal = Annotated[
    bool,
    typer.Option(
        "--heal",
        help="Compare; let the run's node take over what the venue says, for which its engine may invent orders; compare again.",
    ),
]

MOST_ROWS = 40
_VERDICTS: "tuple[Verdict, ...]" = ("matched", "missing", "unexpected", "differs", "unknown")
_WRONG: "tuple[Verdict, ...]" = ("missing", "unexpected", "differs")
_BEYOND: "dict[Kind, str]" = {
    "orders": "closed orders of the journal are not listed there",
    "fills": "fills of the journal are older than what is stated there",
}
_EXIT = {"clean": ExitCode.OK, "found": ExitCode.FOUND, "unknown": ExitCode.UNREACHABLE}
_ABSENT = {"orders": "no such order", "fills": "no such fill", "positions": "flat", "balances": "none"}


def reconcile(
    run: Run,
    observed: Observed = None,
    heal: Heal = False,
    means_testnet: MeansTestnet = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    as_json: AsJson = False,
) -> None:
    """Compare orders, fills, positions and balances by a run's journal with those at its venue; every comparison is kept.

    While the run's node runs, what its engine believes is compared, too. Exit 0 when nothing differs, 1 with every finding when
    something does, if only in the node's cache, 5 when nothing is found but something could not be asked: that is unknown, never
    flat. The run may be running, crashed or sealed; its sealed part is never written. --heal is for a running node alone.
    """
    if heal and observed is not None:
        raise DocumentError(
            "--heal goes with no --observed: a node takes over what its venue says, and nothing else",
            hint="Give --heal alone, or with --i-mean-testnet.",
        )
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    if heal:
        _heal(wiring.heal_run(directory, runtime_root=runtime_root, means_testnet=means_testnet), as_json=as_json)
    artifact, document = wiring.reconcile_run(
        directory, observed=observed, runtime_root=runtime_root, means_testnet=means_testnet
    )
    show_json(document_of(artifact, document)) if as_json else show_reconciliation(artifact, document)
    raise typer.Exit(_EXIT[document.verdict])


def _heal(healed: "Healed", *, as_json: bool) -> NoReturn:
    """Show both comparisons and what the node said between them, and exit as the second one says."""
    artifact, document = healed.after
    if as_json:
        show_json(document_of(artifact, document, healed))
    else:
        if healed.is_asked:
            show_reconciliation(*healed.before)
            typer.echo()
        typer.echo(printable(_healed(healed)))
        typer.echo()
        show_reconciliation(artifact, document)
    raise typer.Exit(_EXIT[document.verdict])


def _healed(healed: "Healed") -> str:
    if not healed.is_asked:
        return f"the node was not asked to heal: {healed.reason}"
    return "the node has healed itself" if healed.is_healed else f"the node did NOT heal itself: {healed.reason}"


def document_of(artifact: str, document: "ReconciliationDocument", healed: "Healed | None" = None) -> "dict[str, object]":
    """Return the JSON object of ``--json``: the artifact's name, and what it holds but for what venue and cache said."""
    shown = document.to_dict()
    del shown["observed"], shown["cached"]
    heal = None
    if healed is not None:
        heal = {
            "before": f"ops/{healed.before[0]}",
            "is_asked": healed.is_asked,
            "is_healed": healed.is_healed,
            "reason": healed.reason,
        }
    return {"artifact": f"ops/{artifact}", **shown, "heal": heal}


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
    _show_counts(document)
    for note in _notes(document):
        typer.echo(printable(f"note: {note}"))
    for row in document.rows[:MOST_ROWS]:
        _show_row(row)
    if len(document.rows) > MOST_ROWS:
        typer.echo(f"and {len(document.rows) - MOST_ROWS:,} more; --json lists all")
    typer.echo(printable(_verdict(document)))


def _show_counts(document: "ReconciliationDocument") -> None:
    """Print how many rows have each verdict, and in how many of them the node's cache is not as the journal says."""
    column = ("wrong in the cache",) if document.cached is not None else ()
    rows = []
    for kind, counts in document.counts.items():
        cached = document.cached_counts.get(kind, {})
        wrong = (sum(cached.get(each, 0) for each in _WRONG),) if column else ()
        rows.append((kind, *(counts[each] for each in _VERDICTS), *wrong))
    show_table(("", *_VERDICTS, *column), rows)


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
    if document.invented:
        notes.append(f"{document.invented:,} fills were invented when the run was healed: no venue states them, none is missed")
    if document.in_flight:
        notes.append(f"{document.in_flight:,} came right in one of {document.looks} looks: they were in flight")
    return [*notes, *document.notes]


def _verdict(document: "ReconciliationDocument") -> str:
    match document.verdict:
        case "clean":
            return f"reconciled: what is held is what the journal says{', and the node believes it' if document.cached else ''}"
        case "unknown":
            return "UNKNOWN: nothing was found, but something could not be asked; unknown is not flat"
        case "found":
            number = len(document.findings)
            return f"NOT as the journal says: {number:,} finding{'' if number == 1 else 's'}"
