"""`tc data`: bring market data in, look at it, check it."""

import typer

app = typer.Typer(help="Bring market data in, look at it, check it.", no_args_is_help=True)
