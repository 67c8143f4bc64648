"""`tc runs`: look at run directories, verify, replay and reproduce them."""

import typer

app = typer.Typer(help="Look at run directories; verify, replay and reproduce them.", no_args_is_help=True)
