"""What a node says of itself, again and again, while it lives: `live/node.json`, which no disk can make it wait for."""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from tc.checks.feed import Channel
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.stopping.adapters import Adapters
from tc.engines.nautilus.live.watching.connections import Connections
from tc.engines.nautilus.live.watching.integrity import FeedIntegrity
from tc.engines.nautilus.live.watching.status import Status
from tc.engines.nautilus.live.watching.watch import Watch
from tc.engines.nautilus.seams import HasKernel
from tc.errors import ArtifactError
from tc.ports import Stream
from tc.store.heartbeat import NodeHeartbeat, write_heartbeat
from tc.store.layout import RunDirectory

EVERY_S = 0.5
_LAST_WITHIN_S = 1.0


class Pulse:
    """Looks at a node on its event loop, and has another thread write what is seen.

    Parameters
    ----------
    node, stream, recorder, watch, status, integrity
        What is looked at.
    run
        Where it is written; None writes nothing.

    """

    def __init__(
        self,
        node: HasKernel,
        stream: Stream,
        recorder: LiveRecorder,
        watch: Watch,
        status: Status,
        integrity: FeedIntegrity,
        *,
        run: RunDirectory | None,
    ) -> None:
        self._kernel = node.kernel
        self._stream = stream
        self._recorder = recorder
        self._watch = watch
        self._status = status
        self._integrity = integrity
        self._adapters = Adapters(node)
        self._connections = Connections(node)
        self._subscribed_ns: dict[tuple[str, str], int] = {}
        self._run = run
        self._writer: _Writer | None = None
        self._pid = os.getpid()

    async def run(self) -> None:
        """Tell, until cancelled; what this raises is told in the node's log, and ends nothing but itself."""
        if self._run is None:
            return
        self._writer = _Writer(self._run, self._kernel.clock.timestamp_ns)
        try:
            while self._writer is not None:
                self._writer.put(self.look())
                await asyncio.sleep(EVERY_S)
        except Exception as error:  # noqa: BLE001 - a node does not end because somebody cannot look at it
            self._log(f"tc: no more heartbeats: {type(error).__name__}: {error}")

    def end(self) -> None:
        """Tell once more, and end; the last word is on its way to the disk for a second at most."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):  # As above; nothing is told of a node that is being taken apart.
                writer.put(self.look())
            writer.end(_LAST_WITHIN_S)

    def look(self) -> NodeHeartbeat:
        """Return how the node is now."""
        context = self._stream.context
        now_ns = self._kernel.clock.timestamp_ns()
        sent_ns = [each.sent_ns for each in context.commands_in_flight()]
        return NodeHeartbeat(
            at_ns=now_ns,
            every_s=EVERY_S,
            pid=self._pid,
            state=self._status.state or "starting",
            position=int(context.position),
            channels=tuple(self._channels(now_ns)),
            connected=self._connections.look(),
            reconnects=self._connections.reconnects(),
            queues=self._adapters.queue_sizes(),
            lag_s=self._watch.lag_s,
            longest_lag_s=self._watch.longest_lag_lately_s(),
            in_flight=len(sent_ns),
            oldest_in_flight_ns=min(sent_ns, default=None),
            waiting=context.pending_count,
            open_orders=sum(1 for _ in context.open_orders()),
            contradictions=self._recorder.contradictions,
            is_feed_judged=self._integrity.is_judging,
        )

    def is_connected(self) -> bool:
        """Whether orders can be asked about: the connection for execution is up, its stream included."""
        return self._connections.is_up("execution")

    def _log(self, said: str) -> None:
        self._kernel.logger.error(said)

    def _channels(self, now_ns: int) -> Iterator[Channel]:
        """Give what has come, and what was subscribed to and has not."""
        recorder = self._recorder
        for key in self._subscribed():
            self._subscribed_ns.setdefault(key, now_ns)
        for key in sorted({*recorder.last_seen_ns, *self._subscribed_ns}):
            yield Channel(
                *key,
                last_ns=recorder.last_seen_ns.get(key, 0),
                messages=recorder.messages[key],
                every_s=recorder.every_s.get(key, 0.0),
                since_ns=self._subscribed_ns.get(key, 0),
                anomalies=self._integrity.counts(*key),
            )

    def _subscribed(self) -> Iterator[tuple[str, str]]:
        engine = self._kernel.data_engine
        asked: tuple[tuple[str, Callable[[], list[object]]], ...] = (
            ("QuoteTick", engine.subscribed_quote_ticks),
            ("TradeTick", engine.subscribed_trade_ticks),
            ("OrderBookDeltas", engine.subscribed_order_book_deltas),
        )
        for channel, subscribed in asked:
            yield from ((str(each), channel) for each in subscribed() if self._recorder.is_recorded(each))


class _Writer:
    """Writes the heartbeat that was given last; one that comes while another is written takes the place of those before it."""

    def __init__(self, run: RunDirectory, now_ns: Callable[[], int]) -> None:
        self._run = run
        self._now_ns = now_ns
        self._next: deque[NodeHeartbeat] = deque(maxlen=1)
        self._is_over = False
        self._has_news = threading.Event()
        self._thread = threading.Thread(target=self._write, name="tc-heartbeat", daemon=True)
        self._thread.start()

    def put(self, heartbeat: NodeHeartbeat) -> None:
        """Have it written."""
        self._next.append(heartbeat)
        self._has_news.set()

    def end(self, within_s: float) -> None:
        """Write the last one, and end."""
        self._is_over = True
        self._has_news.set()
        self._thread.join(within_s)

    def _write(self) -> None:
        while not self._is_over or self._next:
            self._has_news.wait()
            self._has_news.clear()
            while self._next:
                with suppress(ArtifactError):  # Who looks sees that it grows old.
                    write_heartbeat(self._run, replace(self._next.popleft(), stamped_ns=self._now_ns()))
