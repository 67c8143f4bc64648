"""What a kill waits for, told to whoever stands by: at once where it takes long, and again every few seconds."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Lock
from time import monotonic

FIRST_S = 0.5
"""A node that is well has answered long before."""

AGAIN_S = 3.0


class Waiting:
    """What is under way in each run, and since when; it may be told from any thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = Lock()
        self._under_way: dict[str, tuple[str, str, float]] = {}

    @contextmanager
    def doing(self, run_id: str, what: str, *, is_told_at_once: bool = False) -> Iterator[Callable[[str], None]]:
        """Wait for something in a run while this is entered; what is given takes what came of it so far."""
        began_s = monotonic()

        def note(so_far: str) -> None:
            with self._lock:
                self._under_way[run_id] = what, so_far, began_s

        note("")
        if is_told_at_once:
            self._tell(f"run {run_id}: {what}")
        try:
            yield note
        finally:
            with self._lock:
                self._under_way.pop(run_id, None)

    def until_done[T](self, work: Sequence[Future[T]]) -> None:
        """Wait until all work is done, and say meanwhile what is waited for."""
        pause_s = FIRST_S
        while wait(work, timeout=pause_s).not_done:
            pause_s = AGAIN_S
            with self._lock:
                under_way = sorted(self._under_way.items())
            for run_id, (what, so_far, began_s) in under_way:
                more = f"; so far: {so_far}" if so_far else ""
                self._tell(f"run {run_id}: {monotonic() - began_s:.0f} s: {what}{more}")

    def _tell(self, words: str) -> None:
        with self._lock:
            self._say(words)
