"""`tc runs`: look at run directories, verify, replay and reproduce them."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tc import wiring
from tc.cli import show_runs
from tc.cli.explain import explain
from tc.cli.follow import show_followed
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, RUNTIME_ROOT, ArtifactsRoot, AsJson, DataRoot, RuntimeRoot
from tc.cli.progress import progress_bar
from tc.cli.show import show_fields, show_json
from tc.cli.units import format_size, parse_duration, parse_size
from tc.errors import ExitCode, RefusedError

app = typer.Typer(help="Look at run directories; verify, replay and reproduce them.", no_args_is_help=True)

Run = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, the start of one, or latest.", show_default=False),
]
RunOrArchive = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's id, the start of one, latest, or the path of an exported archive.", show_default=False
    ),
]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", metavar="STATUS", help="Only runs of this status; may be repeated.")
]
Limit = Annotated[int | None, typer.Option("--limit", "-n", metavar="N", help="No more than so many runs, the newest.")]
ExpectedRoot = Annotated[
    str | None, typer.Option("--expect-root", metavar="ROOT", help="The Merkle root that you kept elsewhere, 64 hex digits.")
]
Recorded = Annotated[
    bool, typer.Option("--record", help="Append to the run's ops.jsonl that this was done, and what came of it.")
]
Live = Annotated[
    bool, typer.Option("--live", help="Exit 0, too, when nothing is found in a run that goes on and is not sealed yet.")
]
Html = Annotated[bool, typer.Option("--html", help="The self-contained page instead of Markdown.")]
ReportFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where it is written; left out, it is printed.")
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Show a running paper run again and again, until it ends.")]
At = Annotated[int | None, typer.Option("--at", metavar="POSITION", help="Show State there; left out, at the end.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="The archive; left out, <run id>.tar.gz in this folder.")
]
Keep = Annotated[int | None, typer.Option("--keep", metavar="N", help="Keep no more than so many runs, the newest.")]
OlderThan = Annotated[str | None, typer.Option("--older-than", metavar="AGE", help="Remove runs older than this, e.g. 30d, 12h.")]
MaxSize = Annotated[
    str | None, typer.Option("--max-size", metavar="SIZE", help="Remove the oldest runs until all fit into this, e.g. 10G, 500M.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list")
def list_(
    statuses: Statuses = None, limit: Limit = None, artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, as_json: AsJson = False
) -> None:
    """List the runs, newest first, whatever state they are in."""
    listed = wiring.list_runs(artifacts_root, statuses=statuses or (), limit=limit)
    if as_json:
        show_json({"runs": [each.to_dict() for each in listed]})
    else:
        show_runs.show_list(listed, artifacts_root)


@app.command()
def show(
    run: Run,
    follow: Follow = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    as_json: AsJson = False,
) -> None:
    """Show what a run directory says of its run, as far as it can be read; nothing is judged.

    With --follow, a paper run that is trading is shown as it goes: what its node says of itself, and its last events.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    if follow:
        with suppress(KeyboardInterrupt):
            show_followed(wiring.follow_run(directory, runtime_root=runtime_root))
        return
    shown = wiring.show_run(directory)
    show_json(shown.to_dict()) if as_json else show_runs.show_run(shown)
    raise typer.Exit(ExitCode.ARTIFACT if shown.problems else ExitCode.OK)


@app.command()
def verify(
    run: RunOrArchive,
    expect_root: ExpectedRoot = None,
    record: Recorded = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    live: Live = False,
    as_json: AsJson = False,
) -> None:
    """Judge whether a run is as it was sealed: every line, digest, file and fingerprint. Nothing is written without --record.

    Exit 0 when it is, 6 with every finding when it is not, and 7 when there is no finding but the run is not sealed, so that
    nothing proves that what is there is all; with --live that is 0, too, while a process is at work on the run. Who can write
    to the directory can also write a new seal: only --expect-root, with a root kept elsewhere, finds that.
    """
    verification = wiring.verify_run(
        run, artifacts_root=artifacts_root, data_root=data_root, expected_root=expect_root, is_recorded=record
    )
    show_json(verification.to_dict()) if as_json else show_runs.show_verification(verification)
    if verification.findings:
        raise typer.Exit(ExitCode.ARTIFACT)
    is_enough = verification.is_sealed or (live and verification.is_active)
    raise typer.Exit(ExitCode.OK if is_enough else ExitCode.INCONCLUSIVE)


