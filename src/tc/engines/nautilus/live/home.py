"""The thread that everything of ours runs on: the event loop's."""

import asyncio
import threading
from collections.abc import Callable


class Home:
    """Brings calls home to the loop's thread, in the order in which they were made.

    Nautilus's live clocks ring on a thread of their own, and what a strategy does in a timer's handler happens there: it would
    meet a stream that is in the middle of a step.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()

    def run[*Arguments](self, work: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Call it now when this is the loop's thread, else as soon as the loop comes to it."""
        if threading.get_ident() == self._thread:
            work(*arguments)
        else:
            self._loop.call_soon_threadsafe(work, *arguments)
