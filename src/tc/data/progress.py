"""How long work tells how far it is: a callback that the command line turns into a bar."""

from collections.abc import Callable

type Progress = Callable[[int, int], None]
"""Called with how much is done of how much, in one unit; often and from any thread, so it is cheap and safe there."""


def silent(done: int, total: int) -> None:
    """Show nothing."""
