"""Ctrl-C and SIGTERM as a request: the first stops a run after the rows at hand, the second at once, the third without a seal."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KILLED = 130
_STDERR = 2
_PATIENCE = 2


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a question: did somebody interrupt? A second interrupt raises KeyboardInterrupt, a third ends the process."""
    asked = 0

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > _PATIENCE:
            os._exit(_KILLED)  # The strategy swallows every exception; `tc runs recover` makes the run whole.
        if asked > 1:
            raise KeyboardInterrupt
        # Past every buffer: the signal may come in the middle of a print, and a second one in it is an error.
        os.write(_STDERR, b"stopping after the rows at hand; once more to stop at once\n")

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: asked > 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
