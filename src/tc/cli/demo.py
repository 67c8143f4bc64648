"""`tc demo`: a backtest and a paper session of the packaged examples, proven, in one go."""

import shlex
from typing import TYPE_CHECKING

import typer

from tc import wiring
from tc.cli.drill import EXIT as DRILL_EXIT
from tc.cli.drill import say, show_drill
from tc.cli.interrupt import graceful_interrupt
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, RUNTIME_ROOT, ArtifactsRoot, DataRoot, RuntimeRoot
from tc.cli.paper import EXIT, exit_code_of
from tc.cli.progress import run_progress
from tc.cli.run import show_finished
from tc.cli.show import show_error, show_fields
from tc.errors import ExitCode

if TYPE_CHECKING:
    from tc.store.layout import RunDirectory

_PROVEN = "verified and replayed."
_STEPS = {"blocked": "blocked", "flattened": "flattened", "halted": "proven flat"}


def demo(
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT, data_root: DataRoot = DATA_ROOT, runtime_root: RuntimeRoot = RUNTIME_ROOT
) -> None:
    """Run the packaged scenario on the packaged data, a paper session, and a drill; prove all three, and say where to look.

    The paper session takes twenty seconds: a NautilusTrader node trades on an exchange that tc starts on this machine, the kill
    switch flattens it, and its journal is reconciled with the exchange. The drill cuts the connection of another one, and demands
    that this is told, that nothing is risked meanwhile, and that it trades again.
    """
    with graceful_interrupt() as should_stop, run_progress() as on_progress:
        finished = wiring.run_demo(
            artifacts_root=artifacts_root, data_root=data_root, on_progress=on_progress, should_stop=should_stop
        )
    show_finished(finished, as_json=False)
    if finished.status != "completed":
        raise typer.Exit(EXIT[finished.status])
    wiring.require_intact(finished.run, data_root=data_root)
    typer.echo(
        "verified and replayed.\n\nNow on paper: a node trades on an exchange of its own on this machine, for 20 seconds …\n"
    )
    with graceful_interrupt() as should_stop:
        shown = wiring.run_paper_demo(artifacts_root=artifacts_root, runtime_root=runtime_root, should_stop=should_stop)
    run = _show_paper(shown)
    wiring.require_intact(run, data_root=data_root)
    typer.echo("verified and replayed.\n\nNow a drill: the connection of another paper run is cut, for real …\n")
    with graceful_interrupt() as should_stop:
        drilled = wiring.run_demo_drill(artifacts_root, say=say, should_stop=should_stop)
    show_drill(drilled)
    typer.echo("\nLook at them:")
    for name, path in (
        ("report", finished.run.report_html),
        ("journal", finished.run.journal),
        ("paper report", run.report_html),
        ("drill's timeline", drilled.folder / "timeline.html"),
    ):
        typer.echo(f"  the {name:<16}  {path}")
    typer.echo("\nand go on with:")
    commands = ("show RUN", "verify RUN", "replay RUN --at 100", "reproduce RUN")
    for command in (*(each.replace("RUN", finished.run.run_id) for each in commands), f"explain {run.run_id}"):
        typer.echo(f"  tc runs {command}")
    root = "" if artifacts_root == ARTIFACTS_ROOT else f" --artifacts-root {shlex.quote(str(artifacts_root))}"
    typer.echo("  tc drill list")
    typer.echo(f"\nor see them in a browser, at http://127.0.0.1:8000/, served by:\n  tc metrics serve{root}")
    if drilled.verdict.verdict == "failed":
        raise typer.Exit(DRILL_EXIT["failed"])


def _show_paper(shown: wiring.PaperDemo) -> "RunDirectory":
    """Show what came of the paper session, and return its run; exit when it did not go as a demo should."""
    result = shown.result
    finished, held = result.supervised.finished or {}, result.reconciliation
    status = str(finished.get("status", "crashed"))
    steps = [f"{words} after {shown.steps_ns[step] / 1e6:.1f} ms" for step, words in _STEPS.items() if step in shown.steps_ns]
    is_clean = held is not None and held.verdict == "clean"
    same = ": orders, fills, positions and balances are as the exchange says" if is_clean else ""
    show_fields(
        {
            "run": "none was made" if result.run is None else result.run.run_id,
            "status": status,
            "fills": f"{shown.fills}, against the book of the exchange",
            "kill switch": f"flatten: {', '.join(steps) or 'not carried out'}",
            "reconciliation": ("not made" if held is None else held.verdict) + same,
        }
    )
    error = result.supervised.error
    if error is not None:
        show_error(error.message, error.hint)
    if status != "killed" or not is_clean or result.run is None:
        raise typer.Exit(exit_code_of(result) or ExitCode.FOUND)
    return result.run
