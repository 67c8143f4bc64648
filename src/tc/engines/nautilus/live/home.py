"""The thread that everything of ours runs on: the event loop's."""

import asyncio
import threading
from collections.abc import Callable

from tc.engines.nautilus.live.loop_timer import LoopTimer
from tc.engines.nautilus.seams import Timer


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

    def guard[*Arguments](self, work: Callable[[*Arguments], object]) -> Callable[[*Arguments], object]:
        """Return what is called from outside in the place of our own work."""
        return work

    def timer(self, clock: object, ring: Callable[[int], None]) -> Timer:
        """Return a timer on the loop."""
        return LoopTimer(clock, ring, self._loop)


class GuardedHome(Home):
    """The loop of somebody else's node: nothing of ours that raises leaves here, and after the first of it nothing is called.

    Parameters
    ----------
    loop
        The node's event loop; it may not run yet.
    fail
        Receives what was raised.

    """

    def __init__(self, loop: asyncio.AbstractEventLoop, fail: Callable[[Exception], None]) -> None:
        super().__init__(loop)
        self._fail = fail
        self.is_closed = False

    def settle(self) -> None:
        """Take this thread for the loop's, once all that was called before has come home."""
        self._loop.call_soon(self._settle, threading.get_ident())

    def bring[*Arguments](self, work: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Call it, here or there, whatever has happened: what it raises is the caller's, or the loop's."""
        super().run(work, *arguments)

    def run[*Arguments](self, work: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Call it, here or there, as long as nothing of ours has raised."""
        if not self.is_closed:
            super().run(self.guard(work), *arguments)

    def guard[*Arguments](self, work: Callable[[*Arguments], object]) -> Callable[[*Arguments], object]:
        """Return what calls it, and notes what it raises."""

        def guarded(*arguments: *Arguments) -> None:
            if self.is_closed:
                return
            try:
                work(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, the node is not ours to end
                self._fail(error)

        return guarded

    def timer(self, clock: object, ring: Callable[[int], None]) -> Timer:
        """Return a timer on the loop whose ring is guarded."""
        return LoopTimer(clock, self.guard(ring), self._loop)

    def _settle(self, thread: int) -> None:
        self._thread = thread
