"""`tc run` and `tc demo`: from a RunSpec to a sealed run directory."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.interrupt import graceful_interrupt
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, RUNTIME_ROOT, ArtifactsRoot, AsJson, DataRoot, RuntimeRoot
from tc.cli.paper import EXIT, resume_paper, run_paper
from tc.cli.progress import run_progress
from tc.cli.show import show_error, show_fields, show_json
from tc.cli.units import parse_seconds
from tc.errors import DocumentError, ExitCode

if TYPE_CHECKING:
    from tc.flows.recording.record import FinishedRun
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.run_spec import RunSpec

Spec = Annotated[Path | None, typer.Argument(metavar="SPEC", help="A RunSpec; `tc spec init` writes one.", show_default=False)]
Resume = Annotated[
    str | None,
    typer.Option("--resume", metavar="RUN", help="Go on with a paper run that crashed, in the place of a SPEC."),
]
RunId = Annotated[
    str | None, typer.Option("--run-id", metavar="ID", help="The run's id; left out, it is made of name, time and configuration.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a value of the spec, e.g. data.start=2023-04-02; may be repeated."),
]
Durable = Annotated[bool, typer.Option("--durable", help="Put each journal entry on disk (fsync) before the next.")]
Duration = Annotated[
    str | None,
    typer.Option(
        "--duration", metavar="TIME", help="How long a paper run trades, such as 90s, 5m or 1h; a bare number is seconds."
    ),
]
VenueUrl = Annotated[
    str | None,
    typer.Option(
        "--venue-url",
        metavar="URL",
        help="Where a paper run trades, in the place of the embedded venue; as --set node.venue= --set node.venue_url=URL.",
    ),
]
MeansTestnet = Annotated[
    bool, typer.Option("--i-mean-testnet", help="Trade on a testnet, where the spec names one. No live venue is ever traded on.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, run nothing, write nothing.")]


def run(
    spec: Spec = None,
    resume: Resume = None,
    run_id: RunId = None,
    overrides: Overrides = None,
    durable: Durable = False,
    dry_run: DryRun = False,
    duration: Duration = None,
    venue_url: VenueUrl = None,
    means_testnet: MeansTestnet = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    as_json: AsJson = False,
) -> None:
    """Run a RunSpec into a run directory that proves what ran.

    Exit 0 when it completed, 3 when it was stopped (Ctrl-C, SIGTERM or `tc runs stop`), 4 when the engine or the strategy failed:
    the run directory is complete and sealed in each case. A paper run also exits 3 when the kill switch ended or blocked it, 5
    when it never traded (its venue is not there, or its node died first), and 1 or 5 when it completed and its venue says
    otherwise, or nothing.
    """
    place = wiring.PaperPlace(artifacts_root, runtime_root, means_testnet)
    duration_s = None if duration is None else parse_seconds(duration)
    if resume is not None:
        others = {"spec": spec, "run_id": run_id, "overrides": overrides, "venue_url": venue_url}
        _require_alone(**others, durable=durable or None, dry_run=dry_run or None)
        resume_paper(resume, place=place, duration_s=duration_s, as_json=as_json)
    if spec is None:
        raise DocumentError("there is nothing to run", hint="Give a RunSpec, or --resume and a run that crashed.")
    sets = [*(overrides or ()), *_venue_sets(venue_url), *(() if duration_s is None else (f"stop.duration_s={duration_s}",))]
    if dry_run:
        checked = wiring.check_run(spec, overrides=sets, data_root=data_root, means_testnet=means_testnet)
        show_json(checked) if as_json else show_fields(checked)
        return
    documents = wiring.load_run(spec, overrides=sets)
    if documents[0].mode == "paper":
        run_paper(spec, documents, overrides=sets, place=place, run_id=run_id, as_json=as_json)
    roots = {"artifacts_root": artifacts_root, "data_root": data_root}
    _backtest(spec, documents, overrides=sets, run_id=run_id, is_durable=durable, as_json=as_json, **roots)


def _backtest(
    spec: Path,
    documents: "tuple[RunSpec, InstrumentSpec]",
    *,
    overrides: list[str],
    artifacts_root: Path,
    data_root: Path,
    run_id: str | None,
    is_durable: bool,
    as_json: bool,
) -> None:
    """Run a backtest, whose spec has been read already, show how it ended, and exit so."""
    with graceful_interrupt() as should_stop, run_progress() as on_progress:
        finished = wiring.run_spec(
            spec,
            overrides=overrides,
            documents=documents,
            artifacts_root=artifacts_root,
            data_root=data_root,
            run_id=run_id,
            is_durable=is_durable,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    show_finished(finished, as_json=as_json)
    _show_failure(finished)
    _leave(EXIT[finished.status])


def _require_alone(**others: object) -> None:
    """Raise DocumentError where something is given that a run that goes on has been given already."""
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise DocumentError(
            f"--resume goes with no {_NAMES[given[0]]}: the run goes on as it was begun",
            hint="Give --resume RUN alone, or with --duration.",
        )


_NAMES = {
    "spec": "SPEC",
    "run_id": "--run-id",
    "overrides": "--set",
    "venue_url": "--venue-url",
    "durable": "--durable",
    "dry_run": "--dry-run",
}


def _venue_sets(url: str | None) -> tuple[str, ...]:
    """Return what replaces a spec's venue; the URL stands in quotes, so that it is read as nothing else."""
    return () if url is None else ("node.venue=", f"node.venue_url={json.dumps(url)}")


def _leave(code: ExitCode) -> None:
    """End with the code, even when the strategy left threads behind that would keep the process alive for ever."""
    strays = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    if strays:
        show_error(f"the strategy left {len(strays)} threads running; they end here", "Join them in on_stop.")
        sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code)


def _show_failure(finished: "FinishedRun") -> None:
    if finished.error is not None:
        show_error(finished.reason, finished.error.hint)


def show_finished(finished: "FinishedRun", *, as_json: bool) -> None:
    """Show how a run ended, as text or as one JSON object."""
    document = finished.to_dict()
    if as_json:
        show_json(document)
        return
    shown = {"run": document["run_id"], "status": document["status"], "directory": document["directory"]}
    if document["reason"]:
        shown["reason"] = document["reason"]
    shown |= {"entries": f"{document['entries']:,}", "positions": f"{document['positions']:,}"}
    shown |= {"journal digest": document["journal_digest"], "merkle root": document["merkle_root"]}
    if finished.strategy_failures:
        shown["strategy failed"] = f"{finished.strategy_failures:,} times; {finished.run.error} has the first traceback"
    shown |= {f"  {name}": str(count) for name, count in finished.strategy_counters.items()}
    show_fields(shown)
