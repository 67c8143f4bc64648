"""The command line and its exit codes."""

import typer
from typer.cli import get_docs_for_click

from reference.markdown import code, page, summary, table
from tc.cli.main import app
from tc.errors import ExitCode, TcError


def command_line() -> str:
    """Return the page of every command, its arguments and options, from the typer app."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="tc")
    return page(
        "Command line",
        "Every command below takes `--help`. What the exit codes mean: [Exit codes](exit-codes.md).",
        text.replace("# `tc`\n", "## `tc`\n", 1).replace("\n## `tc ", "\n### `tc ").replace("\n#### ", "\n### "),
    )


def exit_codes() -> str:
    """Return the page of exit codes and of the errors that lead to them."""
    meanings = table(["code", "meaning"], [(code(str(int(each))), each.meaning) for each in ExitCode])
    errors = table(
        ["error", "code", "when"],
        [(code(each.__name__), code(str(int(each.exit_code))), summary(each)) for each in TcError.__subclasses__()],
    )
    return page(
        "Exit codes",
        "Every command ends with one of these.",
        "A check that ran and found something is no error: its findings are its output, and it ends with 1. "
        "Ctrl-C ends a run gracefully with 3; any other command ends with 130 and leaves nothing half-written.",
        meanings,
        "## Errors",
        "An error is printed to stderr as `error: …`, followed by `hint: …`: what to do next. "
        "Anything else that stops a command is a bug in tc, and keeps its traceback.",
        errors,
    )
