"""`tc spec`: write and check RunSpecs."""

import typer

app = typer.Typer(help="Write and check RunSpecs.", no_args_is_help=True)
