"""Commands that documentation and alerts quote: found in a text, and held against the command line that there is."""

import shlex

import typer
from documented_commands import QUOTED

from tc.cli.main import app

__all__ = ["QUOTED", "unknown_word"]


def unknown_word(line: str) -> str | None:
    """Return the first word of a quoted command that tc does not know, or None."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    for word in shlex.split(line, comments=True)[1:]:
        if word in {"…", "..."}:
            return None
        if word.startswith("-"):
            known = {option for parameter in command.get_params(context) for option in parameter.opts + parameter.secondary_opts}
            if word.split("=")[0] not in known | {"--help", "-h"}:
                return word
        elif hasattr(command, "get_command"):
            found = command.get_command(context, word)
            if found is None:
                return word
            command = found
    return None
