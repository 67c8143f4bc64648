"""Ctrl-C and SIGTERM as a request: the first stops a run gracefully, the second at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a question that answers whether somebody interrupted; a second interrupt raises KeyboardInterrupt."""
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("stopping after the rows at hand; once more to stop at once", file=sys.stderr)

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
