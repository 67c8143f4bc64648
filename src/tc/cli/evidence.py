"""`tc evidence`: two runs compared, and what was found kept as files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, ArtifactsRoot, AsJson
from tc.cli.show import printable, show_fields, show_json, show_table
from tc.errors import ExitCode

app = typer.Typer(help="Compare runs, and keep what was found as evidence.", no_args_is_help=True)

Left = Annotated[str, typer.Argument(metavar="RUN_A", help="A run's id, the start of one, or latest.", show_default=False)]
Right = Annotated[str, typer.Argument(metavar="RUN_B", help="The run that it is compared with.", show_default=False)]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where the two files go; left out, evidence-RUN_A-RUN_B in this folder."),
]


@app.callback()
def evidence() -> None:
    """Compare runs, and keep what was found as evidence."""


@app.command()
def compare(
    left: Left,
    right: Right,
    out: Out = None,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Compare two runs position by position: where configuration, inputs, requests, decisions and feedback part, and why.

    A paper run and a back-test are compared by what was decided after each row that both saw.

    Writes evidence.json and evidence.md. Exit 0 when the runs are the same, 1 when they differ; the first difference is named by
    its cause: configuration, market data, strategy request, decision, venue fill model, or other; of a paper run and a back-test
    also acknowledgement latency, queue position, or rate window.
    """
    one, other = (wiring.find_run(each, artifacts_root=artifacts_root) for each in (left, right))
    document, files = wiring.compare_evidence(one, other, out=out)
    show_json(document) if as_json else show_evidence(document, files)
    raise typer.Exit(ExitCode.OK if document["same"] else ExitCode.FOUND)


def show_evidence(document: dict[str, Any], files: tuple[Path, ...]) -> None:
    """Print where two runs part, and why."""
    left, right = document["left"], document["right"]
    show_table(
        ("", "left", "right"),
        [(name, _shown(left[name]), _shown(right[name])) for name in left],
    )
    typer.echo()
    show_table(
        ("part", "the same", "parts at", "and"),
        [(name, lane["compared"], *_positions(lane["parting"])) for name, lane in document["lanes"].items()],
    )
    if (along := document["along_rows"]) is not None:
        _show_along(along)
    for note in document["notes"]:
        typer.echo(printable(f"note: {note}"))
    typer.echo()
    cause, first = document["cause"], document["first"]
    if cause is None:
        typer.echo("the same: configurations, streams and decisions do not differ")
    else:
        fields = {"they part": cause["kind"], "because": cause["why"]}
        if first is not None:
            fields |= {side: first[side]["text"] if first[side] else "the stream has ended" for side in ("left", "right")}
        show_fields(fields)
    for file in files:
        typer.echo(printable(f"wrote {file}"))


def _show_along(along: dict[str, Any]) -> None:
    """Print how far a paper run and a back-test decided alike."""
    typer.echo(
        f"\nalong {along['rows']:,} rows: {along['decided']:,} times something was decided, {along['same']:,} times the same"
    )
    if along["differences"]:
        rows = [(each["kind"], along["causes"][each["kind"]], each["row"], each["why"]) for each in along["differences"]]
        show_table(("cause", "differences", "first after row", "because"), rows)


def _positions(parting: dict[str, Any] | None) -> tuple[str, str]:
    if parting is None:
        return "-", "-"
    left, right = (f"{parting[side]['position']:,}" if parting[side] else "the end" for side in ("left", "right"))
    return left, right


def _shown(value: object) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
