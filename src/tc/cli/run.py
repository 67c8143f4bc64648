"""`tc run` and `tc demo`: from a RunSpec to a sealed run directory."""

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.interrupt import graceful_interrupt
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, ArtifactsRoot, AsJson, DataRoot
from tc.cli.progress import run_progress
from tc.cli.show import show_error, show_fields, show_json
from tc.errors import ExitCode

if TYPE_CHECKING:
    from tc.flows.backtest import FinishedRun

Spec = Annotated[Path, typer.Argument(metavar="SPEC", help="A RunSpec; `tc spec init` writes one.", show_default=False)]
RunId = Annotated[
    str | None, typer.Option("--run-id", metavar="ID", help="The run's id; left out, it is made of name, time and configuration.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a value of the spec, e.g. data.start=2023-04-02; may be repeated."),
]
Durable = Annotated[bool, typer.Option("--durable", help="Put each journal entry on disk (fsync) before the next.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, run nothing, write nothing.")]

_EXIT = {"completed": ExitCode.OK, "stopped": ExitCode.REFUSED, "failed": ExitCode.ENGINE}


def run(
    spec: Spec,
    run_id: RunId = None,
    overrides: Overrides = None,
    durable: Durable = False,
    dry_run: DryRun = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    data_root: DataRoot = DATA_ROOT,
    as_json: AsJson = False,
) -> None:
    """Run a RunSpec into a run directory that proves what ran.

    Exit 0 when it completed, 3 when it was stopped (Ctrl-C, SIGTERM or `tc runs stop`), 4 when the engine or the strategy failed:
    the run directory is complete and sealed in each case.
    """
    if dry_run:
        checked = wiring.check_run(spec, overrides=overrides or (), data_root=data_root)
        show_json(checked) if as_json else show_fields(checked)
        return
    with graceful_interrupt() as should_stop, run_progress() as on_progress:
        finished = wiring.run_spec(
            spec,
            overrides=overrides or (),
            artifacts_root=artifacts_root,
            data_root=data_root,
            run_id=run_id,
            is_durable=durable,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    _show_finished(finished, as_json=as_json)
    _show_failure(finished)
    _leave(_EXIT[finished.status])


def demo(artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, data_root: DataRoot = DATA_ROOT) -> None:
    """Prepare the packaged data, run the packaged scenario on it, verify and replay the run, and say where to look."""
    with graceful_interrupt() as should_stop, run_progress() as on_progress:
        finished = wiring.run_demo(
            artifacts_root=artifacts_root, data_root=data_root, on_progress=on_progress, should_stop=should_stop
        )
    _show_finished(finished, as_json=False)
    if finished.status == "completed":
        wiring.require_intact(finished.run, data_root=data_root)
        run_id = finished.run.run_id
        typer.echo(f"\nverified and replayed. Look at it:\n  the report   {finished.run.report_html}")
        typer.echo(f"  the journal  {finished.run.journal}")
        typer.echo("\nand go on with:")
        for command in (f"show {run_id}", f"verify {run_id}", f"replay {run_id} --at 100", f"reproduce {run_id}"):
            typer.echo(f"  tc runs {command}")
    raise typer.Exit(_EXIT[finished.status])


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


def _show_finished(finished: "FinishedRun", *, as_json: bool) -> None:
    document = finished.to_dict()
    if as_json:
        show_json(document)
        return
    shown = {"run": document["run_id"], "status": document["status"], "directory": document["directory"]}
    if document["reason"]:
        shown["reason"] = document["reason"]
    shown |= {"entries": f"{document['entries']:,}", "positions": f"{document['positions']:,}"}
    shown |= {"journal digest": document["journal_digest"], "merkle root": document["merkle_root"]}
    shown |= {f"  {name}": str(count) for name, count in finished.strategy_counters.items()}
    show_fields(shown)
