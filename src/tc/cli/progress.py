"""A progress bar on stderr for work that takes more than a second; silent when stderr is no terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.ports import Progress

PATIENCE_S = 1.0
"""How long work may take before a bar appears."""


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Give a callback that takes how much is done and how much there is in all, in any unit, as often as it likes."""
    if not sys.stderr.isatty():
        yield _nothing
        return
    bar = _Bar(label)
    try:
        yield bar.show
    finally:
        bar.close()


def _nothing(done: int, total: int) -> None:
    """Show nothing."""


class _Bar:
    def __init__(self, label: str) -> None:
        self._label = label
        self._appears_at_s = time.monotonic() + PATIENCE_S
        self._update: Callable[[int, int, str], None] | None = None
        self._stop: Callable[[], None] = lambda: None

    def show(self, done: int, total: int, label: str = "") -> None:
        if self._update is None and time.monotonic() >= self._appears_at_s:
            self._appear()
        if self._update is not None:
            self._update(done, total, label or self._label)

    def close(self) -> None:
        self._stop()

    def _appear(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich costs as much as typer itself, and only slow work needs it
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        progress = RichProgress(*columns, console=Console(stderr=True), transient=True)
        task = progress.add_task(self._label, total=None)
        progress.start()
        self._update = lambda done, total, label: progress.update(task, completed=done, total=total, description=label)
        self._stop = progress.stop


@contextmanager
def run_progress() -> "Iterator[Callable[[Progress], None]]":
    """Give a callback for a run's progress: a bar with rows, time left and events a second."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    started = time.monotonic()
    bar = _Bar("running")

    def show(progress: "Progress") -> None:
        rate = progress.events / max(time.monotonic() - started, 1e-9)
        bar.show(progress.rows, progress.rows_total, f"running ({rate:,.0f} events/s)")

    try:
        yield show
    finally:
        bar.close()
