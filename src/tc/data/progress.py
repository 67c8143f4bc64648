"""How long work tells how far it is: a callback that the command line turns into a bar."""

from collections.abc import Callable

type Progress = Callable[[int, int], None]
"""Called with how much is done of how much, in one unit; often and from any thread, so it is cheap and safe there."""


def silent(done: int, total: int) -> None:
    """Show nothing."""


class FilesMeter:
    """Adds up the progress of one file after another."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._before = 0

    def in_file(self, done: int, _: int) -> None:
        """Tell how much of the present file is done."""
        self._progress(self._before + done, self._total)

    def file_done(self, size: int) -> None:
        """Tell that a file of this size is done."""
        self._before += size
        self._progress(self._before, self._total)
