"""`tc runs explain`: the life of an order, from the strategy's wish to its end, and why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, ArtifactsRoot, AsJson
from tc.cli.show import printable, show_fields, show_json, show_table, stamp

if TYPE_CHECKING:
    from tc.flows.runs.explain import Explanation
    from tc.reports.story import Story

Run = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, the start of one, or latest.", show_default=False),
]
OrderKey = Annotated[str | None, typer.Option("--order", metavar="KEY", help="Tell the whole life of this order.")]
Position = Annotated[int | None, typer.Option("--position", metavar="N", help="Tell what happened and was decided there.")]


def explain(
    run: Run,
    order: OrderKey = None,
    position: Position = None,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Tell why an order was allowed, denied, merged, held, sent or never sent; without an option, how all commands came out.

    Works on a run that has crashed or is being written: its decisions are then derived again from what is whole of its journal.
    """
    directory = wiring.find_run(run, artifacts_root=artifacts_root)
    explained = wiring.explain_run(directory, order=order, position=position)
    show_json(explained.to_dict()) if as_json else show_explanation(explained)


def show_explanation(explained: "Explanation") -> None:
    """Print an explanation for people."""
    fields: dict[str, object] = {"run": explained.run_id, "status": explained.status, "gate": explained.gate}
    if explained.order is not None:
        fields["order"] = explained.order
    show_fields(fields)
    for note in explained.notes:
        typer.echo(printable(f"note: {note}"))
    if explained.story is not None:
        _show_story(explained, explained.story)
    elif explained.summary is not None:
        _show_summary(explained.to_dict())


def _show_story(explained: "Explanation", story: "Story") -> None:
    typer.echo()
    show_table(("position", "at (UTC)", "what"), [(f"{line.position:,}", stamp(line.at_ns), line.text) for line in story.lines])
    typer.echo()
    if story.ending:
        typer.echo(printable(f"{'in the end' if explained.order else 'note'}: {story.ending}"))
    if explained.position is not None:
        for key in story.keys:
            typer.echo(printable(f"`tc runs explain {explained.run_id} --order {key}` tells the whole life of that order"))


def _show_summary(document: Mapping[str, Any]) -> None:
    typer.echo()
    columns = ("result", "reason", "rule", "count", "position", "key")
    rows = [(*(each[name] or "-" for name in columns), each["meaning"]) for each in document["outcomes"]]
    if rows:
        show_table(("result", "reason", "rule", "times", "first at", "first order", "meaning"), rows)
    else:
        typer.echo("no command was decided on")
    for each in document["unrealised"]:
        typer.echo(printable(f"unrealised at the end: {each}"))
    typer.echo("--order KEY tells the life of an order, --position N what was decided there")
