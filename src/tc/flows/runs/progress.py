"""How a flow tells how far it is: a callback that the command line turns into a bar."""

from collections.abc import Callable

type Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is in all, in one unit; often, so it must be cheap."""


def silent(done: int, total: int) -> None:
    """Show nothing."""
