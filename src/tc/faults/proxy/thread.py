"""A proxy on a thread of its own, for a caller who waits for nothing else."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from tc.errors import UnreachableError
from tc.faults.proxy.server import Counted, Proxy
from tc.faults.proxy.toxic import Toxic

_PATIENCE_S = 10.0
_ENDED = "the proxy between node and venue has ended"
_HINT = "Look who else uses its port."


class RunningProxy:
    """A proxy that runs, to be spoken to from any thread."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tc-fault-proxy", daemon=True)
        self._one_at_a_time = threading.Lock()
        self._is_running = False

    @property
    def url(self) -> str:
        """Where a client goes instead of to the upstream."""
        return self._proxy.url

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._proxy.port

    def add(self, toxic: Toxic) -> None:
        """Let a toxic bite; it does on every connection when this returns."""
        self._do(lambda: self._proxy.add(toxic))

    def remove(self, toxic: Toxic) -> None:
        """Let a toxic bite no longer; one of a proxy that has ended does not anyway."""
        if self._is_running:
            self._do(lambda: self._proxy.remove(toxic))

    def counters(self) -> Counted:
        """Return what it has carried so far."""
        return self._do(self._proxy.counters)

    def start(self) -> None:
        """Listen; UnreachableError when the port cannot be had."""
        self._thread.start()
        self._is_running = True
        try:
            self._do(self._proxy.start)
        except UnreachableError:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and the port, and end the thread; nothing if it has ended."""
        if not self._is_running:
            return
        try:
            self._do(self._proxy.close)
        finally:
            self._end()

    def _end(self) -> None:
        with self._one_at_a_time:
            self._is_running = False
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _do[T](self, what: Callable[[], Coroutine[None, None, T]]) -> T:
        with self._one_at_a_time:
            if not self._is_running:
                raise UnreachableError(_ENDED)
            try:
                return asyncio.run_coroutine_threadsafe(what(), self._loop).result(_PATIENCE_S)
            except OSError as error:
                raise UnreachableError(f"the proxy on {self.url} failed: {error}", hint=_HINT) from error


@contextmanager
def running_proxy(
    upstream_host: str, upstream_port: int, *, seed: int, host: str = "127.0.0.1", port: int = 0
) -> Iterator[RunningProxy]:
    """Run a proxy for as long as the context lasts."""
    running = RunningProxy(Proxy(upstream_host, upstream_port, seed=seed, host=host, port=port))
    running.start()
    try:
        yield running
    finally:
        running.stop()
