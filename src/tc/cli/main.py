"""The `tc` command: its groups of commands, and the one place where an error becomes words and an exit code."""

import sys

import typer

from tc import __version__
from tc.cli import connectivity, data, drill, evidence, kill, metrics, runs, spec, venue
from tc.cli.demo import demo
from tc.cli.doctor import doctor
from tc.cli.paper import node
from tc.cli.reconcile import reconcile
from tc.cli.run import run
from tc.cli.show import show_error
from tc.errors import ExitCode, TcError

app = typer.Typer(
    name="tc",
    help="The ops lab for NautilusTrader: one RunSpec, one command, one run directory that proves what ran.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would more than double the time to `tc --help`
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run)
app.command("_node", hidden=True)(node)
app.command("demo")(demo)
app.command("doctor")(doctor)
app.command("reconcile")(reconcile)
app.add_typer(spec.app, name="spec")
app.add_typer(data.app, name="data")
app.add_typer(runs.app, name="runs")
app.add_typer(evidence.app, name="evidence")
app.add_typer(venue.app, name="venue")
app.add_typer(kill.app, name="kill")
app.add_typer(metrics.app, name="metrics")
app.add_typer(connectivity.app, name="connectivity")
app.add_typer(drill.app, name="drill")


@app.command()
def version() -> None:
    """Print the version of tc."""
    print(__version__)


def main() -> None:
    """Run the command line; an expected error becomes its message, a hint and its exit code."""
    try:
        app()
    except TcError as error:
        show_error(error.message, error.hint)
        sys.exit(error.exit_code)
    except OSError as error:  # most are translated where they arise; without a file's name it is what output is sent to
        place = error.filename or "the output"
        show_error(f"{place} cannot be read or written: {error.strerror}", "Look at its permissions and at the free space.")
        sys.exit(ExitCode.UNREACHABLE)