@app.command()
def replay(run: Run, at: At = None, artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, as_json: AsJson = False) -> None:
    """Fold a run's journal without the engine, compare State and Decisions with what was recorded, and show State.

    Exit 0 when every recorded digest of State and every Decision is met, 6 when one is not or an entry breaks a rule.
    A failed run whose last entry is the violation that stopped it replays to that violation: exit 0.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    with progress_bar("replaying") as progress:
        replayed = wiring.replay_run(directory, at=at, progress=progress)
    show_json(replayed.to_dict()) if as_json else show_runs.show_replay(replayed)
    raise typer.Exit(ExitCode.ARTIFACT if replayed.findings else ExitCode.OK)


app.command()(explain)


@app.command()
def diff(left: Run, right: Run, artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, as_json: AsJson = False) -> None:
    """Say where the journals of two runs part, and in what their configurations differ; exit 1 when they do."""
    one, other = (wiring.find_run(each, artifacts_root=artifacts_root) for each in (left, right))
    with progress_bar("comparing") as progress:
        comparison = wiring.diff_runs(one, other, progress=progress)
    show_json(comparison.to_dict()) if as_json else show_runs.show_comparison(comparison)
    raise typer.Exit(ExitCode.OK if comparison.is_same else ExitCode.FOUND)


@app.command()
def reproduce(
    run: Run,
    record: Recorded = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    as_json: AsJson = False,
) -> None:
    """Run a run's stored spec again in a fresh process, and compare the journals; exit 1 when they differ.

    Refused, before the engine starts, when code, packages, engine or dataset are no longer those of the run.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    reproduction = wiring.reproduce_run(directory, artifacts_root=artifacts_root, data_root=data_root, is_recorded=record)
    document = show_runs.reproduction_document(directory.run_id, reproduction)
    show_json(document) if as_json else show_runs.show_reproduction(document)
    raise typer.Exit(ExitCode.OK if reproduction.is_equal else ExitCode.FOUND)


@app.command()
def report(
    run: Run,
    html: Html = False,
    output: ReportFile = None,
    record: Recorded = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    as_json: AsJson = False,
) -> None:
    """Make a run's report again from its journal as it stands: Markdown, HTML, or the metrics as JSON.

    The sealed part of the run directory is never written; --record keeps the report in ops/.
    Prices are drawn when the run's dataset is present.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    if as_json:
        show_json(wiring.metrics_of(directory, data_root=data_root))
        return
    text = wiring.render_report(directory, data_root=data_root, as_html=html)
    if record:
        typer.echo(str(wiring.record_report(directory, text, as_html=html)))
    elif output is None:
        typer.echo(text, nl=False)
    else:
        wiring.write_file(output, text.encode())
        typer.echo(str(output))


@app.command()
def stop(
    run: Run, reason: Reason = "asked to stop", artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, as_json: AsJson = False
) -> None:
    """Ask a run that another process is writing to end gracefully: it ends as stopped, and is sealed."""
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    process = wiring.stop_run(directory, reason=reason)
    if as_json:
        show_json({"run_id": directory.run_id, "requested": True, "pid": process})
    else:
        typer.echo(f"asked process {process or 'unknown'} to stop run {directory.run_id}; `tc runs list` shows when it has")


@app.command()
def recover(run: Run, artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, as_json: AsJson = False) -> None:
    """Make a crashed run whole up to its last acknowledged entry, and seal it as recovered.

    What a crash tore off behind that entry is kept in ops/, and ops.jsonl says so.
    """
    recovered = wiring.recover_run(wiring.find_run(run, artifacts_root=artifacts_root))
    show_json(recovered.to_dict()) if as_json else show_fields(recovered.to_dict())


@app.command()
def export(
    run: Run,
    output: Output = None,
    record: Recorded = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Verify a sealed run, and pack it into a .tar.gz that `tc runs verify` judges elsewhere.

    The same run directory always gives the same bytes. The archive holds copies of the strategy's modules, and no data.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    exported = wiring.export_run(directory, archive=output or Path(f"{directory.run_id}.tar.gz"), is_recorded=record)
    show_json(exported.to_dict()) if as_json else show_fields(exported.to_dict())


@app.command()
def prune(
    keep: Keep = None,
    older_than: OlderThan = None,
    max_size: MaxSize = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Remove old runs: a run goes when any limit says so, and all older ones with it.

    A run that is being written, has no seal, or whose seal or metadata cannot be read is never removed.
    """
    policy = wiring.retention_policy(
        keep=keep,
        older_than_ns=None if older_than is None else parse_duration(older_than),
        max_bytes=None if max_size is None else parse_size(max_size),
    )
    plan = wiring.plan_pruning(policy, artifacts_root=artifacts_root)
    if not as_json:
        show_runs.show_plan(plan)
    is_done = bool(plan.prunings) and not dry_run
    if is_done:
        _require_consent(yes=yes, question=f"remove {show_runs.count(len(plan.prunings), 'run')}?", asks=not as_json)
        wiring.prune_runs(plan, artifacts_root=artifacts_root)
    if as_json:
        show_json({"removed": is_done, **plan.to_dict()})
    elif is_done:
        typer.echo(f"removed {show_runs.count(len(plan.prunings), 'run')}, {format_size(plan.freed_bytes)}")


def _require_consent(*, yes: bool, question: str, asks: bool) -> None:
    if yes or (asks and sys.stdin.isatty() and typer.confirm(question)):
        return
    raise RefusedError("nothing was removed", hint="Say --yes to remove them, or --dry-run to look only.")
