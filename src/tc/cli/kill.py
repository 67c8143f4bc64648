"""`tc kill`: stop what trades, say who did it and why, and see beforehand by which paths it can be done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, RUNTIME_ROOT, ArtifactsRoot, AsJson, RuntimeRoot
from tc.cli.show import at, printable, show_json, show_table
from tc.errors import ExitCode

if TYPE_CHECKING:
    from tc.flows.kill.killed import Killed, PathTaken
    from tc.flows.kill.status import KillStatus

app = typer.Typer(help="The kill switch: stop what trades, clear it, see what it can reach.", no_args_is_help=True)

Run = Annotated[str | None, typer.Option("--run", metavar="RUN", help="One run: its id, or the start of it.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Every run of this name; blocks its next start, too.")]
IsAll = Annotated[bool, typer.Option("--all", help="Every run, and every start.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.", show_default=False)]
Actor = Annotated[str | None, typer.Option("--actor", metavar="WHO", help="Who; left out, the user of this shell.")]
Mode = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="reduce: what shrinks a position, and cancels. halt: cancels. halt_all: nothing. "
        "flatten: cancel all, close all, then halt.",
    ),
]
AtVenue = Annotated[
    bool, typer.Option("--flatten-at-venue", help="Cancel and close at the venue from here as well, whatever the nodes say.")
]
MeansTestnet = Annotated[bool, typer.Option("--i-mean-testnet", help="A venue of these runs is a testnet, and that is meant.")]
Deadline = Annotated[int, typer.Option("--deadline", metavar="SECONDS", min=1, max=600, help="How long a flatten may take.")]

MODE = "flatten"
DEADLINE_S = 20


@app.command()
def activate(
    reason: Reason,
    run: Run = None,
    name: Name = None,
    is_all: IsAll = False,
    mode: Mode = MODE,
    actor: Actor = None,
    flatten_at_venue: AtVenue = False,
    i_mean_testnet: MeansTestnet = False,
    deadline: Deadline = DEADLINE_S,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Activate the kill switch: on disk first, then in each node, then at the venue for nodes that do not answer.

    It never expires. Exit 0 when it is on disk and every node is known to be as asked, 5 when one is not, 6 when the disk
    could not be written. A flatten from here takes all orders and positions of the account, also those of nobody's run.
    """
    scope = wiring.kill_scope(run=run, name=name, is_all=is_all, runtime_root=runtime_root, artifacts_root=artifacts_root)
    killed = wiring.activate_kill(
        scope,
        mode=mode,
        reason=reason,
        actor=actor,
        runtime_root=runtime_root,
        artifacts_root=artifacts_root,
        flattens_at_venue=flatten_at_venue,
        means_testnet=i_mean_testnet,
        deadline_s=deadline,
        say=_say,
    )
    show_json(killed.to_dict()) if as_json else _show_killed(killed)
    if not killed.is_on_disk:
        raise typer.Exit(ExitCode.ARTIFACT)
    raise typer.Exit(ExitCode.OK if killed.is_confirmed else ExitCode.UNREACHABLE)


@app.command()
def clear(
    reason: Reason,
    run: Run = None,
    name: Name = None,
    is_all: IsAll = False,
    actor: Actor = None,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Clear the kill switch of a scope. No run resumes by it: start one anew when you mean to trade."""
    scope = wiring.kill_scope(run=run, name=name, is_all=is_all, runtime_root=runtime_root, artifacts_root=artifacts_root)
    change = wiring.clear_kill(scope, reason=reason, actor=actor, runtime_root=runtime_root)
    if as_json:
        show_json(change.to_dict())
        return
    words = {"cleared": "is cleared; no run resumes by it", "was_not_active": "was not active; nothing changed"}
    typer.echo(printable(f"the kill switch of {change.scope} {words[change.outcome]} (record {change.position})"))
    if change.note:
        typer.echo(printable(f"note: {change.note}"))


@app.command()
def status(
    run: Run = None,
    name: Name = None,
    is_all: IsAll = False,
    i_mean_testnet: MeansTestnet = False,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Show active switches, and by which paths each node can be stopped; without a scope, everything.

    Keys are looked for by the names of their environment variables; no value is shown. Exit 6 when a state cannot be read.
    """
    is_all = is_all or (run is None and name is None)
    scope = wiring.kill_scope(run=run, name=name, is_all=is_all, runtime_root=runtime_root, artifacts_root=artifacts_root)
    found = wiring.kill_status(scope, runtime_root=runtime_root, artifacts_root=artifacts_root, means_testnet=i_mean_testnet)
    show_json(found.to_dict()) if as_json else _show_status(found, runtime_root)
    raise typer.Exit(ExitCode.ARTIFACT if found.is_in_doubt else ExitCode.OK)


def _say(words: str) -> None:
    typer.echo(printable(words), err=True)


def _show_killed(killed: "Killed") -> None:
    change = killed.change
    took = f"{killed.latency_ns / 1e6:.1f} ms"
    if change is None:
        typer.echo(printable(f"NOT on disk: {killed.problem}"))
    else:
        active = "none" if change.active is None else change.active.mode
        record = "not recorded" if change.position is None else f"record {change.position}"
        typer.echo(printable(f"on disk after {took}: the kill switch of {killed.scope} is {active} ({record})"))
        if change.note:
            typer.echo(printable(f"note: {change.note}"))
    if not killed.nodes:
        typer.echo(
            printable(f"no node of {killed.scope} is known here: the switch blocks what starts, and there was nobody to tell")
        )
    for node in killed.nodes:
        typer.echo()
        typer.echo(printable(f"run {node.run_id} ({f'process {node.pid}, {node.process}' if node.pid else 'no process'})"))
        for path, taken in (("by its socket", node.by_socket), ("at the venue", node.at_venue)):
            typer.echo(printable(f"  {path}: {_taken(taken)}"))
        typer.echo("  confirmed" if node.is_confirmed else "  NOT CONFIRMED")
        if node.advice:
            typer.echo(printable(f"  next: {node.advice}"))
    for note in killed.notes:
        typer.echo(printable(f"not everything can be read, so somebody may not have been told: {note}"))


def _taken(taken: "PathTaken") -> str:
    after = f" after {taken.latency_ns / 1e6:.1f} ms" if taken.latency_ns else ""
    return f"{taken.outcome}{after}" + (f": {taken.words}" if taken.words else "")


def _show_status(found: "KillStatus", runtime_root: Path) -> None:
    if found.switches:
        show_table(
            ("active for", "mode", "since (UTC)", "by", "reason"),
            [(each.scope, each.mode, at(each.at_ns), each.actor, each.reason) for each in found.switches],
        )
    else:
        typer.echo("no kill switch is active")
    typer.echo()
    if found.nodes:
        show_table(
            ("run", "pid", "process", "switch", "by socket", "by file", "at the venue"),
            [
                (
                    each.run_id,
                    each.pid or "none",
                    each.process,
                    each.mode,
                    *map(_open, (each.no_socket, each.no_file, each.no_venue)),
                )
                for each in found.nodes
            ],
        )
    else:
        typer.echo(printable(f"no node is known under {runtime_root}"))
    for each in found.nodes:
        for path, reason in (("by socket", each.no_socket), ("by file", each.no_file), ("at the venue", each.no_venue)):
            if reason:
                typer.echo(printable(f"{each.run_id}, {path}: {reason}"))
        if each.left:
            typer.echo(printable(f"{each.run_id}, left at the venue: {each.left}"))
    for note in found.notes:
        typer.echo(printable(f"cannot be read: {note}"))


def _open(reason: str) -> str:
    return "NO" if reason else "open"
