"""`tc spec`: write and check RunSpecs; check DrillSpecs."""

from pathlib import Path
from typing import Annotated

import typer

from tc import wiring
from tc.cli.options import AsJson
from tc.cli.show import printable, show_json
from tc.errors import DocumentError, ExitCode

app = typer.Typer(help="Write and check RunSpecs.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="RunSpecs, DrillSpecs, instruments.", show_default=False)]
NewFile = Annotated[Path, typer.Argument(metavar="[PATH]", help="The file to write; it must not exist.")]
Paper = Annotated[bool, typer.Option("--paper", help="A paper run instead of a backtest.")]
Attached = Annotated[bool, typer.Option("--attached", help="A run that is attached to a node of yours, instead of a backtest.")]
OfInstrument = Annotated[bool, typer.Option("--instrument", help="The schema of an instrument document instead.")]
OfDrill = Annotated[bool, typer.Option("--drill", help="The schema of a DrillSpec instead.")]

NEW_FILE = Path("run-spec.yaml")


@app.command()
def validate(files: Files, as_json: AsJson = False) -> None:
    """Check documents without running them.

    Every problem is told with its line, what was expected, and the nearest valid word.
    """
    checked = wiring.check_documents(files)
    are_valid = all(each.is_valid for each in checked)
    if as_json:
        show_json({"valid": are_valid, "documents": [each.to_dict() for each in checked]})
        raise typer.Exit(ExitCode.OK if are_valid else ExitCode.USAGE)
    for each in checked:
        if each.is_valid:
            typer.echo(printable(f"{each.file}: valid, {each.name}"))
    wiring.require_valid(checked)


@app.command()
def schema(of_instrument: OfInstrument = False, of_drill: OfDrill = False) -> None:
    """Print the JSON Schema of a RunSpec.

    With it an editor completes and checks a document while it is written.
    """
    if of_instrument and of_drill:
        raise DocumentError("--instrument and --drill are two documents", hint="Give one of them.")
    show_json(wiring.document_schema("instrument" if of_instrument else "drill_spec" if of_drill else "run_spec"))


@app.command()
def init(path: NewFile = NEW_FILE, paper: Paper = False, attached: Attached = False) -> None:
    """Write a commented RunSpec to start from.

    It is valid as it stands, and no file is ever overwritten.
    """
    if paper and attached:
        raise DocumentError("--paper and --attached are two documents", hint="Give one of them.")
    wiring.write_example_run_spec(path, "paper" if paper else "attached" if attached else "backtest")
    typer.echo(printable(f"wrote {path}"))
    typer.echo(printable(f"next: {_next(path, paper=paper, attached=attached)}"))


def _next(path: Path, *, paper: bool, attached: bool) -> str:
    if attached:
        return f'attach(node, "{path}") in the script of your node, with: from tc import attach'
    return f"tc run {path}" if paper else f"tc data prepare btcusdt-sample && tc run {path}"
